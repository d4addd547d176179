import { useCallback, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link } from './route.js';
import { Empty, Pane, Problem, useAction } from './parts.js';
import { Confirm, Loading, Severity, State, Unknown, isAdmin } from './shown.js';

/** Every rule with what it looks for in words; administrators change, add and remove them. */
export function Rules({ selected, you }) {
  const [rules, setRules] = useState(null);
  const [alerts, setAlerts] = useState([]);
  const [error, loadNow] = usePollNow(async signal => {
    const [list, active] = await Promise.all([get('/alerts/rules', {}, signal), get('/alerts', {}, signal)]);
    setRules(list.items);
    setAlerts(active.items);
  }, 10000, []);
  const close = useCallback(() => { location.hash = '#/alerts/rules'; }, []);
  const rule = rules?.find(r => r.name === selected);
  const state = ({ name, enabled }) => {
    const of = alerts.filter(a => a.rule === name);
    if (!enabled) return ['off', 'Off'];
    return of.some(a => a.state !== 'pending') ? ['bad', `Fires${of.length > 1 ? ` (${of.length})` : ''}`] : of.length ? ['busy', 'Pending'] : ['good', 'Quiet'];
  };
  return html`
    <${Problem} error=${error} />
    ${selected && selected !== '+' && rules && !rule && html`<${Unknown} kind="rule" name=${selected} />`}
    <div class="split">
      <div class="scroll" tabindex="0" role="region" aria-label="Alert rules">
        ${rules === null && !error && html`<${Loading} />`}
        ${isAdmin(you) && rules && html`<p class="row above"><a class="button" href="#/alerts/rules/+">New rule</a><span class="quiet">A rule that is changed here stands over the one in the file.</span></p>`}
        ${rules?.length === 0 && html`<${Empty} title="No rules">There is no monitoring/alerts.yaml, and none was made here.</${Empty}>`}
        ${rules?.length > 0 && html`<div class="table-box"><table>
          <thead><tr><th>State</th><th>Rule</th><th class="wide">Severity</th><th class="wide roomy">From</th></tr></thead>
          <tbody>${rules.map(r => html`<tr key=${r.name} class=${r.name === selected ? 'selected' : ''}>
            <td><${State} mood=${state(r)[0]} text=${state(r)[1]} /></td>
            <td><a href=${link(['alerts', 'rules', r.name])}><b>${r.name}</b></a><small class="block break">${inWords(r.definition)}</small></td>
            <td class="wide"><span class="severities">${severities(r.definition).map(s => html`<${Severity} key=${s} severity=${s} />`)}</span></td>
            <td class="wide roomy">${r.source === 'file' ? 'file' : r.changed_by}${!r.enabled && r.source === 'file' && r.changed_by && html`<small class="block">off: ${r.changed_by}</small>`}</td></tr>`)}</tbody>
        </table></div>`}
      </div>
      ${(rule || (selected === '+' && isAdmin(you))) && html`<${Rule} key=${selected} rule=${rule} you=${you} onClose=${close} onChange=${loadNow} />`}
    </div>`;
}

const example = {
  name: 'LongQueue', summary: '{value} executions wait', description: '{value} executions that are due have no worker, more than {threshold}, for {for}.',
  metric: 'task_queue_size', shared: true, threshold: 500, for: '5m', severity: 'warning',
};

function Rule({ rule, you, onClose, onChange }) {
  const [text, setText] = useState(() => JSON.stringify(rule?.definition ?? example, null, 2));
  const [saved, setSaved] = useState(false);
  const [save, isSaving, unsaved] = useAction(async () => {
    setSaved(false);
    const definition = parsed(text);
    const kept = await send('PUT', `/alerts/rules/${encodeURIComponent(definition.name ?? rule?.name ?? '')}`, definition);
    setSaved(true);
    await onChange();
    location.hash = link(['alerts', 'rules', kept.name]);
  });
  const [turn, isTurning, unturned] = useAction(async () => {
    const kept = await send('PUT', `/alerts/rules/${encodeURIComponent(rule.name)}`, { enabled: !rule.enabled });
    setText(JSON.stringify(kept.definition, null, 2));
    setSaved(true);
    await onChange();
  });
  const [remove, , unremoved] = useAction(async () => {
    await send('DELETE', `/alerts/rules/${encodeURIComponent(rule.name)}`);
    onClose();
    await onChange();
  });
  return html`<${Pane} title=${rule?.name ?? 'New rule'} subtitle=${rule && inWords(rule.definition)} onClose=${onClose}>
    ${rule && html`<p>${rule.definition.description}</p>
    <p class="links"><a href="#/alerts/history">History</a>${rule.changed_by && html`<span class="quiet">changed by ${rule.changed_by}</span>`}</p>
    ${!rule.enabled && html`<p><${State} mood="off" text="Off" /> It is not evaluated here. Prometheus's own rules do not know of that.</p>`}
    <section><h3>In PromQL</h3>${rule.expressions.map((e, i) => html`<pre class="message" key=${i} tabindex="0">${e}</pre>`)}</section>`}
    ${isAdmin(you) ? html`<form class="form" onSubmit=${save}>
      <label for="definition">Definition</label>
      <textarea id="definition" rows="18" value=${text} onInput=${e => { setText(e.target.value); setSaved(false); }} spellcheck="false"></textarea>
      <div class="row"><button type="submit" class="main" disabled=${isSaving}>Save</button>${rule && (rule.enabled ? html`<${Confirm} text="Switch off" name=${rule.name} onConfirm=${turn} />` : html`<button type="button" class="button" disabled=${isTurning} onClick=${turn}>Switch on</button>`)}${rule && html`<${Confirm} text="Remove" name=${rule.name} onConfirm=${remove} />`}${saved && html`<span class="good" role="status">Saved.</span>`}</div>
      <${Problem} error=${unsaved ?? unturned ?? unremoved} />
    </form>` : html`<section><h3>Definition</h3><pre class="message" tabindex="0">${text}</pre></section>`}
  </${Pane}>`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (problem) {
    throw new Error(`This is not JSON: ${problem.message}`);
  }
}

const severities = rule => (rule.levels ? Object.keys(rule.levels) : rule.burn_rates ? [...new Set(rule.burn_rates.map(b => b.severity))] : [rule.severity]).filter(s => s);

const signs = { '>': 'over', '>=': 'at least', '<': 'under', '<=': 'at most', '==': 'exactly', '!=': 'not' };

function amount(value, unit) {
  const number = Number(value);
  if (unit === 'percent') return `${Number((number * 100).toPrecision(4))} %`;
  if (unit === 'seconds') return `${number} s`;
  if (unit === 'bytes') return `${number} bytes`;
  if (unit === 'dollars') return `$${number}`;
  return number.toLocaleString();
}

const named = metric => metric.replaceAll('_', ' ').replace(/ (total|seconds|bytes)$/, '');

const filter = (where, sign) => Object.entries(where ?? {}).map(([label, value]) => `${label} ${sign} ${[value].flat().join(' or ')}`).join(', ');

/** A rule's definition as a sentence. */
export function inWords(rule) {
  const of = query => [named(query.metric), filter(query.where, 'is') && `(${filter(query.where, 'is')})`].filter(t => t).join(' ');
  const over = rule.window ? ` within ${rule.window}` : '';
  const subject = rule.divide_by ? `Share of ${of(rule)} in ${[rule.divide_by].flat().map(of).join(' and ')}${over}`
    : rule.function === 'rate' ? `${of(rule)} per second${over}`
    : rule.function === 'increase' ? `Increase of ${of(rule)}${over}`
    : rule.function === 'quantile' ? `${Number((rule.quantile * 100).toPrecision(4))} % of ${of(rule)}${over}`
    : `${rule.aggregation && rule.aggregation !== 'sum' ? `${{ min: 'Least', max: 'Most', avg: 'Mean' }[rule.aggregation] ?? rule.aggregation} ` : ''}${of(rule)}`;
  const sign = signs[rule.comparison ?? '>'];
  const condition = rule.burn_rates ? `uses up its budget of ${amount(1 - rule.objective, 'percent')} ${[...new Set(rule.burn_rates.map(b => Number(b.factor)))].join(', ')} times too fast`
    : rule.levels ? Object.entries(rule.levels).map(([severity, value]) => `${sign} ${amount(value, rule.unit)} (${severity})`).join(', ')
    : `${sign} ${amount(rule.threshold, rule.unit)}`;
  const text = `${subject} ${condition}${rule.for && rule.for !== '0s' ? ` for ${rule.for}` : ''}${rule.by?.length ? `, for each ${[rule.by].flat().join(' and ')}` : ''}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
