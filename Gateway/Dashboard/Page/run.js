import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { link } from './route.js';
import { Problem, useAction } from './parts.js';
import { Loading, asText } from './shown.js';

/**
 * Starts an agent, command or workflow (path: agents/daily_brief) by hand and goes to the execution. It begins with the example, or with
 * what the execution again was given.
 */
export function RunForm({ path, example, again }) {
  const [earlier, setEarlier] = useState(null);
  const [unread, setUnread] = useState(null);
  useEffect(() => {
    if (again) get(`/api/v1/executions/${encodeURIComponent(again)}`).then(setEarlier, setUnread);
  }, [again]);
  if (unread) return html`<${Problem} error=${unread} />`;
  return again && !earlier ? html`<${Loading} />` : html`<${Form} key=${again ?? ''} path=${path} example=${earlier ? earlier.input : example} />`;
}

function Form({ path, example }) {
  const first = example === undefined ? '' : asText(example);
  const [text, setText] = useState(first);
  const [priority, setPriority] = useState('5');
  const [start, busy, error] = useAction(async () => {
    // An example that is more than a text is written as JSON, and so is what it became.
    const isJson = typeof example === 'object' && example !== null && first.startsWith('{');
    const execution = await send('POST', `/api/v1/${path}/executions`, { input: isJson ? parsed(text) : { text }, priority: Number(priority) });
    location.hash = link(['executions', execution.id]);
  });
  return html`<form class="form" onSubmit=${start}>
    <label for="input">Input</label>
    <textarea id="input" rows="12" value=${text} onInput=${e => setText(e.target.value)} required></textarea>
    <div class="row"><label for="priority">Priority</label><select id="priority" value=${priority} onChange=${e => setPriority(e.target.value)}>${[9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(p => html`<option key=${p} value=${String(p)}>${p}</option>`)}</select>
      <button type="submit" class="main" disabled=${busy}>Start</button></div>
    <${Problem} error=${error} />
  </form>`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('The input is not JSON.');
  }
}
