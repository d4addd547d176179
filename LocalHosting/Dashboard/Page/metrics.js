import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { setQuery } from './route.js';
import { Empty, Head, Problem, Search, Select } from './parts.js';
import { Plot } from './plot.js';
import { quantity, unit } from './format.js';

const most = 12;
const shapes = { Counter: [['Per second', 'rate'], ['Total', 'value']], Gauge: [['Value', 'value']], Histogram: [['Percentiles', 'percentiles'], ['Median', 'p50'], ['90 %', 'p90'], ['99 %', 'p99'], ['Per second', 'rate']] };
const column = { value: 1, p50: 3, p90: 4, p99: 5 };

/** What grew since the point before, by second; a count that fell began anew. */
export function rates(points, at = 1) {
  return points.slice(1).map((p, i) => {
    const grown = p[at] - points[i][at];
    return [p[0], Math.max(0, grown < 0 ? p[at] : grown) / Math.max(1, p[0] - points[i][0])];
  });
}

const nameOf = (series, several) => {
  const text = series.attributes.map(a => `${a.key.split('.').at(-1)}=${a.value}`).join(' ');
  const instance = several ? series.instance.replace(/^(.*)-\d+-(\d+)$/, (_, service, i) => `${service}-${Number(i) + 1}`) : '';
  return [instance, text].filter(t => t).join(' ') || 'value';
};

export function Metrics({ query }) {
  const { resource, meter, name } = query;
  const [{ rows, use }, setList] = useState({ rows: [], use: { dropped: 0 } });
  const [text, setText] = useState('');
  const error = usePoll(async signal => setList(await get('/api/metrics', {}, signal)), 3000, []);
  const services = [...new Set(rows.map(r => r.service))];
  const shownService = resource && services.includes(resource) ? resource : services[0];
  const wanted = text.toLowerCase();
  const shown = rows.filter(r => r.service === shownService && (!wanted || r.name.toLowerCase().includes(wanted)));
  const meters = Map.groupBy(shown, r => r.meter);
  const metric = rows.find(r => r.service === shownService && r.meter === meter && r.name === name) ?? (name ? undefined : shown[0]);
  if (rows.length === 0) {
    return html`<${Head} title="Metrics" /><${Problem} error=${error} /><${Empty} title="No metrics">Services that send OpenTelemetry metrics to AppHost appear here.</${Empty}>`;
  }

  return html`
    <${Head} title="Metrics">
      <${Select} label="Resource" value=${shownService} options=${services.map(s => [s, s])} onChange=${v => setQuery({ resource: v, meter: '', name: '' })} />
      <${Search} label="Find" value="" onChange=${setText} />
      <span class="quiet">${shown.length} instruments${use.dropped > 0 && `, ${use.dropped.toLocaleString()} points of series too many dropped`}</span>
    </${Head}>
    <${Problem} error=${error} />
    <div class="metrics">
      <div class="instruments">${[...meters].map(([m, list]) => html`<section key=${m}><h3>${m}</h3><ul>${list.map(r => html`
        <li key=${r.name}><button aria-current=${r === metric ? 'true' : undefined} title=${r.description} onClick=${() => setQuery({ resource: r.service, meter: r.meter, name: r.name })}>${r.name}${r.series > 1 && html`<small>${r.series}</small>`}</button></li>`)}</ul></section>`)}</div>
      ${metric ? html`<${Instrument} key=${`${metric.service} ${metric.meter} ${metric.name}`} metric=${metric} />` : html`<${Empty} title="Not there">${name} of ${meter} has not been received from ${shownService}.</${Empty}>`}
    </div>`;
}

function Instrument({ metric }) {
  const [series, setSeries] = useState(null);
  const [shape, setShape] = useState(shapes[metric.kind][0][1]);
  const [seconds, setSeconds] = useState(300);
  const error = usePoll(async signal => setSeries((await get('/api/metrics/series', { resource: metric.service, meter: metric.meter, name: metric.name }, signal)).series), 1000, []);
  if (!series) return html`<div><${Problem} error=${error} /></div>`;

  const several = new Set(series.map(s => s.instance)).size > 1;
  const now = Math.max(0, ...series.map(s => s.points.at(-1)?.[0] ?? 0));
  const values = s => (shape === 'rate' ? rates(s.points) : s.points.map(p => [p[0], p[column[shape]]]));
  const lastOf = points => points.findLast(p => p[1] !== null)?.[1] ?? null;

  // One series shows its three percentiles; of several the 90 % of each.
  const lines = shape === 'percentiles'
    ? series.length === 1
      ? ['p50', 'p90', 'p99'].map(p => ({ name: p, points: series[0].points.map(point => [point[0], point[column[p]]]) }))
      : series.map(s => ({ name: `p90 ${nameOf(s, several)}`, points: s.points.map(p => [p[0], p[column.p90]]) }))
    : series.map(s => ({ name: nameOf(s, several), points: values(s) }));
  const busiest = lines.length > most ? lines.toSorted((a, b) => (lastOf(b.points) ?? -Infinity) - (lastOf(a.points) ?? -Infinity)).slice(0, most) : lines;
  const shownUnit = shape === 'rate' ? '/s' : unit(metric.unit);
  return html`<div class="instrument">
    <div class="instrument-head">
      <div><h2>${metric.name}</h2><p class="quiet">${metric.description} <span class="kind">${metric.kind}${metric.unit && `, ${unit(metric.unit)}`}</span></p></div>
      <div class="tools">
        ${shapes[metric.kind].length > 1 && html`<${Select} label="What is shown" value=${shape} options=${shapes[metric.kind]} onChange=${setShape} />`}
        <${Select} label="Range" value=${String(seconds)} options=${[['1 minute', '60'], ['5 minutes', '300'], ['15 minutes', '900']]} onChange=${v => setSeconds(Number(v))} />
      </div>
    </div>
    <${Problem} error=${error} />
    <div class="card"><${Plot} series=${busiest} seconds=${seconds} now=${now} unit=${shownUnit} label=${`${metric.name} of ${metric.service}`} /></div>
    ${lines.length > most && html`<p class="quiet">The ${most} highest of ${lines.length} series.</p>`}
    <div class="table-box"><table><thead><tr><th>Series</th><th class="right">Latest${shownUnit && ` (${shownUnit})`}</th>${metric.kind === 'Histogram' && html`<th class="right">Count</th>`}</tr></thead>
      <tbody>${series.map((s, i) => html`<tr key=${i}><td>${nameOf(s, several)}</td><td class="right mono">${quantity(lastOf(shape === 'percentiles' ? s.points.map(p => [p[0], p[column.p90]]) : values(s)))}</td>${metric.kind === 'Histogram' && html`<td class="right mono">${quantity(s.points.at(-1)?.[1])}</td>`}</tr>`)}</tbody></table></div>
  </div>`;
}
