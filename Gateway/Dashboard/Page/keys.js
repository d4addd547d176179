import { useCallback, useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link, setQuery } from './route.js';
import { Attributes, Empty, Head, Pane, Problem, Search, Select, useAction } from './parts.js';
import { dateTime } from './format.js';
import { Confirm, ago } from './shown.js';

const lives = [['for ever', ''], ['1 hour', '1h'], ['1 day', '24h'], ['30 days', '720h'], ['90 days', '2160h'], ['1 year', '8760h']];
const roles = [['user', 'runs, sees the own'], ['viewer', 'reads'], ['operator', 'runs and cancels all'], ['admin', 'everything']];
const statuses = [['In use', ''], ['Active', 'active'], ['Expired', 'expired'], ['Disabled', 'disabled'], ['Revoked', 'revoked'], ['All', 'all']];
const moods = { active: 'good', expired: 'busy', disabled: 'bad', revoked: 'off' };

const time = text => Date.parse(text);

export function Keys({ query, selected }) {
  const { status, role, user, cursor } = query;
  const [page, setPage] = useState(null);
  const [made, setMade] = useState(null);
  const [error, loadNow] = usePollNow(async signal => setPage(await get('/api/v1/keys', { status, role, user, cursor, limit: 50 }, signal)), 10000, [status, role, user, cursor]);
  const filter = change => setQuery({ cursor: '', ...change });
  const close = useCallback(() => { location.hash = link(['keys'], { status, role, user }); }, [status, role, user]);
  const keys = page?.items;
  return html`
    <${Head} title="Keys">
      <${Select} label="Status" value=${status ?? ''} options=${statuses} onChange=${v => filter({ status: v })} />
      <${Select} label="Role of keys" value=${role ?? ''} options=${[['Every role', ''], ...roles.map(([r]) => [r, r])]} onChange=${v => filter({ role: v })} />
      <${Search} label="User's name" value=${user ?? ''} onChange=${v => filter({ user: v })} />
    </${Head}>
    <${Problem} error=${error} />
    <div class="split narrows">
      <div class="scroll" tabindex="0" role="region" aria-label="Keys">
        <${Create} onMade=${async key => { setMade(key); await loadNow(); }} />
        ${made && html`<${Made} made=${made} onDone=${() => setMade(null)} />`}
        ${keys?.length === 0 && html`<${Empty} title="No keys">${status || role || user ? 'None matches.' : 'Make one for each person and program, so that one can be revoked without the others.'}</${Empty}>`}
        ${keys?.length > 0 && html`<div class="table-box"><table>
          <thead><tr><th>Name</th><th>Role</th><th>Status</th><th class="wide">Used</th><th class="wide">Ends</th><th class="unless-phone"><span class="unseen">Open</span></th></tr></thead>
          <tbody>${keys.map(k => html`<tr key=${k.id} class=${k.id === selected ? 'selected' : ''}>
            <td class="break"><a href=${link(['keys', k.id], query)}><b>${k.name}</b></a><small class="block">${k.user}</small></td><td>${k.role}</td>
            <td><span class=${`state still ${moods[k.status]}`}><i></i>${k.status}</span></td>
            <td class="wide nowrap">${k.last_used_at ? ago(time(k.last_used_at)) : 'never'}</td><td class="wide nowrap">${k.expires_at ? dateTime(time(k.expires_at)) : 'never'}</td>
            <td class="right unless-phone"><a class="button" href=${link(['keys', k.id], query)} aria-label=${`Open ${k.name}`}>Open</a></td></tr>`)}</tbody>
        </table></div>`}
        <p class="pages">${cursor && html`<button class="button" onClick=${() => setQuery({ cursor: '' })}>First</button>`}${page?.next_cursor && html`<button class="button" onClick=${() => setQuery({ cursor: page.next_cursor })}>More</button>`}</p>
      </div>
      ${selected && html`<${Key} key=${selected} id=${selected} onClose=${close} onChanged=${async key => { setMade(m => (m?.id === key.id ? null : m)); await loadNow(); }} />`}
    </div>`;
}

function Made({ made, onDone }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(made.key).then(() => setCopied(true), () => {});
  };
  return html`<section class="card made" role="status"><h2>The key of ${made.name}</h2><p>It is shown this once:</p>
    <p class="row"><code class="secret">${made.key}</code><button class="button" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button><button class="button" onClick=${onDone}>Done</button></p></section>`;
}

function Key({ id, onClose, onChanged }) {
  const [key, setKey] = useState(null);
  const [unread, setUnread] = useState(null);
  const [saved, setSaved] = useState(false);
  useEffect(() => { get(`/api/v1/keys/${id}`).then(setKey, setUnread); }, [id]);
  const [change, busy, error] = useAction(async action => {
    setSaved(false);
    try {
      setKey(await action());
      setSaved(true);
    } finally {
      await onChanged({ id });
    }
  });
  const save = e => {
    e.preventDefault();
    const form = e.target;
    const { name, role, life } = Object.fromEntries(new FormData(form));
    const ends = life === 'same' ? {} : life ? { expires_in: life } : { expires_at: null };
    return change(async () => {
      const changed = await send('PATCH', `/api/v1/keys/${id}`, { name, role, ...ends });
      form.elements.life.value = 'same'; // or the next save would change its end once more
      return changed;
    });
  };
  const revoke = () => change(async () => {
    await send('DELETE', `/api/v1/keys/${id}`);
    return get(`/api/v1/keys/${id}`);
  });
  if (!key) return html`<${Pane} title="Key" onClose=${onClose}><${Problem} error=${unread} /></${Pane}>`;
  const facts = [['user', key.user], ['status', key.status], ['made', key.created_at && dateTime(time(key.created_at))], ['last used', key.last_used_at ? dateTime(time(key.last_used_at)) : 'never'],
    ['ends', key.expires_at ? dateTime(time(key.expires_at)) : 'never'], ['revoked', key.revoked_at && dateTime(time(key.revoked_at))], ['id', key.id]];
  const isFixed = key.source === 'configuration' || key.status === 'revoked';
  return html`<${Pane} title=${key.name} subtitle=${`${key.role} key of ${key.user}`} onClose=${onClose}>
    ${key.source === 'configuration' && html`<p>It comes from <code>OSMEN_API_KEYS</code> and is changed and removed there.</p>`}
    ${!isFixed && html`<form class="form stack" onSubmit=${save}>
      <label for="change-name">Name</label><input id="change-name" name="name" required maxlength="200" defaultValue=${key.name} />
      <label for="change-role">Role</label><select id="change-role" name="role">${roles.map(([r, what]) => html`<option key=${r} value=${r} selected=${r === key.role}>${r}: ${what}</option>`)}</select>
      <label for="change-life">Good</label><select id="change-life" name="life"><option value="same" selected>as it is</option>${lives.map(([text, v]) => html`<option key=${v} value=${v}>${text}${v && ' from now'}</option>`)}</select>
      <div class="row"><${Confirm} text="Revoke" name=${key.name} onConfirm=${revoke} /><button type="submit" class="main" disabled=${busy}>Save</button></div>
    </form>`}
    ${saved && html`<p class="good" role="status">${key.status === 'revoked' ? 'Revoked: it opens nothing any more.' : 'Saved.'}</p>`}
    <${Problem} error=${error} />
    <${Attributes} title="Facts" items=${facts.filter(([, v]) => v).map(([name, value]) => ({ key: name, value }))} />
    <p class="links"><a href=${link(['users', key.user])}>User</a><a href=${link(['audit'], { target: key.id })}>Changes of it</a><a href=${link(['audit'], { actor: key.user })}>What its user changed</a></p>
  </${Pane}>`;
}

function Create({ onMade }) {
  const [make, busy, error] = useAction(async e => {
    const form = e.target;
    const { name, role, user, life } = Object.fromEntries(new FormData(form));
    const key = await send('POST', '/api/v1/keys', { name, role, ...(user && { user }), ...(life && { expires_in: life }) });
    form.reset();
    await onMade(key);
  });
  return html`<form class="card form line-form" onSubmit=${make}>
    <div><label for="key-name">Name</label><input id="key-name" name="name" required maxlength="200" placeholder="whose, or for what" /></div>
    <div><label for="key-role">Role</label><select id="key-role" name="role">${roles.map(([r, what]) => html`<option key=${r} value=${r}>${r}: ${what}</option>`)}</select></div>
    <div><label for="key-user">User</label><input id="key-user" name="user" maxlength="200" placeholder="the name, unless said" /></div>
    <div><label for="key-life">Good</label><select id="key-life" name="life">${lives.map(([text, v]) => html`<option key=${v} value=${v}>${text}</option>`)}</select></div>
    <button type="submit" class="main" disabled=${busy}>Make a key</button>
    <${Problem} error=${error} />
  </form>`;
}
