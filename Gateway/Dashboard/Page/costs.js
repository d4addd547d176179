import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { setQuery } from './route.js';
import { Empty, Head, Problem, Select } from './parts.js';
import { plural, quantity } from './format.js';
import { Budgets } from './budgets.js';
import { Plot } from './plot.js';
import { Loading, Tile, count, dollars } from './shown.js';

const groups = [['By agent', 'agent'], ['By user', 'user'], ['By model', 'model'], ['By platform', 'platform'], ['By day', 'day']];
const methods = {
  weekday_mean_28d: 'days to come cost the mean of their weekday in the last 28 days', workday_mean_28d: 'days to come cost the mean of working days or weekends so far',
  daily_mean: 'days to come cost the mean of the days so far', run_rate: "today's pace goes on", none: 'nothing was spent yet',
};
const spans = [['Last day', '1'], ['Last week', '7'], ['Last 30 days', '30'], ['Last 90 days', '90']];

export function Costs({ query, you }) {
  const by = query.by || 'agent';
  const days = query.days || '30';
  const [{ rows, shownBy, more }, setUsage] = useState({ rows: null });
  const [projection, setProjection] = useState(null);
  const error = usePoll(async signal => {
    const since = new Date(Date.now() - days * 86400000).toISOString();
    const [usage, ahead] = await Promise.all([get('/api/v1/usage', { group_by: by, since, limit: 1000 }, signal), get('/api/v1/usage/projection', {}, signal)]);
    setUsage({ rows: by === 'day' ? usage.items.toSorted((a, b) => (a.day < b.day ? 1 : -1)) : usage.items.toSorted((a, b) => b.cost_usd - a.cost_usd), shownBy: by, more: usage.next_cursor });
    setProjection(ahead);
  }, 15000, [by, days]);
  const most = Math.max(1e-12, ...(rows ?? []).map(r => r.cost_usd));
  const sum = (rows ?? []).reduce((total, r) => total + r.cost_usd, 0);
  const unpriced = (rows ?? []).reduce((total, r) => total + r.unpriced_tokens, 0);
  return html`
    <${Head} title="Costs">
      <${Select} label="Grouped by" value=${by} options=${you.role === 'user' ? groups.filter(([, v]) => v !== 'user') : groups} onChange=${v => setQuery({ by: v })} />
      <${Select} label="Range" value=${days} options=${spans} onChange=${v => setQuery({ days: v })} />
      ${you.role === 'user' && html`<span class="quiet">What you asked for</span>`}
    </${Head}>
    <${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Costs">
      ${projection && html`<div class="tiles">
        <${Tile} title="Today" value=${dollars(projection.today.cost_usd)} note=${`projected ${dollars(projection.today.projected_usd)}`} />
        <${Tile} title="This month" value=${dollars(projection.month.cost_usd)} note=${`projected ${dollars(projection.month.projected_usd)}`} />
        <${Tile} title=${spans.find(([, v]) => v === days)?.[0] ?? `Last ${days} days`} value=${dollars(sum)} note=${more ? 'the first 1,000 rows' : by === 'day' ? `${dollars(sum / Math.max(1, Number(days)))} a day` : plural(rows?.length ?? 0, by)} />
        <${Tile} title="Without a price" value=${quantity(unpriced)} mood=${unpriced > 0 ? 'busy' : ''} note="tokens, not in the sums" />
      </div>
      <p class="quiet method">Projected: ${methods[projection.month.method] ?? projection.month.method.replaceAll('_', ' ')}. Days are those of UTC.</p>`}
      <${Budgets} you=${you} />
      <h2 class="title">Spent by ${by}</h2>
      ${rows === null && !error && html`<${Loading} />`}
      ${shownBy === 'day' && rows?.length > 1 && html`<section class="card daily"><${Daily} rows=${rows} /></section>`}
      ${rows?.length === 0 && html`<${Empty} title="No usage">Nothing was used in this time.</${Empty}>`}
      ${rows?.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>${shownBy.charAt(0).toUpperCase() + shownBy.slice(1)}</th><th class="right">Cost</th><th class="wide"><span class="unseen">Share</span></th><th class="right wide">Executions</th><th class="right">Input</th><th class="right">Output</th><th class="right wide">Cached</th><th class="right wide">Unpriced</th></tr></thead>
        <tbody>${rows.map(r => html`<tr key=${r[shownBy]}><td class="break"><b>${r[shownBy] || '–'}</b></td><td class="right mono">${dollars(r.cost_usd)}</td><td class="wide"><span class="meter"><i style=${{ width: `${r.cost_usd / most * 100}%` }}></i></span></td>
          <td class="right mono wide">${count(r.executions)}</td><td class="right mono">${quantity(r.tokens.input)}</td><td class="right mono">${quantity(r.tokens.output)}</td><td class="right mono wide">${quantity(r.tokens.cached_input)}</td><td class="right mono wide">${quantity(r.unpriced_tokens)}</td></tr>`)}</tbody>
      </table></div>`}
    </div>`;
}

function Daily({ rows }) {
  const points = rows.map(r => [Date.parse(r.day) / 1000, r.cost_usd]).toSorted((a, b) => a[0] - b[0]);
  return html`<${Plot} height=${180} series=${[{ name: 'dollars', points }]} seconds=${points.at(-1)[0] - points[0][0] + 86400} now=${points.at(-1)[0] + 43200} bars unit="$" label="Dollars by day" />`;
}
