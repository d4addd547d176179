import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { setQuery } from './route.js';
import { Empty, Head, Problem, Select } from './parts.js';
import { dateTime, duration } from './format.js';
import { Status, ago, bytes } from './shown.js';

export function Health({ data, query }) {
  const { health } = data;
  const hours = query.hours || '24';
  const [history, setHistory] = useState(null);
  const error = usePoll(async signal => setHistory(await get('/health/history', { hours }, signal)), 10000, [hours]);
  return html`
    <${Head} title="Health"><${Status} status=${health.status} /></${Head}>
    <div class="scroll" tabindex="0" role="region" aria-label="Health">
      <div class="table-box"><table>
        <thead><tr><th>Component</th><th>Status</th><th class="wide">What it says</th><th class="right wide">Answered in</th><th class="right">Looked at</th></tr></thead>
        <tbody>${Object.entries(health.components).map(([name, c]) => html`<tr key=${name}>
          <td><b>${name}</b>${c.critical && html` <span class="kind">critical</span>`}</td><td><${Status} status=${c.status} /></td>
          <td class="wide break">${said(c.details)}</td><td class="right mono wide">${c.response_time_ms === undefined ? '–' : duration(c.response_time_ms)}</td>
          <td class="right nowrap">${c.last_checked ? ago(Date.parse(c.last_checked)) : '–'}</td></tr>`)}</tbody>
      </table></div>
      <div class="title-row"><h2 class="title">What changed</h2><${Select} label="Range" value=${hours} options=${[['One hour', '1'], ['A day', '24'], ['A week', '168'], ['30 days', '720']]} onChange=${v => setQuery({ hours: v })} /></div>
      <${Problem} error=${error} />
      ${history && !history.complete && html`<p class="problem">The stored history does not answer: this gateway's own changes only.</p>`}
      ${history?.changes.length === 0 && html`<${Empty} title="Nothing">No component changed.</${Empty}>`}
      ${history?.changes.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>When</th><th>Component</th><th>Change</th><th class="wide">Why</th><th class="wide">Seen by</th></tr></thead>
        <tbody>${history.changes.slice(-200).toReversed().map((c, i) => html`<tr key=${`${c.at} ${c.component} ${i}`}><td class="nowrap" title=${dateTime(Date.parse(c.at))}>${ago(Date.parse(c.at))}</td><td>${c.component}</td>
          <td class="nowrap">${c.from && html`<span class="unless-phone">${c.from} → </span>`}<${Status} status=${c.to} /></td><td class="wide break">${c.message ?? ''}</td><td class="wide mono break">${c.service} ${c.instance}</td></tr>`)}</tbody>
      </table></div>`}
    </div>`;
}

function said(details) {
  const { message, ...rest } = details ?? {};
  const more = Object.entries(rest).map(([k, v]) => (k.endsWith('_bytes') ? `${k.slice(0, -6).replaceAll('_', ' ')} ${bytes(v)}` : k.endsWith('_ms') ? `${k.slice(0, -3)} ${duration(v)}` : k.endsWith('_percent') ? `${k.slice(0, -8)} ${v} %` : `${k.replaceAll('_', ' ')} ${v}`)).join(', ');
  return [message, more].filter(t => t).join(' · ');
}
