import { useCallback, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link } from './route.js';
import { Attributes, Empty, Head, Pane, Problem } from './parts.js';
import { dateTime, duration } from './format.js';
import { Approvals } from './approvals.js';
import { Graph } from './graph.js';
import { RunForm } from './run.js';
import { Loading, Tabs, Unknown, count, dollars, percent, until } from './shown.js';

const kinds = { workflows: ['workflow_performance_summary', 'workflow_name'], commands: ['command_usage_statistics', 'command_name'] };
const took = seconds => (seconds === null || seconds === undefined ? '–' : duration(seconds * 1000));

/** Workflows, commands, decisions that wait, and schedules; parts: [page, tab, selected]. */
export function Workflows({ parts, again, you }) {
  const tab = ['commands', 'approvals', 'schedules'].includes(parts[1]) ? parts[1] : 'workflows';
  const tabs = [['workflows', 'Workflows'], ['commands', 'Commands'], ['approvals', 'Approvals'], ['schedules', 'Schedules']];
  return html`
    <${Head} title="Workflows"><${Tabs} label="Kinds" tabs=${tabs.map(([id, name]) => [link(['workflows', id]), name, id === tab])} /></${Head}>
    ${tab === 'approvals' ? html`<${Approvals} you=${you} />` : tab === 'schedules' ? html`<${Schedules} />` : html`<${Catalog} key=${tab} kind=${tab} selected=${parts[2]} again=${again} you=${you} />`}`;
}

function Catalog({ kind, selected, again, you }) {
  const [all, setAll] = useState(null);
  const [figures, setFigures] = useState({});
  const error = usePoll(async signal => {
    const [view, name] = kinds[kind];
    const [list, rows] = await Promise.all([get(`/api/v1/${kind}`, {}, signal), get(`/api/v1/analytics/${view}`, { limit: 1000 }, signal)]);
    setFigures(Object.fromEntries(rows.items.map(r => [r[name], r])));
    setAll(list.items);
  }, 10000, [kind]);
  const one = all?.find(d => d.id === selected);
  const close = useCallback(() => { location.hash = link(['workflows', kind]); }, [kind]);
  const verb = you.role === 'viewer' ? 'Show' : 'Run';
  return html`
    <${Problem} error=${error} />
    ${selected && all && !one && html`<${Unknown} kind=${kind.slice(0, -1)} name=${selected} />`}
    <div class="split">
      <div class="scroll" tabindex="0" role="region" aria-label=${kind}>
        ${all === null && !error && html`<${Loading} />`}
        ${all?.length === 0 && html`<${Empty} title=${`No ${kind}`}>Put a YAML file into catalog/${kind}; docs/workflows.md says what it holds.</${Empty}>`}
        ${all?.length > 0 && html`<div class="table-box"><table>
          <thead><tr><th>${kind === 'workflows' ? 'Workflow' : 'Command'}</th><th class="right">Runs</th>${kind === 'workflows' && html`<th class="right wide roomy">Running</th>`}<th class="right">Success</th><th class="right wide roomy">Average</th><th class="right wide roomy">95 %</th><th class="right wide roomy">Cost</th><th class="unless-phone"><span class="unseen">Open</span></th></tr></thead>
          <tbody>${all.map(d => html`
            <tr key=${d.id} class=${d.id === selected ? 'selected' : ''}>
              <td class="name"><a href=${link(['workflows', kind, d.id])}><b>${d.id}</b></a><small class="block wide">${d.description}</small></td>
              <td class="right mono">${count(figures[d.id]?.total_executions ?? 0)}</td>
              ${kind === 'workflows' && html`<td class="right mono wide roomy">${count(figures[d.id]?.running_executions ?? 0)}</td>`}
              <td class="right mono">${percent(figures[d.id]?.success_rate)}</td>
              <td class="right mono wide roomy">${took(figures[d.id]?.avg_execution_time)}</td>
              <td class="right mono wide roomy">${took(figures[d.id]?.p95_execution_time)}</td>
              <td class="right mono wide roomy">${dollars(figures[d.id]?.total_cost ?? 0)}</td>
              <td class="right unless-phone"><a class="button" href=${link(['workflows', kind, d.id])} aria-label=${`${verb} ${d.id}`}>${verb}</a></td>
            </tr>`)}</tbody>
        </table></div>`}
      </div>
      ${one && html`<${Pane} title=${one.id} subtitle=${one.description} onClose=${close}>
        ${you.role !== 'viewer' && html`<${RunForm} key=${one.id} path=${`${kind}/${one.id}`} example=${one.example} again=${again} />`}
        <p class="links"><a href=${link(['executions'], { agent: one.id, kind: kind.slice(0, -1) })}>Executions</a></p>
        ${one.steps && html`<section><h3>Steps</h3><${Graph} steps=${ordered(one.steps)} label="Steps" node=${step} /></section>`}
        ${one.prompt && html`<section><h3>Prompt</h3><pre class="message" tabindex="0">${one.prompt}</pre></section>`}
        <${Attributes} title="Definition" items=${[['agent', one.agent], ['model', one.model], ['timeout', one.timeout]].filter(([, v]) => v).map(([key, value]) => ({ key, value }))} />
        <section><h3>Parameters</h3><pre class="message" tabindex="0">${JSON.stringify(one.parameters ?? {}, null, 2)}</pre></section>
      </${Pane}>`}
    </div>`;
}

const step = s => html`<b>${s.id}</b><small class="block">${s.approval ? `approval by ${s.approval.role ?? 'operator'}` : s.agent ? `agent ${s.agent}` : `command ${s.command}`}</small>${s.if && html`<small class="block quiet">if ${s.if}</small>`}`;

/** The file's steps, each after those that it needs. */
function ordered(steps) {
  const rest = Object.entries(steps).map(([id, s]) => ({ ...s, id, needs: s.needs ?? [] }));
  const done = [];
  while (rest.length > 0) {
    const next = rest.findIndex(s => s.needs.every(n => done.some(d => d.id === n)));
    if (next < 0) return [...done, ...rest];
    done.push(...rest.splice(next, 1));
  }
  return done;
}

function Schedules() {
  const [all, setAll] = useState(null);
  const error = usePoll(async signal => setAll((await get('/api/v1/schedules', {}, signal)).items), 10000, []);
  return html`<${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Schedules">
    ${all === null && !error && html`<${Loading} />`}
    ${all?.length === 0 && html`<${Empty} title="No schedules">A workflow's file may have them: schedules: [{cron: "30 7 * * 1-5", time_zone: Europe/Berlin}]</${Empty}>`}
    ${all?.length > 0 && html`<div class="table-box"><table>
      <thead><tr><th>Workflow</th><th>When</th><th class="wide">Time zone</th><th class="wide">In the name of</th><th class="wide">Catch-up window</th><th>Next</th><th>Last</th></tr></thead>
      <tbody>${all.map(s => html`<tr key=${s.id}><td><a href=${link(['workflows', 'workflows', s.workflow])}><b>${s.workflow}</b></a></td><td class="mono">${s.cron}</td><td class="wide">${s.time_zone}</td><td class="wide">${s.user}</td><td class="wide">${s.catchup_window}</td>
        <td>${s.next_at ? html`<span class="nowrap">${until(Date.parse(s.next_at))}</span><small class="block wide">${dateTime(Date.parse(s.next_at))}</small>` : '–'}</td><td>${s.last_execution ? html`<a href=${link(['executions', s.last_execution])}>Execution</a>` : '–'}</td></tr>`)}</tbody>
    </table></div>`}
    </div>`;
}
