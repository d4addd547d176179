import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePoll } from './poll.js';
import { Empty, Head, Problem, useAction } from './parts.js';
import { duration, quantity } from './format.js';
import { percent } from './shown.js';

const took = seconds => (seconds === null ? '–' : duration(seconds * 1000));

export function Settings({ you }) {
  const [config, setConfig] = useState(null);
  const [boards, setBoards] = useState([]);
  const [performance, setPerformance] = useState(null);
  const [saved, setSaved] = useState(false);
  const unread = usePoll(async signal => {
    setPerformance(await get('/dashboard/performance', {}, signal));
    if (config) return;
    setBoards((await get('/dashboard/grafana', {}, signal)).items);
    setConfig(await get('/dashboard/config', {}, signal));
  }, 5000, []);
  const [save, busy, error] = useAction(async e => {
    setSaved(false);
    setConfig(await send('PUT', '/dashboard/config', Object.fromEntries(new FormData(e.target))));
    setSaved(true);
  });
  return html`
    <${Head} title="Settings" />
    <${Problem} error=${error ?? unread} />
    <div class="scroll" tabindex="0" role="region" aria-label="Settings">
      ${config && you.role === 'admin' && html`<form class="card form line-form" onSubmit=${save}>
        <div><label for="title">Title</label><input id="title" name="title" required maxlength="60" defaultValue=${config.title} /></div>
        <div><label for="refresh">Figures come every</label><input id="refresh" name="refresh" required defaultValue=${config.refresh} placeholder="5s" /></div>
        <button type="submit" class="main" disabled=${busy}>Save</button>
        ${saved && html`<p class="good" role="status">Saved for everybody.</p>`}
      </form>`}
      <h2 class="title">Endpoints, last five minutes, this gateway</h2>
      ${performance?.endpoints.length === 0 && html`<${Empty} title="No requests">Those of this page are not counted.</${Empty}>`}
      ${performance?.endpoints.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>Endpoint</th><th class="right">Per second</th><th class="right">Errors</th><th class="right wide">50 %</th><th class="right">95 %</th><th class="right wide">99 %</th></tr></thead>
        <tbody>${performance.endpoints.map(e => html`<tr key=${`${e.method} ${e.endpoint}`}><td class="mono break">${e.method} ${e.endpoint}</td><td class="right mono">${quantity(e.requests.per_second)}</td><td class="right mono">${percent(e.requests.error_rate)}</td>
          <td class="right mono wide">${took(e.requests.p50)}</td><td class="right mono">${took(e.requests.p95)}</td><td class="right mono wide">${took(e.requests.p99)}</td></tr>`)}</tbody>
      </table></div>`}
      <h2 class="title">Boards for Grafana</h2>
      <ul class="boards card">${boards.map(b => html`<li key=${b.name}><a href=${b.url} download=${`${b.name}.json`}>${b.title}</a></li>`)}</ul>
    </div>`;
}
