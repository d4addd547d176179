import { html } from './html.js';
import { Head, Empty } from './parts.js';
import { Plot } from './plot.js';
import { duration, plural, quantity } from './format.js';
import { Status, Tile, ago, bytes, count, end, percent, points, rate, reach, span, until } from './shown.js';

const took = seconds => (seconds === null || seconds === undefined ? '–' : duration(seconds * 1000));

/** What the database and Redis say of themselves, and how long this gateway waits for them. */
export function Data({ data }) {
  const { database, redis, queue, history, health } = data;
  const { server } = database;
  const line = (name, values, factor = 1) => ({ name, points: points(history, values, factor) });
  return html`
    <${Head} title="Database and Redis">
      ${['database', 'redis'].map(name => health.components[name] && html`<span key=${name} class="with-name">${name} <${Status} status=${health.components[name].status} /></span>`)}
    </${Head}>
    <div class="scroll" tabindex="0" role="region" aria-label="Database and Redis">
      <h2 class="title first">${database.kind === 'postgresql' ? 'PostgreSQL' : 'SQLite'}</h2>
      <div class="tiles five">
        <${Tile} title="Connections" value=${`${count(database.in_use)} of ${count(database.pool_size)}`} mood=${database.in_use >= database.pool_size * 0.8 ? 'busy' : ''} note=${server?.connections ? `in use here; ${count(server.connections)} of ${count(server.max_connections)} on the server` : 'in use by this gateway'} />
        <${Tile} title="Size" value=${bytes(server?.size_bytes)} note=${server?.hit_percent ? `${server.hit_percent.toFixed(1)} % of reads from memory` : 'on disk'} />
        <${Tile} title="Operations" value=${rate(database.calls.per_second)} note=${`95 % within ${took(database.calls.p95)}, ${percent(database.calls.error_rate)} fail`} />
        <${Tile} title="Slow" value=${count(database.slow)} mood=${database.slow > 0 ? 'busy' : ''} note=${`over ${took(database.slow_seconds)}, in 15 minutes`} />
        <${Tile} title="Queue" value=${count(queue?.queued)} note=${queue?.queued ? `oldest waits ${took(queue.oldest_seconds)}` : 'rows that are due'} href="#/queue" />
      </div>
      <div class="plots">
        <section class="card"><h2>Operations, 95 %</h2><${Plot} height=${170} series=${[line('95 %', history.database_p95, 1000)]} seconds=${reach(history)} now=${end(history)} unit="ms" label="How long 95 % of operations on the database took" /></section>
        <section class="card"><h2>Connections in use</h2><${Plot} height=${170} series=${[line('in use', history.database_connections)]} seconds=${reach(history)} now=${end(history)} unit="" label="Connections to the database in use" /></section>
      </div>
      ${database.operations.length === 0 ? html`<${Empty} title="No operations">Nothing was asked of the database in the last 15 minutes.</${Empty}>` : html`
      <div class="table-box"><table>
        <thead><tr><th>Operation</th><th class="right">Rate</th><th class="right wide">50 %</th><th class="right">95 %</th><th class="right wide">99 %</th><th class="right">Slow</th><th class="right wide">Failed</th></tr></thead>
        <tbody>${database.operations.map(o => html`<tr key=${o.operation}><td class="mono">${o.operation.replaceAll('_', ' ')}</td><td class="right mono">${rate(o.calls.per_second)}</td><td class="right mono wide">${took(o.calls.p50)}</td><td class="right mono">${took(o.calls.p95)}</td>
          <td class="right mono wide">${took(o.calls.p99)}</td><td class=${`right mono ${o.slow ? 'busy' : ''}`}>${count(o.slow)}</td><td class="right mono wide">${percent(o.calls.error_rate)}</td></tr>`)}</tbody>
      </table></div>`}
      ${server?.tables.length > 0 && html`<h2 class="title">Largest tables</h2>
      <div class="table-box"><table>
        <thead><tr><th>Table</th><th class="right">Size</th><th class="wide"><span class="unseen">Share</span></th><th class="right">Rows, about</th></tr></thead>
        <tbody>${server.tables.map(t => html`<tr key=${t.name}><td class="mono break">${t.name}</td><td class="right mono">${bytes(t.bytes)}</td><td class="wide"><span class="meter"><i style=${{ width: `${t.bytes / Math.max(1, server.tables[0].bytes) * 100}%` }}></i></span></td><td class="right mono">${quantity(t.rows)}</td></tr>`)}</tbody>
      </table></div>`}
      <${Retention} retention=${database.retention} />
      <h2 class="title">Redis</h2>
      ${!redis ? html`<p class="note-box">Redis does not answer. Executions run on, by polling; live events come late.</p>` : html`
      <div class="tiles">
        <${Tile} title="Memory" value=${bytes(redis.used_bytes)} mood=${redis.used_bytes > redis.limit_bytes * 0.9 ? 'bad' : ''} note=${redis.limit_bytes ? `of ${bytes(redis.limit_bytes)}` : 'without a limit'} />
        <${Tile} title="Operations" value=${rate(redis.operations_per_second)} note="commands answered" />
        <${Tile} title="Hit rate" value=${redis.hit_percent === null || redis.hit_percent === undefined ? '–' : `${redis.hit_percent.toFixed(1)} %`} note="of lookups since its start" />
      </div>
      <div class="plots">
        <section class="card"><h2>Operations</h2><${Plot} height=${170} series=${[line('operations', history.redis_operations)]} seconds=${reach(history)} now=${end(history)} unit="/s" label="Commands that Redis answered in a second" /></section>
        <section class="card"><h2>Memory</h2><${Plot} height=${170} series=${[line('memory', history.redis_bytes, 1 / 1048576)]} seconds=${reach(history)} now=${end(history)} unit="MB" label="Memory that Redis uses" /></section>
      </div>`}
    </div>`;
}

// A time that was set ends with whole units: 90 d, not 90 d 0 h.
const kept = seconds => (seconds === 0 ? 'at once' : `after ${span(seconds).replace(/ 0 \w+$/, '')}`);

/** What is kept for how long, what is there, and what the last pass removed. */
function Retention({ retention }) {
  if (!retention) return null;
  const { last_at: last, due_at: due } = retention;
  const removed = retention.kinds.reduce((sum, k) => sum + (k.removed ?? 0), 0);
  const next = !retention.enabled ? 'this gateway removes nothing itself' : due && Date.parse(due) > Date.now() ? `the next ${until(Date.parse(due))}` : 'the next is due';
  return html`<h2 class="title">Retention <small>${last ? `last pass ${ago(Date.parse(last))}, ${plural(removed, 'row')} in ${took(retention.last_seconds)}` : 'no pass is known'}; ${next}</small></h2>
    <div class="table-box retention"><table>
      <thead><tr><th>What</th><th>Goes</th><th class="right">Removed</th><th class="right wide">Size</th><th class="right wide">At most</th><th class="right">Oldest</th></tr></thead>
      <tbody>${retention.kinds.map(k => html`<tr key=${k.what}><td>${k.what}</td><td class="nowrap">${kept(k.kept_seconds)}</td><td class="right mono">${count(k.removed)}</td><td class="right mono wide">${bytes(k.bytes)}</td>
        <td class="right mono wide">${k.max_bytes ? bytes(k.max_bytes) : k.max_rows ? `${count(k.max_rows)} rows` : '–'}</td><td class="right nowrap">${k.oldest ? ago(Date.parse(k.oldest)) : '–'}</td></tr>`)}</tbody>
    </table></div>`;
}
