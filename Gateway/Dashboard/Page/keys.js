import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePoll } from './poll.js';
import { Empty, Head, Problem } from './parts.js';
import { dateTime } from './format.js';
import { ago } from './shown.js';

const lives = [['for ever', ''], ['1 hour', '1h'], ['1 day', '24h'], ['30 days', '720h'], ['1 year', '8760h']];
const roles = [['user', 'runs, sees the own'], ['viewer', 'reads'], ['operator', 'runs and cancels all'], ['admin', 'everything']];

export function Keys() {
  const [keys, setKeys] = useState(null);
  const [made, setMade] = useState(null);
  const [asked, setAsked] = useState(null);
  const [failed, setFailed] = useState(null);
  const load = async signal => setKeys((await get('/api/v1/keys', {}, signal)).items);
  const error = usePoll(load, 10000, []);
  const revoke = async key => {
    if (asked !== key.id) {
      setAsked(key.id);
      return;
    }
    try {
      await send('DELETE', `/api/v1/keys/${key.id}`);
      setFailed(null);
      setMade(m => (m?.id === key.id ? null : m));
    } catch (problem) {
      setFailed(problem);
    }
    setAsked(null);
    await load();
  };
  return html`
    <${Head} title="Keys" count=${keys?.length}><span class="quiet">Those of OSMEN_API_KEYS live where they were set</span></${Head}>
    <${Problem} error=${failed ?? error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Keys">
      <${Create} onMade=${async key => { setMade(key); await load(); }} />
      ${made && html`<section class="card made" role="status"><h2>The key of ${made.name}</h2><p>It is shown this once:</p><p class="row"><code class="secret">${made.key}</code><button class="button" onClick=${() => navigator.clipboard?.writeText(made.key)}>Copy</button><button class="button" onClick=${() => setMade(null)}>Done</button></p></section>`}
      ${keys?.length === 0 && html`<${Empty} title="No keys">Make one for each person and program, so that one can be revoked without the others.</${Empty}>`}
      ${keys?.length > 0 && html`<div class="table-box"><table>
        <thead><tr><th>Name</th><th>Role</th><th class="wide">User</th><th class="wide">Made</th><th class="wide">Used</th><th class="wide">Ends</th><th><span class="unseen">Revoke</span></th></tr></thead>
        <tbody>${keys.map(k => html`<tr key=${k.id}><td class="break"><b>${k.name}</b></td><td>${k.role}</td><td class="wide break">${k.user}</td>
          <td class="wide nowrap">${ago(Date.parse(k.created_at))}</td><td class="wide nowrap">${k.last_used_at ? ago(Date.parse(k.last_used_at)) : 'never'}</td><td class="wide nowrap">${k.expires_at ? dateTime(Date.parse(k.expires_at)) : 'never'}</td>
          <td class="right"><button class=${`button ${asked === k.id ? 'danger' : ''}`} onClick=${() => revoke(k)} onBlur=${() => setAsked(null)} aria-label=${`${asked === k.id ? 'Really revoke' : 'Revoke'} ${k.name}`}>${asked === k.id ? 'Really revoke' : 'Revoke'}</button></td></tr>`)}</tbody>
      </table></div>`}
    </div>`;
}

function Create({ onMade }) {
  const [error, setError] = useState(null);
  const make = async e => {
    e.preventDefault();
    const form = e.target;
    const { name, role, user, life } = Object.fromEntries(new FormData(form));
    try {
      const key = await send('POST', '/api/v1/keys', { name, role, ...(user && { user }), ...(life && { expires_in: life }) });
      setError(null);
      form.reset();
      await onMade(key);
    } catch (problem) {
      setError(problem);
    }
  };
  return html`<form class="card form line-form" onSubmit=${make}>
    <div><label for="key-name">Name</label><input id="key-name" name="name" required maxlength="200" placeholder="whose, or for what" /></div>
    <div><label for="key-role">Role</label><select id="key-role" name="role">${roles.map(([r, what]) => html`<option key=${r} value=${r}>${r}: ${what}</option>`)}</select></div>
    <div><label for="key-user">User</label><input id="key-user" name="user" maxlength="200" placeholder="the name, unless said" /></div>
    <div><label for="key-life">Good</label><select id="key-life" name="life">${lives.map(([text, v]) => html`<option key=${v} value=${v}>${text}</option>`)}</select></div>
    <button type="submit" class="main">Make a key</button>
    <${Problem} error=${error} />
  </form>`;
}
