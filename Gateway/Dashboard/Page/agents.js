import { useCallback, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link } from './route.js';
import { RunForm } from './run.js';
import { Attributes, Empty, Head, Pane, Problem } from './parts.js';
import { duration, quantity } from './format.js';
import { Loading, Unknown, count, dollars, percent } from './shown.js';

const took = seconds => (seconds === null || seconds === undefined ? '–' : duration(seconds * 1000));

export function Agents({ you, selected, again, data }) {
  const [agents, setAgents] = useState(null);
  const [figures, setFigures] = useState({});
  const error = usePoll(async signal => {
    const [list, rows] = await Promise.all([get('/api/v1/agents', {}, signal), get('/api/v1/analytics/agent_performance_summary', { limit: 1000 }, signal)]);
    setFigures(Object.fromEntries(rows.items.map(r => [r.agent_name, r])));
    setAgents(list.items);
  }, 10000, []);
  const slots = data.workers?.reduce((sum, w) => sum + w.slots, 0) ?? 0;
  const running = id => data.running_agents?.[id] ?? 0;
  const agent = agents?.find(a => a.id === selected);
  const close = useCallback(() => { location.hash = '#/agents'; }, []);
  return html`
    <${Head} title="Agents" count=${agents?.length}><span class="quiet">Figures of the last 90 days</span></${Head}>
    <${Problem} error=${error} />
    ${selected && agents && !agent && html`<${Unknown} kind="agent" name=${selected} />`}
    <div class="split">
      <div class="scroll" tabindex="0" role="region" aria-label="Agents">
        ${agents === null && !error && html`<${Loading} />`}
        ${agents?.length === 0 && html`<${Empty} title="No agents">Put a YAML file into catalog/agents: it is here as soon as it is saved.</${Empty}>`}
        ${agents?.length > 0 && html`<div class="table-box"><table>
          <thead><tr><th>Agent</th><th class="right">Runs</th><th class="right">Success</th><th class="right wide roomy">Average</th><th class="right wide roomy">95 %</th><th class="right wide roomy">Tokens</th><th class="right wide roomy">Cost</th><th class="wide roomy" title="Slots of all workers that it takes now">Slots now</th><th class="unless-phone"><span class="unseen">Open</span></th></tr></thead>
          <tbody>${agents.map(a => html`
            <tr key=${a.id} class=${a.id === selected ? 'selected' : ''}>
              <td class="name"><a href=${link(['agents', a.id])}><b>${a.id}</b></a><small class="block wide">${a.description}</small></td>
              <td class="right mono">${count(figures[a.id]?.total_executions ?? 0)}</td>
              <td class="right mono">${percent(figures[a.id]?.success_rate)}</td>
              <td class="right mono wide roomy">${took(figures[a.id]?.avg_execution_time)}</td>
              <td class="right mono wide roomy">${took(figures[a.id]?.p95_execution_time)}</td>
              <td class="right mono wide roomy">${quantity(figures[a.id]?.total_tokens ?? 0)}</td>
              <td class="right mono wide roomy">${dollars(figures[a.id]?.total_cost ?? 0)}</td>
              <td class="wide roomy nowrap"><span class="meter short"><i style=${{ width: `${slots ? running(a.id) / slots * 100 : 0}%` }}></i></span> <small>${slots ? `${Math.round(running(a.id) / slots * 100)} %, ${count(running(a.id))}` : count(running(a.id))}</small></td>
              <td class="right unless-phone"><a class="button" href=${link(['agents', a.id])} aria-label=${`${you.role === 'viewer' ? 'Show' : 'Run'} ${a.id}`}>${you.role === 'viewer' ? 'Show' : 'Run'}</a></td>
            </tr>`)}</tbody>
        </table></div>`}
      </div>
      ${agent && html`<${Agent} key=${agent.id} agent=${agent} again=${again} mayRun=${you.role !== 'viewer'} onClose=${close} />`}
    </div>`;
}

function Agent({ agent, again, mayRun, onClose }) {
  const facts = [['type', agent.type], ['model', agent.model], ['tools', agent.tools?.join(', ')], ['command', agent.command?.join(' ')], ['image', agent.image], ...Object.entries(agent.limits ?? {})];
  return html`<${Pane} title=${agent.id} subtitle=${agent.description} onClose=${onClose}>
    ${mayRun && html`<${RunForm} path=${`agents/${agent.id}`} example=${agent.example} again=${again} />`}
    <p class="links"><a href=${link(['executions'], { agent: agent.id })}>Executions</a></p>
    <${Attributes} title="Definition" items=${facts.filter(([, v]) => v !== undefined && v !== null && v !== '').map(([key, value]) => ({ key, value: String(value) }))} />
    ${agent.instructions && html`<section><h3>Instructions</h3><pre class="message" tabindex="0">${agent.instructions}</pre></section>`}
  </${Pane}>`;
}
