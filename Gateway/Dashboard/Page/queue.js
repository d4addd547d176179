import { html } from './html.js';
import { Empty, Head } from './parts.js';
import { Plot } from './plot.js';
import { dateTime, duration } from './format.js';
import { Tile, ago, count, end, points, reach } from './shown.js';

export function Queue({ data }) {
  const { queue, workers, history } = data;
  const most = Math.max(1, ...(queue?.by_priority ?? []));
  return html`
    <${Head} title="Queue and workers" />
    <div class="scroll" tabindex="0" role="region" aria-label="Queue and workers">
      <div class="tiles">
        <${Tile} title="Queued" value=${count(queue?.queued)} note="due, waiting for a slot" />
        <${Tile} title="Oldest" value=${queue ? (queue.queued ? duration(queue.oldest_seconds * 1000) : '–') : '–'} note="waits for" />
        <${Tile} title="Running" value=${count(queue?.running)} note="held by workers" href="#/executions?status=RUNNING" />
        <${Tile} title="Scheduled" value=${count(queue?.scheduled)} note="due later" href="#/executions?status=PENDING" />
      </div>
      <div class="plots">
        <section class="card"><h2>Executions</h2><${Plot} height=${220} series=${[['queued', history.queued], ['running', history.running], ['slots', history.slots]].map(([name, values]) => ({ name, points: points(history, values) }))} seconds=${reach(history)} now=${end(history)} unit="" label="Executions queued and running, slots of workers" /></section>
        <section class="card"><h2>Queued by priority</h2>
          <ul class="bars">${(queue?.by_priority ?? []).map((n, p) => html`<li key=${p}><span>${p}${p === 5 ? ', the usual' : p === 9 ? ', first' : ''}</span><i style=${{ width: `${n / most * 100}%` }}></i><b>${count(n)}</b></li>`).toReversed()}</ul></section>
      </div>
      <h2 class="title">Workers</h2>
      ${workers === null || workers === undefined ? html`<p class="problem">Redis is away, so workers cannot be seen; they work on.</p>` : workers.length === 0 ? html`<${Empty} title="No workers">What is accepted waits until one comes.</${Empty}>` : html`
      <div class="table-box"><table>
        <thead><tr><th>Worker</th><th>Slots used</th><th class="wide">State</th><th class="wide">Version</th><th class="right">Since</th></tr></thead>
        <tbody>${workers.map(w => html`<tr key=${w.id}><td class="mono break">${w.id}</td>
          <td><span class="meter"><i style=${{ width: `${w.slots ? w.used / w.slots * 100 : 0}%` }}></i></span> ${w.used} of ${w.slots}</td>
          <td class="wide">${w.draining ? html`<span class="busy">Draining</span>` : html`<span class="good">Claims</span>`}</td><td class="wide mono">${w.version}</td>
          <td class="right nowrap" title=${dateTime(Date.parse(w.started_at))}>${ago(Date.parse(w.started_at))}</td></tr>`)}</tbody>
      </table></div>`}
    </div>`;
}
