import { useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePoll } from './poll.js';
import { Problem } from './parts.js';
import { duration, plural, quantity, time } from './format.js';
import { asText, dollars, isFinal } from './shown.js';

const most = 1000;
const moods = { ok: '', error: 'failed', cancelled: 'cancelled', running: 'running', unknown: 'failed' };
const words = { ok: 'ok', error: 'failed', cancelled: 'cancelled', running: 'runs', unknown: 'no end known' };

/** What an execution asked of models and tools, on one axis of time. */
export function Calls({ execution }) {
  const [{ calls, more }, setCalls] = useState({ calls: null });
  const [open, setOpen] = useState(null);
  const isOver = isFinal(execution.status);

  // Once more after its end, of each attempt: what it did last may come in a moment later.
  const after = `${execution.id} ${execution.attempt} ${execution.status}`;
  const looked = useRef({});
  const error = usePoll(async signal => {
    if (looked.current.after !== after) looked.current = { after, times: 0 };
    if (isOver && looked.current.times > 1) return;
    let list = [], cursor;
    do {
      const page = await get(`/api/v1/executions/${execution.id}/calls`, { limit: 500, cursor }, signal);
      list = [...list, ...page.items];
      cursor = page.next_cursor;
    } while (cursor && list.length < most);
    setCalls({ calls: list, more: Boolean(cursor) });
    looked.current.times++;
  }, 1500, [execution.id, execution.status, execution.attempt]);
  if (calls === null || calls.length === 0) {
    return error && html`<section class="card calls"><h2>Calls</h2><${Problem} error=${error} /></section>`;
  }
  const keys = calls.map(c => `${c.type} ${c.id}`);
  const starts = calls.map(c => Date.parse(c.started_at));
  const ends = calls.map((c, i) => starts[i] + (c.duration_ms ?? 0));
  const from = Math.min(...starts, execution.started_at && execution.attempt <= 1 ? Date.parse(execution.started_at) : Infinity);
  const to = Math.max(...ends, isOver ? Date.parse(execution.completed_at ?? 0) : Date.now(), from + 1);
  const models = calls.filter(c => c.type === 'model');
  const tokens = models.reduce((sum, c) => sum + c.tokens.input + c.tokens.output, 0);
  const cost = models.reduce((sum, c) => sum + (c.cost_usd ?? 0), 0);
  const place = i => ({ left: `${(starts[i] - from) / (to - from) * 100}%`, width: `${Math.max(0, ((calls[i].duration_ms ?? (isOver ? 0 : to - starts[i])) / (to - from)) * 100)}%` });
  return html`<section class="card calls"><h2>Calls <small>${[plural(models.length, 'model call'), plural(calls.length - models.length, 'tool call'), `${quantity(tokens)} tokens`, dollars(cost)].join(' · ')}${more ? `, the first ${most}` : ''}</small></h2>
    <${Problem} error=${error} />
    <div class="call-head" aria-hidden="true"><span>Call</span><span class="call-axis"><small>0</small><small>${duration((to - from) / 2)}</small><small>${duration(to - from)}</small></span><span class="right">Took</span></div>
    <ul>${calls.map((c, i) => html`<li key=${keys[i]} class=${`call ${c.type} ${moods[c.status] ?? ''}`}>
      <button class="call-row" aria-expanded=${open === keys[i]} onClick=${() => setOpen(open === keys[i] ? null : keys[i])}>
        <span class="call-name"><i class="call-kind" aria-hidden="true">${c.type === 'model' ? 'M' : 'T'}</i><span class="text">${c.type === 'model' ? `${c.platform}/${c.model}` : c.tool}</span>${c.status !== 'ok' && html`<small class="call-state">${words[c.status]}</small>`}</span>
        <span class="call-lane"><i class="bar" style=${place(i)}></i>${c.first_token_ms ? html`<i class="first" style=${{ left: `${(starts[i] + c.first_token_ms - from) / (to - from) * 100}%` }}></i>` : null}</span>
        <span class="right mono">${c.duration_ms === null || c.duration_ms === undefined ? '–' : duration(c.duration_ms)}</span>
      </button>
      ${open === keys[i] && html`<${Details} call=${c} from=${from} />`}
    </li>`)}</ul>
  </section>`;
}

function Details({ call, from }) {
  const facts = call.type === 'model' ? [
    ['input', quantity(call.tokens.input)], ['output', quantity(call.tokens.output)], ['cached', call.tokens.cached_input && quantity(call.tokens.cached_input)], ['cache write', call.tokens.cache_write && quantity(call.tokens.cache_write)],
    ['reasoning', call.tokens.reasoning && quantity(call.tokens.reasoning)], ['cost', call.cost_usd === null || call.cost_usd === undefined ? 'no price' : dollars(call.cost_usd)],
    ['first token', call.first_token_ms && duration(call.first_token_ms)], ['tokens are', call.estimated && 'estimated'],
  ] : [['round', call.round], ['attempt', call.attempt]];
  const started = Date.parse(call.started_at);
  return html`<div class="call-details">
    <dl>${[['began', `${time(started)}, ${duration(Math.max(0, started - from))} in`], ...facts].filter(([, v]) => v !== undefined && v !== null && v !== false && v !== 0).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${call.error && html`<p class="problem">${call.error}</p>`}
    ${call.arguments && html`<h3>Arguments</h3><pre class="message" tabindex="0">${pretty(call.arguments)}</pre>`}
    ${call.result && html`<h3>Result</h3><pre class="message" tabindex="0">${pretty(call.result)}</pre>`}
  </div>`;
}

function pretty(text) {
  try {
    return asText(JSON.parse(text));
  } catch {
    return text;
  }
}
