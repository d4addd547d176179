import { useCallback, useMemo, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link, setQuery } from './route.js';
import { Attributes, Empty, Head, Pane, Problem, Service, clickable } from './parts.js';
import { VirtualList } from './virtual.js';
import { dateTime, duration, hue, plural } from './format.js';

const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

/** The spans in the order of a tree: parents before children, siblings by their start. */
export function arrange(spans) {
  const ids = new Set(spans.map(s => s.id));
  const children = new Map();
  for (const span of spans) {
    const parent = ids.has(span.parent) && span.parent !== span.id ? span.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows = [];
  const stack = (children.get(null) ?? []).map(span => ({ span, depth: 0 })).reverse();
  while (stack.length) {
    const { span, depth } = stack.pop();
    const below = children.get(span.id) ?? [];
    rows.push({ span, depth, children: below.length });
    for (const child of below.toReversed()) stack.push({ span: child, depth: depth + 1 });
  }
  return rows;
}

export function Trace({ id, span: selected }) {
  const [trace, setTrace] = useState(null);
  const [folded, setFolded] = useState(new Set());
  const error = usePoll(async signal => {
    const next = await get(`/api/traces/${id}`, {}, signal);
    setTrace(before => (before?.id === id && before.spans.length === next.spans.length && before.logs === next.logs ? before : next));
  }, 2000, [id]);
  const all = useMemo(() => (trace ? arrange(trace.spans) : []), [trace]);
  const close = useCallback(() => setQuery({ span: '' }), []);
  if (!trace || trace.id !== id) return html`<${Head} title="Trace" /><${Problem} error=${error} />`;
  if (all.length === 0) return html`<${Empty} title="No spans">Its spans refer to each other in a circle.</${Empty}>`;

  const start = Math.min(...trace.spans.map(s => s.time));
  const total = Math.max(...trace.spans.map(s => s.time + s.duration)) - start || 1e-3;
  const rows = [];
  let hiddenBelow = Infinity;
  for (const row of all) {
    if (row.depth > hiddenBelow) continue;
    hiddenBelow = folded.has(row.span.id) ? row.depth : Infinity;
    rows.push(row);
  }
  const toggle = key => setFolded(before => {
    const next = new Set(before);
    if (!next.delete(key)) next.add(key);
    return next;
  });
  const span = trace.spans.find(s => s.id === selected);
  const failed = trace.spans.filter(s => s.failed).length;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`
    <${Head} title=${all[0].span.name}>
      <a href="#/traces">All traces</a>
      <a href=${link(['logs'], { trace: id })}>${plural(trace.logs, 'log')}</a>
      <span class="quiet">${dateTime(start)} · ${duration(total)} · ${plural(trace.spans.length, 'span')}</span>
      ${failed > 0 && html`<em class="failure">${plural(failed, 'error')}</em>`}
      <code class="mono quiet">${id}</code>
    </${Head}>
    <${Problem} error=${error} />
    <div class="split">
      <div class="list waterfall">
        <div class="span-row log-head" aria-hidden="true"><span>Span</span><span class="ticks">${ticks.map(t => html`<small key=${t} style=${{ left: `${t * 100}%` }}>${duration(total * t)}</small>`)}</span></div>
        <${VirtualList} rows=${rows} height=${30} label="Spans" keyOf=${r => r.span.id} row=${r => html`<${Span} ...${r} key=${r.span.id} start=${start} total=${total} isFolded=${folded.has(r.span.id)} onToggle=${toggle} isSelected=${r.span.id === selected} />`} />
      </div>
      ${span && html`<${Detail} span=${span} start=${start} trace=${id} onClose=${close} />`}
    </div>`;
}

function Span({ span, depth, children, start, total, isFolded, onToggle, isSelected }) {
  const left = (span.time - start) / total * 100;
  const width = Math.max(span.duration / total * 100, 0.2);
  return html`<div class=${`span-row ${hue(span.service)} ${span.failed ? 'failed' : ''} ${isSelected ? 'selected' : ''}`} ...${clickable(e => { if (!e.target.closest('button')) setQuery({ span: span.id }); })}>
    <span class="span-name" style=${{ paddingLeft: `${Math.min(depth, 20) * 14}px` }}>
      ${children > 0 ? html`<button class="fold" aria-expanded=${!isFolded} aria-label=${`Children of ${span.name}`} onClick=${() => onToggle(span.id)}>${isFolded ? '▸' : '▾'}</button>` : html`<span class="fold"></span>`}
      <i class="mark"></i><span class="text" title=${`${span.service}: ${span.name}`}><b>${span.service}</b> ${span.name}</span>
    </span>
    <span class="lane"><i class="bar" style=${{ left: `${left}%`, width: `${width}%` }}></i><small style=${{ left: `${left + width}%` }}>${duration(span.duration)}</small></span>
  </div>`;
}

function Detail({ span, start, trace, onClose }) {
  const ids = [
    { key: 'starts after', value: duration(span.time - start) }, { key: 'took', value: duration(span.duration) }, { key: 'kind', value: kinds[span.kind] ?? '' },
    { key: 'source', value: span.scope }, { key: 'instance', value: span.instance }, { key: 'span', value: span.id },
  ];
  if (span.parent) ids.push({ key: 'parent', value: span.parent, href: link(['traces', trace], { span: span.parent }) });
  return html`<${Pane} title=${span.name} subtitle=${html`<${Service} name=${span.service} />`} onClose=${onClose}>
    ${span.failed && html`<p class="problem">Failed${span.status ? `: ${span.status}` : ''}</p>`}
    <p class="links"><a href=${link(['logs'], { trace })}>Logs of this trace</a></p>
    <${Attributes} title="Span" items=${ids} />
    <${Attributes} title="Attributes" items=${span.attributes} />
    ${span.events.map((e, i) => html`<${Attributes} key=${i} title=${`${e.name} after ${duration(e.time - span.time)}`} items=${e.attributes.length ? e.attributes : [{ key: 'event', value: e.name }]} />`)}
  </${Pane}>`;
}
