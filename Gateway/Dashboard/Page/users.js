import { useCallback, useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link, setQuery } from './route.js';
import { Attributes, Empty, Head, Pane, Problem, Select, useAction } from './parts.js';
import { dateTime } from './format.js';
import { Confirm, ago, count, dollars } from './shown.js';

const statuses = [['Every user', ''], ['Active', 'active'], ['Disabled', 'disabled']];
const address = name => `/api/v1/users/${encodeURIComponent(name)}`;
const seen = user => (user.last_seen_at ? ago(Date.parse(user.last_seen_at)) : 'never');

export function Users({ query, selected }) {
  const { status, cursor } = query;
  const [page, setPage] = useState(null);
  const [error, loadNow] = usePollNow(async signal => setPage(await get('/api/v1/users', { status, cursor, limit: 50 }, signal)), 30000, [status, cursor]);
  const close = useCallback(() => { location.hash = link(['users'], { status }); }, [status]);
  const users = page?.items;
  return html`
    <${Head} title="Users"><${Select} label="Status" value=${status ?? ''} options=${statuses} onChange=${v => setQuery({ status: v, cursor: '' })} /><span class="quiet">Figures of the last 30 days</span></${Head}>
    <${Problem} error=${error} />
    <div class="split narrows">
      <div class="scroll" tabindex="0" role="region" aria-label="Users">
        ${users?.length === 0 && html`<${Empty} title="No users">${status ? 'None matches.' : html`A user is the name that keys carry: <a href="#/keys">make a key</a>.`}</${Empty}>`}
        ${users?.length > 0 && html`<div class="table-box"><table>
          <thead><tr><th>User</th><th>Status</th><th class="wide">Roles</th><th class="right">Keys</th><th class="right wide">Seen</th><th class="right wide">Executions</th><th class="right wide">Cost</th><th class="unless-phone"><span class="unseen">Open</span></th></tr></thead>
          <tbody>${users.map(u => html`<tr key=${u.name} class=${u.name === selected ? 'selected' : ''}>
            <td class="break"><a href=${link(['users', u.name], { status })}><b>${u.name}</b></a></td>
            <td><span class=${`state still ${u.status === 'active' ? 'good' : 'bad'}`}><i></i>${u.status}</span></td>
            <td class="wide">${u.roles.join(', ') || '–'}</td><td class="right mono" title="active of all">${u.keys.active}/${u.keys.total}</td>
            <td class="right nowrap wide">${seen(u)}</td><td class="right mono wide">${count(u.executions)}</td><td class="right mono wide">${dollars(u.cost_usd)}</td>
            <td class="right unless-phone"><a class="button" href=${link(['users', u.name], { status })} aria-label=${`Open ${u.name}`}>Open</a></td></tr>`)}</tbody>
        </table></div>`}
        <p class="pages">${cursor && html`<button class="button" onClick=${() => setQuery({ cursor: '' })}>First</button>`}${page?.next_cursor && html`<button class="button" onClick=${() => setQuery({ cursor: page.next_cursor })}>More</button>`}</p>
      </div>
      ${selected && html`<${User} key=${selected} name=${selected} onClose=${close} onChanged=${loadNow} />`}
    </div>`;
}

function User({ name, onClose, onChanged }) {
  const [user, setUser] = useState(null);
  const [unread, setUnread] = useState(null);
  useEffect(() => { get(address(name)).then(setUser, setUnread); }, [name]);
  const [set, busy, error] = useAction(async disabled => {
    try {
      setUser(await send('PUT', address(name), { disabled }));
    } finally {
      await onChanged();
    }
  });
  if (!user) return html`<${Pane} title=${name} onClose=${onClose}><${Problem} error=${unread} /></${Pane}>`;
  const facts = [['status', user.status], ['disabled', user.disabled_at && `${dateTime(Date.parse(user.disabled_at))} by ${user.disabled_by}`], ['roles', user.roles.join(', ')], ['active keys', `${user.keys.active} of ${user.keys.total}`],
    ['last seen', seen(user)], ['executions', count(user.executions)], ['cost', dollars(user.cost_usd)]];
  return html`<${Pane} title=${user.name} subtitle=${user.status === 'disabled' ? 'Disabled: none of its keys is let in' : user.roles.join(', ')} onClose=${onClose}>
    <p class="row">${user.status === 'disabled'
      ? html`<button class="button" disabled=${busy} onClick=${() => set(false)}>Enable</button>`
      : html`<${Confirm} text="Disable" name=${user.name} onConfirm=${() => set(true)} />`}</p>
    <${Problem} error=${error} />
    <${Attributes} title="Facts, 30 days" items=${facts.filter(([, v]) => v).map(([key, value]) => ({ key, value }))} />
    <p class="links"><a href=${link(['keys'], { user: user.name, status: 'all' })}>Keys</a><a href=${link(['executions'], { user: user.name })}>Executions</a><a href=${link(['audit'], { actor: user.name })}>What it changed</a></p>
  </${Pane}>`;
}
