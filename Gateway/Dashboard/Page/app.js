import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { html } from './html.js';
import { send, signedOut } from './api.js';
import { useSnapshot } from './live.js';
import { useRoute } from './route.js';
import { Empty, Problem } from './parts.js';
import { Alerts } from './alerts.js';
import { Data } from './data.js';
import { Overview } from './overview.js';
import { Agents } from './agents.js';
import { Workflows } from './workflows.js';
import { Executions } from './executions.js';
import { Execution } from './execution.js';
import { Queue } from './queue.js';
import { Costs } from './costs.js';
import { Health } from './health.js';
import { Keys } from './keys.js';
import { Users } from './users.js';
import { Audit } from './audit.js';
import { Settings } from './settings.js';

const pages = [
  ['overview', 'Overview', 'M3 4h7v9H3zM14 4h7v5h-7zM3 17h7v3H3zM14 13h7v7h-7z'],
  ['agents', 'Agents', 'M8 8h8a3 3 0 0 1 3 3v5a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3v-5a3 3 0 0 1 3-3zM12 8V4M9.5 13v1M14.5 13v1'],
  ['workflows', 'Workflows', 'M4 4h6v6H4zM14 14h6v6h-6zM7 10v4a3 3 0 0 0 3 3h4'],
  ['executions', 'Executions', 'M4 6h16M4 12h10M4 18h7M17 14l4 3-4 3z'],
  ['queue', 'Queue', 'M4 5h16v4H4zM4 11h16v4H4zM4 17h10v3H4z'],
  ['alerts', 'Alerts', 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4'],
  ['costs', 'Costs', 'M12 3v18M16.5 7.5C15.5 6 14 5.5 12 5.5c-2.5 0-4.5 1.2-4.5 3.2 0 4.300 9.200 2.300 9.200 6.600 0 2-2 3.200-4.700 3.200-2.200 0-4-.8-5-2.4'],
  ['health', 'Health', 'M3 12h4l3-7 4 14 3-7h4'],
  ['data', 'Data', 'M5 6c0-1.700 3.100-3 7-3s7 1.300 7 3-3.100 3-7 3-7-1.300-7-3zM5 6v12c0 1.700 3.100 3 7 3s7-1.300 7-3V6M5 12c0 1.700 3.100 3 7 3s7-1.300 7-3'],
  ['keys', 'Keys', 'M8 15a4 4 0 1 1 3-6.6L21 8M17 8v4M11 12h-.5'],
  ['users', 'Users', 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.600 3.500 5.500'],
  ['audit', 'Audit log', 'M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h5'],
  ['settings', 'Settings', 'M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h11M19 17h1M17 15v4'],
];

const forAdmins = ['keys', 'users', 'audit'];

function App() {
  const { parts, query } = useRoute();
  const [message, state] = useSnapshot();
  const shown = pages.filter(([id]) => !forAdmins.includes(id) || message?.you.role === 'admin');
  const page = parts[0] ?? 'overview';
  const main = useRef(null);
  const title = message?.data.title ?? 'OsMEN';
  useEffect(() => { document.title = `${title}: ${parts[1] ? parts.join(' ') : page}`; }, [title, page, parts[1]]);
  // On a phone the pages stand in a row that is longer than the screen.
  useLayoutEffect(() => document.querySelector('.page[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [page, Boolean(message)]);
  const skip = e => {
    e.preventDefault();
    main.current.focus();
  };
  const signOut = async () => {
    await send('DELETE', '/dashboard/session').catch(() => {});
    signedOut();
  };
  const health = message?.data.health;
  const troubled = health ? Object.values(health.components).filter(c => c.status !== 'healthy').length : 0;
  const badges = { health: [troubled, 'not healthy'], alerts: [Object.values(message?.data.alerts?.firing ?? {}).reduce((sum, n) => sum + n, 0), 'that nobody has'] };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <div class="shell">
      <nav aria-label="Pages">
        <a class="brand" href="#/overview"><img src="/dashboard/web/icon.svg" alt="" width="26" height="26" /><span>${title}</span></a>
        ${shown.map(([id, name, icon]) => html`
          <a key=${id} href=${`#/${id}`} class="page" aria-current=${id === page ? 'page' : undefined}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${icon} /></svg><span>${name}</span>
            ${badges[id]?.[0] > 0 && html`<b class="badge" title=${`${badges[id][0]} ${badges[id][1]}`}>${badges[id][0]}</b>`}
          </a>`)}
        ${message && html`<div class="who"><span class="quiet" title="Signed in as">${message.you.user}<small class="block">${message.you.role}</small></span><button class="button" onClick=${signOut}>Sign out</button></div>`}
      </nav>
      <main id="main" ref=${main} tabindex="-1">
        ${state === 'lost' && html`<p class="problem lost" role="status">The gateway is not reached; reconnecting. What is shown is the last that came.</p>`}
        ${message ? (shown.some(([id]) => id === page) ? view(page, parts, query, message) : html`<${Missing} isForAdmins=${forAdmins.includes(page)} />`) : html`<p class="empty" role="status">Connecting…</p>`}
      </main>
    </div>`;
}

const Missing = ({ isForAdmins }) => (isForAdmins ? html`<${Problem} error=${new Error('This page is for administrators.')} />` : html`<${Empty} title="No such page">The address leads nowhere. <a href="#/overview">To the overview</a></${Empty}>`);

function view(page, parts, query, { you, data }) {
  switch (page) {
    case 'agents': return html`<${Agents} you=${you} selected=${parts[1]} again=${query.again} data=${data} />`;
    case 'workflows': return html`<${Workflows} parts=${parts} again=${query.again} you=${you} />`;
    case 'executions': return parts[1] ? html`<${Execution} key=${parts[1]} id=${parts[1]} you=${you} traces=${data.traces_url} />` : html`<${Executions} query=${query} you=${you} />`;
    case 'queue': return html`<${Queue} data=${data} />`;
    case 'alerts': return html`<${Alerts} parts=${parts} query=${query} you=${you} />`;
    case 'data': return html`<${Data} data=${data} />`;
    case 'costs': return html`<${Costs} query=${query} you=${you} />`;
    case 'health': return html`<${Health} data=${data} query=${query} />`;
    case 'keys': return html`<${Keys} query=${query} selected=${parts[1]} />`;
    case 'users': return html`<${Users} query=${query} selected=${parts[1]} />`;
    case 'audit': return html`<${Audit} query=${query} />`;
    case 'settings': return html`<${Settings} you=${you} />`;
    default: return html`<${Overview} data=${data} you=${you} />`;
  }
}

render(html`<${App} />`, document.getElementById('app'));
