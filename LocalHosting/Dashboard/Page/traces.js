import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link, setQuery } from './route.js';
import { Empty, Head, Problem, Search, Select, Service } from './parts.js';
import { VirtualList } from './virtual.js';
import { dateTime, duration, plural, time } from './format.js';

export function Traces({ overview, query }) {
  const { resource, text, failed } = query;
  const [{ rows, use }, setData] = useState({ rows: [], use: { count: 0, dropped: 0 } });
  const error = usePoll(async signal => setData(await get('/api/traces', { resource, text, failed }, signal)), 1000, [resource, text, failed]);
  const longest = Math.max(...rows.map(r => r.duration), 1e-6);
  return html`
    <${Head} title="Traces">
      <${Select} label="Resource" value=${resource ?? ''} options=${[['All resources', ''], ...overview.resources.filter(r => r.type === 'Project').map(r => [r.name, r.name])]} onChange=${v => setQuery({ resource: v })} />
      <${Search} label="Name or id" value=${text ?? ''} onChange=${v => setQuery({ text: v })} />
      <label class="check"><input type="checkbox" checked=${failed === '1'} onChange=${e => setQuery({ failed: e.target.checked ? '1' : '' })} /> failed only</label>
      <span class="quiet">${rows.length < use.count ? `newest ${rows.length.toLocaleString()} of ${plural(use.count, 'trace')}` : plural(rows.length, 'trace')}${use.dropped > 0 && `, ${use.dropped.toLocaleString()} older dropped`}</span>
    </${Head}>
    <${Problem} error=${error} />
    <div class="list">
      <div class="trace-row log-head" aria-hidden="true"><span>Start</span><span>Name</span><span>Services (spans)</span><span>Duration</span></div>
      ${rows.length === 0 ? html`<${Empty} title="No traces">${resource || text || failed ? 'None matches.' : 'Services that send OpenTelemetry traces to AppHost appear here.'}</${Empty}>` : html`
      <${VirtualList} key=${JSON.stringify(query)} rows=${rows} height=${36} label="Traces" keyOf=${r => r.id} row=${r => html`
        <a class=${`trace-row ${r.failed ? 'failed' : ''}`} href=${link(['traces', r.id])}>
          <time title=${dateTime(r.time)}>${time(r.time)}</time>
          <span class="text"><b>${r.service}</b> ${r.name} <small class="mono">${r.id.slice(0, 8)}</small>${r.failed > 0 && html`<em class="failure">${plural(r.failed, 'error')}</em>`}</span>
          <span class="services">${Object.entries(r.services).map(([s, n]) => html`<${Service} key=${s} name=${s} count=${n} />`)}</span>
          <span class="took"><span>${duration(r.duration)}</span><i style=${{ width: `${Math.max(1, r.duration / longest * 100)}%` }}></i></span>
        </a>`} />`}
    </div>`;
}
