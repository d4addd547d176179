import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link, setQuery } from './route.js';
import { Empty, Problem, Select } from './parts.js';
import { dateTime, plural } from './format.js';
import { Labels, Loading, Severity, Tile, ago, count, lasted, span } from './shown.js';

const spans = [['Last day', '24'], ['Last week', '168'], ['Last 30 days', '720'], ['Last 90 days', '2160']];
const longest = 200;

/** What fired, how soon somebody had it, how soon it ended, and which rules make the most noise. */
export function AlertHistory({ query }) {
  const hours = query.hours || '168';
  const [{ alerts, statistics }, setShown] = useState({});
  const error = usePoll(async signal => {
    const [list, numbers] = await Promise.all([get('/alerts/history', { hours }, signal), get('/alerts/statistics', { hours }, signal)]);
    setShown({ alerts: list.items, statistics: numbers });
  }, 10000, [hours]);
  const noisy = statistics?.noisiest_rules ?? [];
  const most = Math.max(1, ...noisy.map(r => r.fired));
  return html`
    <${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="History of alerts">
      <div class="title-row first"><h2 class="title">In this time</h2><${Select} label="Range" value=${hours} options=${spans} onChange=${v => setQuery({ hours: v })} /></div>
      ${!statistics && !error && html`<${Loading} />`}
      ${statistics && html`
      <div class="tiles">
        <${Tile} title="Fired" value=${count(statistics.fired)} note=${Object.entries(statistics.by_severity).filter(([, n]) => n > 0).toReversed().map(([s, n]) => `${n} ${s}`).join(', ') || 'none'} />
        <${Tile} title="Firing now" value=${count(statistics.firing)} mood=${statistics.firing ? 'bad' : ''} note=${`${count(statistics.resolved)} resolved`} href="#/alerts" />
        <${Tile} title="Until acknowledged" value=${span(statistics.mean_time_to_acknowledge_seconds)} note=${`MTTA, mean of ${count(statistics.acknowledged)}`} />
        <${Tile} title="Until resolved" value=${span(statistics.mean_time_to_resolve_seconds)} note=${`MTTR, mean of ${count(statistics.resolved)}`} />
      </div>
      ${noisy.length > 0 && html`<h2 class="title">Noisiest rules</h2>
      <div class="table-box"><table>
        <thead><tr><th>Rule</th><th class="right">Fired</th><th class="wide"><span class="unseen">Share</span></th><th class="right">In sum</th><th class="right wide">Until resolved</th></tr></thead>
        <tbody>${noisy.map(r => html`<tr key=${r.rule}><td class="break"><a href=${link(['alerts', 'rules', r.rule])}><b>${r.rule}</b></a></td><td class="right mono">${count(r.fired)}</td>
          <td class="wide"><span class="meter"><i style=${{ width: `${r.fired / most * 100}%` }}></i></span></td><td class="right mono">${span(r.firing_seconds)}</td><td class="right mono wide">${span(r.mean_time_to_resolve_seconds)}</td></tr>`)}</tbody>
      </table></div>`}
      <h2 class="title">Alerts ${alerts.length > longest && html`<small>the last ${longest} of ${plural(alerts.length, 'alert')}</small>`}</h2>
      ${alerts.length === 0 ? html`<${Empty} title="Nothing fired">No alert fired in this time.</${Empty}>` : html`
      <div class="table-box"><table>
        <thead><tr><th>Severity</th><th>What</th><th class="right">Fired</th><th class="right">Lasted</th><th class="wide">Acknowledged</th></tr></thead>
        <tbody>${alerts.slice(0, longest).map(a => html`<tr key=${a.id}>
          <td><${Severity} severity=${a.severity} /></td>
          <td class="break"><b>${a.summary}</b><small class="block">${a.rule} <${Labels} labels=${a.labels} without=${['alertname', 'severity']} /></small></td>
          <td class="right nowrap" title=${dateTime(Date.parse(a.fired_at))}>${ago(Date.parse(a.fired_at))}</td>
          <td class="right nowrap mono">${a.resolved_at ? span((Date.parse(a.resolved_at) - Date.parse(a.fired_at)) / 1000) : html`<span class="bad">${lasted(Date.parse(a.fired_at))}</span>`}</td>
          <td class="wide break">${a.acknowledged_by ? html`${a.acknowledged_by}<small class="block">after ${span((Date.parse(a.acknowledged_at) - Date.parse(a.fired_at)) / 1000)}${a.note && `: ${a.note}`}</small>` : '–'}</td></tr>`)}</tbody>
      </table></div>`}`}
    </div>`;
}
