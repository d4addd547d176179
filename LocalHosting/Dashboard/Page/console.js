import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { useTail } from './poll.js';
import { link } from './route.js';
import { Empty, Head, Problem, Search, Select } from './parts.js';
import { VirtualList } from './virtual.js';
import { plural, time, withoutAnsi } from './format.js';
import { State } from './resources.js';

export function Console({ overview, name, replica }) {
  const resource = overview.resources.find(r => r.name === name) ?? overview.resources.find(r => r.type === 'Project') ?? overview.resources[0];
  const shown = resource?.replicas[replica] ?? resource?.replicas[0];
  const [text, setText] = useState('');
  const [lines, error] = useTail(async (after, signal) => {
    const { lines: more, total } = await get(`/api/resources/${resource.name}/console`, { replica: shown.index, after }, signal);
    return { rows: more, last: total };
  }, 500, [resource?.name, shown?.index]);
  if (!resource) return html`<${Empty} title="No resources">The model has none that run.</${Empty}>`;
  const options = overview.resources.flatMap(r => r.replicas.map(p => [p.name, `${r.name}/${p.index}`]));
  const wanted = text.toLowerCase();
  const rows = wanted ? lines.filter(l => l.text.toLowerCase().includes(wanted)) : lines;
  return html`
    <${Head} title="Console">
      <${State} ...${shown} />
      <${Select} label="Resource" value=${`${resource.name}/${shown.index}`} options=${options} onChange=${v => { location.hash = link(['console', ...v.split('/')]); }} />
      <${Search} label="Find" value="" onChange=${setText} />
      <span class="quiet">${plural(rows.length, 'line')}</span>
    </${Head}>
    <${Problem} error=${error} />
    ${rows.length === 0 ? html`<${Empty} title="No lines">${lines.length ? 'None has this text.' : 'It has written nothing yet.'}</${Empty}>` : html`
    <div class="console"><${VirtualList} key=${`${resource.name}/${shown.index}`} rows=${rows} height=${20} follow label="Console lines" keyOf=${l => l.number} row=${Line} /></div>`}`;
}

function Line({ number, time: at, text }) {
  return html`<div class="line"><span class="number">${number}</span><time>${time(at)}</time><span class="text" title=${text.length > 160 ? text : undefined}>${withoutAnsi(text)}</span></div>`;
}
