import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link, setQuery } from './route.js';
import { Empty, Head, Problem, Search, Select } from './parts.js';
import { dateTime } from './format.js';
import { ago } from './shown.js';

const kinds = [['Everything', ''], ['Keys', 'key'], ['Users', 'user'], ['Sign-ins', 'session'], ['Agents', 'agent'], ['Executions', 'execution'], ['Budgets', 'budget'], ['Prices', 'prices'],
  ['Alert rules', 'rule'], ['Alerts', 'alert'], ['Silences', 'silence'], ['Channels', 'channel'], ['Dashboard', 'dashboard']];
const spans = [['Any time', ''], ['Last hour', '1'], ['Last day', '24'], ['Last week', '168'], ['Last 30 days', '720']];

const pageOf = { key: 'keys', user: 'users', agent: 'agents', execution: 'executions' };

export function Audit({ query }) {
  const { actor, action, target, hours, cursor } = query;
  const [page, setPage] = useState(null);
  const since = hours ? new Date(Date.now() - hours * 3600000).toISOString() : '';
  const error = usePoll(async signal => setPage(await get('/api/v1/audit', { actor, action, target, since, cursor, limit: 50 }, signal)), cursor ? 60000 : 5000, [actor, action, target, hours, cursor]);
  const filter = change => setQuery({ cursor: '', ...change });
  const options = kinds.some(([, v]) => v === (action ?? '')) ? kinds : [...kinds, [action, action]];
  return html`
    <${Head} title="Audit log">
      <${Select} label="What" value=${action ?? ''} options=${options} onChange=${v => filter({ action: v })} />
      <${Select} label="When" value=${hours ?? ''} options=${spans} onChange=${v => filter({ hours: v })} />
      <${Search} label="By whom" value=${actor ?? ''} onChange=${v => filter({ actor: v })} />
      <${Search} label="Of what: id or name" value=${target ?? ''} onChange=${v => filter({ target: v })} />
    </${Head}>
    <${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Audit log">
      ${page?.items.length === 0 && html`<${Empty} title="No entries">${actor || action || target || hours ? 'None matches.' : 'Nobody has changed anything yet.'}</${Empty}>`}
      ${page?.items.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>When</th><th>Who</th><th>What</th><th class="wide">Changes</th><th class="wide">From</th></tr></thead>
        <tbody>${page.items.map(e => html`<tr key=${e.id}>
          <td class="nowrap" title=${dateTime(Date.parse(e.time))}>${ago(Date.parse(e.time))}</td>
          <td class="break">${e.actor ?? 'unknown'}${e.role && html`<small class="block">${e.role}</small>`}</td>
          <td class="break"><b>${e.action}</b><small class="block"><${Target} entry=${e} /></small></td>
          <td class="wide break"><${Changes} changes=${e.changes} /></td>
          <td class="wide break"><small title="address, request">${e.address ?? ''}<span class="block mono">${e.request_id}</span></small></td></tr>`)}</tbody>
      </table></div>`}
      <p class="pages">${cursor && html`<button class="button" onClick=${() => setQuery({ cursor: '' })}>Newest</button>`}${page?.next_cursor && html`<button class="button" onClick=${() => setQuery({ cursor: page.next_cursor })}>Older</button>`}</p>
    </div>`;
}

function Target({ entry }) {
  const place = pageOf[entry.action.split('.')[0]];
  return place ? html`<a href=${link([place, entry.target])}>${entry.target}</a>` : entry.target;
}

const text = value => (typeof value === 'string' ? value : JSON.stringify(value));

function Changes({ changes }) {
  return changes && html`<ul>${Object.entries(changes).map(([field, { before, after }]) => html`<li key=${field}><small>${field}: ${before !== undefined && html`<s>${text(before)}</s> `}${after !== undefined && text(after)}</small></li>`)}</ul>`;
}
