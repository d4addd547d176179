import { html } from './html.js';
import { Plot } from './plot.js';
import { Head } from './parts.js';
import { duration, quantity } from './format.js';
import { Status, Tile, count, dollars, end, percent, points } from './shown.js';

const took = seconds => (seconds === null ? '–' : duration(seconds * 1000));

export function Overview({ data }) {
  const { health, requests, queue, today, history, workers } = data;
  const troubled = Object.entries(health.components).filter(([, c]) => c.status !== 'healthy');
  const slots = workers?.reduce((sum, w) => sum + w.slots, 0) ?? 0;
  const used = workers?.reduce((sum, w) => sum + w.used, 0) ?? 0;
  const ended = today ? today.successful_executions + today.failed_executions : 0;
  return html`
    <${Head} title="Overview"><${Status} status=${health.status} /><span class="quiet">${data.version}</span></${Head}>
    <div class="scroll">
      <div class="tiles">
        <${Tile} title="Health" value=${health.status} mood=${{ healthy: 'good', degraded: 'busy', unhealthy: 'bad' }[health.status]} href="#/health" note=${troubled.length ? troubled.map(([n]) => n).join(', ') : `${Object.keys(health.components).length} components`} />
        <${Tile} title="Requests" value=${`${quantity(requests.per_second)}/s`} note=${`${percent(requests.error_rate)} errors, this gateway`} />
        <${Tile} title="Latency, 95 %" value=${took(requests.p95)} note=${`half ${took(requests.p50)}, 99 % ${took(requests.p99)}`} />
        <${Tile} title="Active users" value=${count(data.active_users)} note="in 15 minutes" />
        <${Tile} title="Running" value=${count(queue?.running)} note=${workers ? `${used} of ${slots} slots used` : 'workers unknown: Redis is away'} href="#/executions?status=RUNNING" />
        <${Tile} title="Queued" value=${count(queue?.queued)} note=${queue?.queued ? `oldest waits ${took(queue.oldest_seconds)}` : `${count(queue?.scheduled)} scheduled`} href="#/queue" />
        <${Tile} title="Today" value=${count(today?.total_agent_executions)} note=${ended ? `${percent(today.successful_executions / ended)} succeeded, ${count(today.failed_executions)} failed` : 'executions'} href="#/executions" />
        <${Tile} title="Spent today" value=${dollars(today?.total_cost)} note=${`${quantity(today?.total_tokens ?? 0)} tokens, UTC day`} />
      </div>
      <div class="plots">
        <section class="card"><h2>Requests per second</h2><${Plot} height=${200} series=${[{ name: 'requests', points: points(history, history.requests_per_second) }]} seconds=${900} now=${end(history)} unit="/s" label="Requests per second over 15 minutes" /></section>
        <section class="card"><h2>Latency</h2><${Plot} height=${200} series=${[['50 %', history.p50], ['95 %', history.p95], ['99 %', history.p99]].map(([name, values]) => ({ name, points: points(history, values, 1000) }))} seconds=${900} now=${end(history)} unit="ms" label="Percentiles of latency over 15 minutes" /></section>
        <section class="card"><h2>Executions</h2><${Plot} height=${200} series=${[['queued', history.queued], ['running', history.running], ['slots', history.slots]].map(([name, values]) => ({ name, points: points(history, values) }))} seconds=${900} now=${end(history)} unit="" label="Executions queued and running over 15 minutes" /></section>
      </div>
    </div>`;
}
