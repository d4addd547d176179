import { useState } from 'preact/hooks';
import { html } from './html.js';
import { send } from './api.js';
import { link } from './route.js';
import { Problem } from './parts.js';
import { asText } from './shown.js';

/** Starts an agent, command or workflow (path: agents/daily_brief) by hand, with its example to begin with, and goes to the execution. */
export function RunForm({ path, example }) {
  const first = example === undefined ? '' : asText(example);
  const [text, setText] = useState(first);
  const [priority, setPriority] = useState('5');
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const start = async e => {
    e.preventDefault();
    setBusy(true);
    try {
      // An example that is more than a text is written as JSON, and so is what it became.
      const isJson = typeof example === 'object' && example !== null && first.startsWith('{');
      const input = isJson ? JSON.parse(text) : { text };
      const execution = await send('POST', `/api/v1/${path}/executions`, { input, priority: Number(priority) });
      location.hash = link(['executions', execution.id]);
    } catch (problem) {
      setError(problem instanceof SyntaxError ? new Error('The input is not JSON.') : problem);
      setBusy(false);
    }
  };
  return html`<form class="form" onSubmit=${start}>
    <label for="input">Input</label>
    <textarea id="input" rows="12" value=${text} onInput=${e => setText(e.target.value)} required></textarea>
    <div class="row"><label for="priority">Priority</label><select id="priority" value=${priority} onChange=${e => setPriority(e.target.value)}>${[9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(p => html`<option key=${p} value=${String(p)}>${p}</option>`)}</select>
      <button type="submit" class="main" disabled=${busy}>Start</button></div>
    <${Problem} error=${error} />
  </form>`;
}
