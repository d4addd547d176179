import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { Plot } from './plot.js';
import { Head } from './parts.js';
import { link } from './route.js';
import { dateTime, duration } from './format.js';
import { Severity, Status, Tile, ago, count, dollars, end, lasted, percent, points, rate, reach } from './shown.js';

const took = seconds => (seconds === null ? '–' : duration(seconds * 1000));

export function Overview({ data, you }) {
  const { health, requests, queue, today, history, workers, alerts, spend } = data;
  const troubled = Object.entries(health.components).filter(([, c]) => c.status !== 'healthy');
  const slots = workers?.reduce((sum, w) => sum + w.slots, 0) ?? 0;
  const used = workers?.reduce((sum, w) => sum + w.used, 0) ?? 0;
  const ended = today ? today.successful_executions + today.failed_executions : 0;
  const firing = Object.entries(alerts?.firing ?? {}).filter(([, n]) => n > 0);
  const known = (alerts?.acknowledged ?? 0) + (alerts?.silenced ?? 0) + (alerts?.inhibited ?? 0);
  const spent = you.role === 'user' ? 'You spent' : 'Spent';
  const [{ latest, fired }, setLists] = useState({ latest: null, fired: [] });
  usePoll(async signal => {
    const [executions, active] = await Promise.all([get('/api/v1/executions', { limit: 8 }, signal), get('/alerts', { state: 'firing' }, signal)]);
    setLists({ latest: executions.items, fired: active.items });
  }, 3000, []);
  return html`
    <${Head} title="Overview"><${Status} status=${health.status} /><span class="quiet">${data.version}</span></${Head}>
    <div class="scroll">
      ${fired.length > 0 && html`<section class="attention card" aria-label="Alerts that nobody has yet"><ul>${fired.slice(0, 4).map(a => html`<li key=${a.id}><${Severity} severity=${a.severity} /><a href=${link(['alerts', 'active', a.id])}><b>${a.summary}</b></a><span class="quiet nowrap">for ${lasted(Date.parse(a.fired_at ?? a.active_at))}</span></li>`)}</ul>
        ${fired.length > 4 && html`<a href="#/alerts">${fired.length - 4} more</a>`}</section>`}
      <div class="tiles five">
        <${Tile} title="Health" value=${health.status} mood=${{ healthy: 'good', degraded: 'busy', unhealthy: 'bad' }[health.status]} href="#/health" note=${troubled.length ? troubled.map(([n]) => n).join(', ') : `${Object.keys(health.components).length} components`} />
        <${Tile} title="Alerts" value=${alerts ? (firing.length ? firing.map(([s, n]) => `${n} ${s}`)[0] : '0') : '–'} mood=${alerts?.firing.critical ? 'bad' : firing.length ? 'busy' : ''} href="#/alerts" note=${[...firing.slice(1).map(([s, n]) => `${n} ${s}`), known && `${known} known`].filter(t => t).join(', ') || 'nothing fires'} />
        <${Tile} title="Running" value=${count(queue?.running)} note=${workers ? `${used} of ${slots} slots, ${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}` : 'workers unknown: Redis is away'} href="#/executions?status=RUNNING" />
        <${Tile} title="Queued" value=${count(queue?.queued)} note=${queue?.queued ? `oldest waits ${took(queue.oldest_seconds)}` : `${count(queue?.scheduled)} scheduled`} href="#/queue" />
        <${Tile} title="Today" value=${count(today?.total_agent_executions)} note=${ended ? `${percent(today.successful_executions / ended)} ok, ${count(today.failed_executions)} failed` : 'executions, UTC day'} href="#/executions?hours=24" />
        <${Tile} title="Requests" value=${rate(requests.per_second)} note=${`${percent(requests.error_rate)} errors, this gateway`} />
        <${Tile} title="Latency, 95 %" value=${took(requests.p95)} note=${`half ${took(requests.p50)}, 99 % ${took(requests.p99)}`} />
        <${Tile} title="Active users" value=${count(data.active_users)} note="in 15 minutes" />
        <${Tile} title=${`${spent} today`} value=${dollars(spend?.today.cost_usd)} note=${spend ? `projected ${dollars(spend.today.projected_usd)}` : ''} href="#/costs" />
        <${Tile} title=${`${spent} this month`} value=${dollars(spend?.month.cost_usd)} note=${spend ? `projected ${dollars(spend.month.projected_usd)}` : ''} href="#/costs?by=day" />
      </div>
      <div class="plots">
        <section class="card"><h2>Executions</h2><${Plot} height=${170} series=${[['queued', history.queued], ['running', history.running]].map(([name, values]) => ({ name, points: points(history, values) }))} seconds=${reach(history)} now=${end(history)} unit="" label="Executions queued and running over 15 minutes" /></section>
        <section class="card"><h2>Requests per second</h2><${Plot} height=${170} series=${[{ name: 'requests', points: points(history, history.requests_per_second) }]} seconds=${reach(history)} now=${end(history)} unit="/s" label="Requests per second over 15 minutes" /></section>
        <section class="card"><h2>Latency</h2><${Plot} height=${170} series=${[['50 %', history.p50], ['95 %', history.p95], ['99 %', history.p99]].map(([name, values]) => ({ name, points: points(history, values, 1000) }))} seconds=${reach(history)} now=${end(history)} unit="ms" label="Percentiles of latency over 15 minutes" /></section>
      </div>
      ${latest?.length > 0 && html`<div class="title-row"><h2 class="title">Latest executions</h2><a href="#/executions">All</a></div>
      <div class="table-box"><table>
        <thead><tr><th>Status</th><th>What</th><th class="wide">User</th><th class="right">Accepted</th><th class="right wide">Took</th><th class="right wide">Cost</th></tr></thead>
        <tbody>${latest.map(e => html`<tr key=${e.id}><td><${Status} status=${e.status} /></td><td class="break"><a href=${link(['executions', e.id])}><b>${e.target}</b></a>${e.error && html`<small class="block reason" title=${e.error.message}>${e.error.type}: ${e.error.message}</small>`}</td><td class="wide break">${e.user}</td>
          <td class="right nowrap" title=${dateTime(Date.parse(e.created_at))}>${ago(Date.parse(e.created_at))}</td><td class="right mono wide">${e.duration_ms === undefined || e.duration_ms === null ? '–' : duration(e.duration_ms)}</td><td class="right mono wide">${dollars(e.cost_usd)}</td></tr>`)}</tbody>
      </table></div>`}
      ${latest?.length === 0 && html`<p class="note-box">Nothing was started yet. <a href="#/agents">Run an agent</a> with its example.</p>`}
    </div>`;
}
