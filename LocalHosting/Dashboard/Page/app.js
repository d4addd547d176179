import { render } from 'preact';
import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { useRoute } from './route.js';
import { Problem } from './parts.js';
import { Resources } from './resources.js';
import { Console } from './console.js';
import { Logs } from './logs.js';
import { Traces } from './traces.js';
import { Trace } from './trace.js';
import { Metrics } from './metrics.js';

const icons = {
  resources: 'M3 4h7v7H3zM14 4h7v7h-7zM3 15h7v5H3zM14 15h7v5h-7z',
  console: 'M3 5h18v14H3zM7 10l3 2.5L7 15M12.5 15.5H17',
  logs: 'M4 6h16M4 10h11M4 14h16M4 18h8',
  traces: 'M3 6h10M7 12h10M11 18h10',
  metrics: 'M4 20V4M4 20h17M8 16l4-6 4 3 4-7',
};
const pages = [['resources', 'Resources'], ['console', 'Console'], ['logs', 'Structured'], ['traces', 'Traces'], ['metrics', 'Metrics']];

function App() {
  const { parts, query } = useRoute();
  const [overview, setOverview] = useState(null);
  const error = usePoll(async signal => setOverview(await get('/api/resources', {}, signal)), 1000, []);
  const page = pages.some(([id]) => id === parts[0]) ? parts[0] : 'resources';
  const bad = overview?.resources.filter(r => r.state === 'FailedToStart' || r.health === 'Unhealthy').length;
  return html`
    <div class="shell">
      <nav aria-label="Pages">
        <a class="brand" href="#/resources"><img src="/web/icon.svg" alt="" width="26" height="26" /><span>${overview?.application || 'OsMEN'}</span></a>
        ${pages.map(([id, title]) => html`
          <a key=${id} href=${`#/${id}`} class="page" aria-current=${id === page ? 'page' : undefined}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${icons[id]} /></svg><span>${title}</span>
            ${id === 'resources' && bad > 0 && html`<b class="badge" title=${`${bad} not healthy`}>${bad}</b>`}
          </a>`)}
      </nav>
      <main>
        <${Problem} error=${error} />
        ${overview && (
          page === 'console' ? html`<${Console} overview=${overview} name=${parts[1]} replica=${Number(parts[2] ?? 0)} />`
            : page === 'logs' ? html`<${Logs} overview=${overview} query=${query} />`
              : page === 'traces' ? (parts[1] ? html`<${Trace} id=${parts[1]} span=${query.span} />` : html`<${Traces} overview=${overview} query=${query} />`)
                : page === 'metrics' ? html`<${Metrics} query=${query} />`
                  : html`<${Resources} overview=${overview} selected=${parts[1]} />`)}
      </main>
    </div>`;
}

render(html`<${App} />`, document.getElementById('app'));
