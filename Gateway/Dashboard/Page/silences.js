import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link, setQuery } from './route.js';
import { Empty, Problem, useAction, useFocus } from './parts.js';
import { dateTime, plural } from './format.js';
import { Confirm, Labels, Loading, ago, isOperator, lasted, until } from './shown.js';

const windows = [['30 minutes', '30m'], ['1 hour', '1h'], ['2 hours', '2h'], ['8 hours', '8h'], ['1 day', '24h'], ['3 days', '72h'], ['1 week', '168h'], ['until …', ''], ['again and again …', 'recurring']];

/** The address of the form, filled in from an alert's labels. */
export const silenceOf = labels => link(['alerts', 'silences'], { labels: JSON.stringify(labels) });

export function Silences({ query, you }) {
  const [silences, setSilences] = useState(null);
  const [alerts, setAlerts] = useState([]);
  const [error, loadNow] = usePollNow(async signal => {
    const [list, active] = await Promise.all([get('/alerts/silences', {}, signal), get('/alerts', {}, signal)]);
    setSilences(list.items);
    setAlerts(active.items);
  }, 5000, []);
  const [end, , failed] = useAction(async silence => {
    await send('DELETE', `/alerts/silences/${silence.id}`).finally(loadNow);
  });
  const current = silences?.filter(s => s.state !== 'expired') ?? [];
  const over = silences?.filter(s => s.state === 'expired') ?? [];
  return html`
    <${Problem} error=${failed ?? error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Silences">
      ${isOperator(you) && html`<${Create} labels=${query.labels} alerts=${alerts} onMade=${loadNow} />`}
      ${silences === null && !error && html`<${Loading} />`}
      ${silences !== null && html`
      <h2 class="title">In force and to come ${current.length > 0 && html`<small>${current.length}</small>`}</h2>
      ${current.length === 0 ? html`<${Empty} title="No silences">Everybody is told of every alert. During maintenance, silence what it sets off.</${Empty}>` : html`
      <div class="table-box"><table>
        <thead><tr><th>Alerts with</th><th>Why</th><th class="right">Window</th><th class="right wide">Alerts now</th>${isOperator(you) && html`<th><span class="unseen">End</span></th>`}</tr></thead>
        <tbody>${current.map(s => html`<tr key=${s.id}>
          <td><${Labels} labels=${s.matchers} /></td><td class="break">${s.comment}<small class="block">${s.created_by}, ${ago(Date.parse(s.created_at))}</small></td>
          <td class="right window" title=${`${dateTime(Date.parse(s.window.starts_at))} to ${dateTime(Date.parse(s.window.ends_at))}`}>${s.state === 'pending' ? html`begins ${until(Date.parse(s.window.starts_at))}<small class="block">for ${lasted(Date.parse(s.window.starts_at), Date.parse(s.window.ends_at))}</small>` : html`ends ${until(Date.parse(s.window.ends_at))}`}
            ${s.recurring && html`<small class="block">again at <code>${s.recurring.cron}</code> ${s.recurring.time_zone}</small>`}</td>
          <td class="right mono wide">${alerts.filter(a => a.silenced_by === s.id).length}</td>
          ${isOperator(you) && html`<td class="right"><${Confirm} text="End" name=${s.comment} onConfirm=${() => end(s)} /></td>`}</tr>`)}</tbody>
      </table></div>`}
      ${over.length > 0 && html`<h2 class="title">Over <small>the last 30 days</small></h2>
      <div class="table-box"><table>
        <thead><tr><th>Alerts with</th><th>Why</th><th class="right">Ended</th></tr></thead>
        <tbody>${over.slice(0, 50).map(s => html`<tr key=${s.id} class="over"><td><${Labels} labels=${s.matchers} /></td><td class="break">${s.comment}<small class="block">${s.created_by}</small></td>
          <td class="right nowrap" title=${dateTime(Date.parse(s.ends_at))}>${ago(Date.parse(s.ends_at))}</td></tr>`)}</tbody>
      </table></div>`}`}
    </div>`;
}

/** The button and, once it is pressed, the form. Each opening begins anew: what is not wanted now is not kept. */
function Create({ labels, alerts, onMade }) {
  const given = read(labels);
  const [isPressed, setPressed] = useState(false);
  const [made, setMade] = useState(false);
  const isOpen = isPressed || given !== null;
  const close = () => {
    setPressed(false);
    if (labels) setQuery({ labels: '' });
  };
  const onSilenced = async () => {
    setMade(true);
    close();
    await onMade();
  };
  return html`<p class="row above"><button class=${isOpen ? 'button' : 'main'} aria-expanded=${isOpen} onClick=${() => { setMade(false); if (isOpen) close(); else setPressed(true); }}>New silence</button>${made && !isOpen && html`<span class="good" role="status">The silence is made.</span>`}</p>
    ${isOpen && html`<${Form} key=${labels ?? ''} given=${given} alerts=${alerts} onClose=${close} onMade=${onSilenced} />`}`;
}

function Form({ given, alerts, onClose, onMade }) {
  const [matchers, setMatchers] = useState(given ?? [['alertname', '']]);
  const [life, setLife] = useState('2h');
  const box = useFocus(given ? '#silence-comment' : '#silence-value-0');
  const change = (i, part, value) => setMatchers(list => list.map((m, n) => (n === i ? [part === 0 ? value : m[0], part === 1 ? value : m[1]] : m)));
  const filled = matchers.filter(([label, value]) => label.trim() && value.trim()).map(([label, value]) => [label.trim(), value.trim()]);
  const matching = filled.length === 0 ? [] : alerts.filter(a => filled.every(([label, value]) => like(value, a.labels[label] ?? '')));
  const [make, isBusy, error] = useAction(async e => {
    const { comment, starts, ends, cron, lasting, zone } = Object.fromEntries(new FormData(e.target));
    await send('POST', '/alerts/silences', {
      matchers: Object.fromEntries(filled), comment: comment.trim(),
      ...(starts && { starts_at: new Date(starts).toISOString() }), ...(life === 'recurring' ? { recurring: { cron: cron.trim(), duration: lasting.trim(), time_zone: zone.trim() } } : life ? { duration: life } : { ends_at: new Date(ends).toISOString() }),
    });
    await onMade();
  });
  return html`<form class="card form silence-form" ref=${box} onSubmit=${make} aria-label="New silence">
    <fieldset><legend>Nobody is told of alerts with all of these labels</legend>
      ${matchers.map(([label, value], i) => html`<div class="matcher" key=${i}>
        <input aria-label="Label" value=${label} onInput=${e => change(i, 0, e.target.value)} placeholder="label" list="labels" maxlength="100" /><span>=</span>
        <input id=${`silence-value-${i}`} aria-label=${`Value of ${label || 'label'}`} value=${value} onInput=${e => change(i, 1, e.target.value)} placeholder="value, * for any text" maxlength="500" />
        <button type="button" class="icon" aria-label=${`Remove ${label || 'label'}`} onClick=${() => setMatchers(list => list.filter((_, n) => n !== i))} disabled=${matchers.length === 1}>✕</button></div>`)}
      <datalist id="labels">${['alertname', 'severity', 'job', 'instance', ...new Set(alerts.flatMap(a => Object.keys(a.labels)))].filter((l, i, all) => all.indexOf(l) === i).map(l => html`<option key=${l} value=${l} />`)}</datalist>
      <p class="row"><button type="button" class="button" onClick=${() => setMatchers(list => [...list, ['', '']])}>Another label</button>
        <span class="quiet" role="status">${filled.length === 0 ? 'Name at least one label.' : matching.length === 0 ? 'No alert of now has them.' : `${plural(matching.length, 'alert')} of now: ${[...new Set(matching.map(a => a.rule))].slice(0, 4).join(', ')}`}</span></p>
    </fieldset>
    <div class="line-form">
      <div><label for="silence-starts">From (empty is now)</label><input id="silence-starts" name="starts" type="datetime-local" /></div>
      <div><label for="silence-life">For</label><select id="silence-life" value=${life} onChange=${e => setLife(e.target.value)}>${windows.map(([text, v]) => html`<option key=${v} value=${v} selected=${v === life}>${text}</option>`)}</select></div>
      ${!life && html`<div><label for="silence-ends">Until</label><input id="silence-ends" name="ends" type="datetime-local" required /></div>`}
      ${life === 'recurring' && html`<div><label for="silence-cron">Each begins at (Unix cron)</label><input id="silence-cron" name="cron" required maxlength="200" placeholder="0 2 * * 0" title="minute, hour, day of month, month, day of week: 0 2 * * 0 is Sundays at 2" /></div>
        <div><label for="silence-lasting">Each lasts</label><input id="silence-lasting" name="lasting" required pattern="[0-9]+(m|h)" placeholder="2h" title="minutes or hours: 30m, 2h" /></div>
        <div><label for="silence-zone">Time zone</label><input id="silence-zone" name="zone" required maxlength="100" defaultValue=${Intl.DateTimeFormat().resolvedOptions().timeZone} /></div>`}
      <div class="grows"><label for="silence-comment">Why</label><input id="silence-comment" name="comment" required maxlength="1000" placeholder="Upgrade of the database" /></div>
    </div>
    <${Problem} error=${error} />
    <p class="row"><button type="submit" class="main" disabled=${filled.length === 0 || isBusy}>Silence</button><button type="button" class="button" onClick=${onClose}>Not now</button></p>
  </form>`;
}

function read(labels) {
  try {
    const pairs = Object.entries(JSON.parse(labels)).map(([label, value]) => [label, String(value)]);
    return pairs.length ? pairs : null;
  } catch {
    return null;
  }
}

const like = (pattern, text) => new RegExp(`^${pattern.split('*').map(p => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[\\s\\S]*')}$`).test(text);
