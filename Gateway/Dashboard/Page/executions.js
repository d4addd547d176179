import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { link, setQuery } from './route.js';
import { Empty, Head, Problem, Search, Select } from './parts.js';
import { dateTime, duration } from './format.js';
import { Loading, Status, ago, dollars } from './shown.js';

const statuses = [['Every status', ''], ['Pending', 'PENDING'], ['Running', 'RUNNING'], ['Completed', 'COMPLETED'], ['Failed', 'FAILED'], ['Timed out', 'TIMED_OUT'], ['Cancelled', 'CANCELLED']];
const kinds = [['Every kind', ''], ['Agents', 'agent'], ['Commands', 'command'], ['Workflows', 'workflow']];
const spans = [['Any time', ''], ['Last hour', '1'], ['Last day', '24'], ['Last week', '168']];

export function Executions({ query, you }) {
  const { status, kind, agent, user, hours, cursor } = query;
  const [page, setPage] = useState(null);
  const [agents, setAgents] = useState([]);
  const since = hours ? new Date(Date.now() - hours * 3600000).toISOString() : '';
  const error = usePoll(async signal => setPage(await get('/api/v1/executions', { status, kind, agent, user, since, cursor, limit: 50 }, signal)), 3000, [status, kind, agent, user, hours, cursor]);
  useEffect(() => { get('/api/v1/agents').then(a => setAgents(a.items.map(i => i.id)), () => {}); }, []);
  const targets = [...agents.filter(a => a !== agent), ...(agent ? [agent] : [])].sort();
  const filter = change => setQuery({ cursor: '', ...change });
  return html`
    <${Head} title="Executions">
      <${Select} label="Status" value=${status ?? ''} options=${statuses} onChange=${v => filter({ status: v })} />
      <${Select} label="Agent" value=${agent ?? ''} options=${[['Every agent', ''], ...targets.map(a => [a, a])]} onChange=${v => filter({ agent: v, kind: '' })} />
      <${Select} label="Kind" value=${kind ?? ''} options=${kinds} onChange=${v => filter({ kind: v, agent: '' })} />
      <${Select} label="Accepted" value=${hours ?? ''} options=${spans} onChange=${v => filter({ hours: v })} />
      ${you.role !== 'user' && html`<${Search} label="User" value=${user ?? ''} onChange=${v => filter({ user: v })} />`}
    </${Head}>
    <${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Executions">
      ${page === null && !error && html`<${Loading} />`}
      ${page?.items.length === 0 && html`<${Empty} title="No executions">${status || kind || agent || user || hours ? 'None matches.' : html`Nothing was started yet. <a href="#/agents">Run an agent</a>.`}</${Empty}>`}
      ${page?.items.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>Status</th><th>What</th><th class="wide">User</th><th class="right">Accepted</th><th class="right wide">Took</th><th class="right wide">Attempt</th><th class="right wide">Cost</th><th class="wide">Id</th></tr></thead>
        <tbody>${page.items.map(e => html`
          <tr key=${e.id}>
            <td><${Status} status=${e.status} /></td>
            <td class="name"><a href=${link(['executions', e.id])}><b>${e.target}</b></a>${e.kind !== 'agent' && html` <span class="kind">${e.kind}</span>`}${e.error && html`<small class="block reason" title=${e.error.message}>${e.error.type}: ${e.error.message}</small>`}</td>
            <td class="wide break">${e.user}</td>
            <td class="right nowrap" title=${dateTime(Date.parse(e.created_at))}>${ago(Date.parse(e.created_at))}</td>
            <td class="right mono wide">${e.duration_ms === undefined || e.duration_ms === null ? '–' : duration(e.duration_ms)}</td>
            <td class="right mono wide">${e.attempt}/${e.max_attempts}</td>
            <td class="right mono wide">${dollars(e.cost_usd)}</td>
            <td class="mono quiet wide">${e.id.slice(-8)}</td>
          </tr>`)}</tbody>
      </table></div>`}
      <p class="pages">${cursor && html`<button class="button" onClick=${() => setQuery({ cursor: '' })}>Newest</button>`}${page?.next_cursor && html`<button class="button" onClick=${() => setQuery({ cursor: page.next_cursor })}>Older</button>`}</p>
    </div>`;
}
