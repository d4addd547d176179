import { useCallback, useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { useTail } from './poll.js';
import { link, setQuery } from './route.js';
import { Attributes, Empty, Head, Pane, Problem, Search, Select, Service, clickable } from './parts.js';
import { VirtualList } from './virtual.js';
import { dateTime, level, levels, plural, time } from './format.js';

export function Logs({ overview, query }) {
  const { resource, level: from, text, trace } = query;
  const [selected, setSelected] = useState(null);
  const [rows, error] = useTail(async (after, signal) => await get('/api/logs', { after, resource, level: from, text, trace }, signal), 1000, [resource, from, text, trace]);
  const close = useCallback(() => setSelected(null), []);
  const { logs } = overview.telemetry;
  const move = e => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step || selected === null) return;
    const at = rows.findIndex(r => r.id === selected) + step;
    if (rows[at]) setSelected(rows[at].id);
    e.preventDefault();
  };
  return html`
    <${Head} title="Structured logs">
      <${Select} label="Resource" value=${resource ?? ''} options=${[['All resources', ''], ...overview.resources.filter(r => r.type === 'Project').map(r => [r.name, r.name])]} onChange=${v => setQuery({ resource: v })} />
      <${Select} label="Level" value=${from ?? ''} options=${[['All levels', ''], ...levels.map(([name, number]) => [`${name}${number < 21 ? ' and above' : ''}`, String(number)])]} onChange=${v => setQuery({ level: v })} />
      <${Search} key=${`text ${trace ?? ''}`} label="Message, category, attribute" value=${text ?? ''} onChange=${v => setQuery({ text: v })} />
      ${trace && html`<button class="chip" onClick=${() => setQuery({ trace: '' })} title="Show logs of all traces">trace ${trace.slice(0, 8)} ✕</button>`}
      <span class="quiet">${plural(rows.length, 'log')}${logs.dropped > 0 && `, ${logs.dropped.toLocaleString()} older dropped`}</span>
    </${Head}>
    <${Problem} error=${error} />
    <div class="split">
      <div class="list">
        <div class="log-row log-head" aria-hidden="true"><span>Time</span><span>Level</span><span>Resource</span><span>Message</span><span>Trace</span></div>
        ${rows.length === 0 ? html`<${Empty} title="No logs">${resource || from || text || trace ? 'None matches.' : 'Services that send OpenTelemetry logs to AppHost appear here.'}</${Empty}>` : html`
        <${VirtualList} key=${JSON.stringify(query)} rows=${rows} height=${28} follow label="Structured logs" onKey=${move} keyOf=${r => r.id} row=${r => html`
          <div class=${`log-row ${level(r.severity)} ${r.id === selected ? 'selected' : ''}`} ...${clickable(e => { if (!e.target.closest('a')) setSelected(r.id); })}>
            <time title=${dateTime(r.time)}>${time(r.time)}</time>
            <span class=${`level ${level(r.severity)}`}>${level(r.severity)}</span>
            <${Service} name=${r.service} detail=${r.instance} />
            <span class="text" title=${r.category}>${r.message}</span>
            ${r.traceId ? html`<a class="mono" href=${link(['traces', r.traceId])} title="Show the trace">${r.traceId.slice(0, 8)}</a>` : html`<span></span>`}
          </div>`} />`}
      </div>
      ${selected !== null && html`<${Detail} key=${selected} id=${selected} onClose=${close} />`}
    </div>`;
}

function Detail({ id, onClose }) {
  const [log, setLog] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    const ending = new AbortController();
    get(`/api/logs/${id}`, {}, ending.signal).then(setLog, e => ending.signal.aborted || setError(e));
    return () => ending.abort();
  }, [id]);
  if (!log) return html`<${Pane} title="Log" onClose=${onClose}><${Problem} error=${error} /></${Pane}>`;
  const ids = [{ key: 'time', value: dateTime(log.time) }, { key: 'level', value: level(log.severity) }, { key: 'category', value: log.category }, { key: 'resource', value: log.service }, { key: 'instance', value: log.instance }];
  if (log.traceId) ids.push({ key: 'trace', value: log.traceId, href: link(['traces', log.traceId], { span: log.spanId }) }, { key: 'span', value: log.spanId ?? '' });
  return html`<${Pane} title=${level(log.severity)} subtitle=${log.category} onClose=${onClose}>
    <pre class="message">${log.message}</pre>
    ${log.traceId && html`<p class="links"><a href=${link(['traces', log.traceId], { span: log.spanId })}>Show the trace</a><a href=${link(['logs'], { trace: log.traceId })}>Logs of this trace</a></p>`}
    <${Attributes} title="Log" items=${ids} />
    <${Attributes} title="Attributes" items=${log.attributes} />
  </${Pane}>`;
}
