import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { useEvents } from './live.js';
import { link } from './route.js';
import { Attributes, Empty, Head, Problem, useAction } from './parts.js';
import { VirtualList } from './virtual.js';
import { dateTime, duration, plural, quantity, time, withoutAnsi } from './format.js';
import { Calls } from './calls.js';
import { Steps } from './steps.js';
import { Copy, Loading, Status, asText, bytes, dollars, isFinal } from './shown.js';

const shownLive = 20000;
const longestLine = 4000;
const marks = { error: 'Error', warning: 'Warning', status: 'Status' };

export function Execution({ id, you, traces }) {
  const [execution, setExecution] = useState(null);
  const [unread, setUnread] = useState(null);
  const [again, setAgain] = useState(0);
  const events = useEvents(id, again);
  useEffect(() => {
    const ending = new AbortController();
    get(`/api/v1/executions/${encodeURIComponent(id)}`, {}, ending.signal).then(e => { setExecution(e); setUnread(null); }, e => ending.signal.aborted || setUnread(e));
    return () => ending.abort();
  }, [id, again, events.status, events.state]);
  const [act, busy, failed] = useAction(async action => {
    setExecution(await send('POST', `/api/v1/executions/${id}/${action}`));
    if (action === 'retry') setAgain(n => n + 1);
  });
  const error = failed ?? unread;
  if (!execution) return html`<${Head} title="Execution"><a href="#/executions">All executions</a></${Head}><${Problem} error=${error} />${!error && html`<${Loading} />`}`;

  const mayRun = you.role !== 'viewer';
  const at = text => (text ? dateTime(Date.parse(text)) : undefined);
  const isOver = isFinal(execution.status);

  // While it runs, what it has used so far comes with its events.
  const { metrics } = events;
  const tokens = isOver || !metrics ? execution.tokens : { ...execution.tokens, input: metrics.inputTokens || execution.tokens.input, output: metrics.outputTokens || execution.tokens.output };
  const cost = isOver ? execution.cost_usd : Math.max(execution.cost_usd ?? 0, metrics?.costUsd ?? 0);
  const facts = [
    ['accepted', at(execution.created_at)], ['due', Date.parse(execution.run_at) - Date.parse(execution.created_at) > 1000 ? at(execution.run_at) : undefined], ['started', at(execution.started_at)], ['ended', at(execution.completed_at)],
    ['waited', execution.started_at && duration(Math.max(0, Date.parse(execution.started_at) - Date.parse(execution.run_at)))], ['took', execution.duration_ms !== null && execution.duration_ms !== undefined ? duration(execution.duration_ms) : undefined],
    ['attempt', `${execution.attempt} of ${execution.max_attempts}`], ['user', execution.user], ['priority', execution.priority], ['timeout', execution.timeout], ['worker', execution.worker],
    ['parent', execution.parent_id, execution.parent_id && link(['executions', execution.parent_id])], ['step', execution.step], ['id', execution.id],
    ['trace', execution.trace_id, traces && execution.trace_id && `${traces}${execution.trace_id}`], ['request', execution.request_id],
  ];
  const spent = [
    ['model', execution.model && `${execution.platform}/${execution.model}`], ['cost', dollars(cost)], ['budget', execution.budget_usd && dollars(execution.budget_usd)],
    ['input', tokens.input && `${quantity(tokens.input)} tokens`], ['output', tokens.output && `${quantity(tokens.output)} tokens`], ['cached input', tokens.cached_input || undefined], ['cache write', tokens.cache_write || undefined], ['reasoning', tokens.reasoning || undefined],
    ['memory', metrics?.memoryUsage && bytes(metrics.memoryUsage)], ['CPU', metrics?.cpuUsage !== undefined && metrics?.memoryUsage ? `${metrics.cpuUsage.toFixed(0)} %` : undefined],
  ];
  const items = list => list.filter(([, v]) => v !== undefined && v !== null && v !== '' && v !== 0).map(([key, value, href]) => ({ key, value: String(value), href }));
  const whole = execution.output !== null && execution.output !== undefined ? asText(execution.output) : events.output;

  // As wide as its longest line: the log scrolls to the side, by keyboard too.
  const widest = Math.min(longestLine, events.rows.reduce((most, r) => Math.max(most, r.text.length), 0));

  // What grows many times a second is laid out anew each time: its end is enough until it stands.
  const output = isOver || whole.length <= shownLive ? whole : `…${whole.slice(-shownLive)}`;
  return html`
    <${Head} title=${execution.target}>
      <${Status} status=${execution.status} />
      ${mayRun && !isOver && html`<button class="button" disabled=${busy} onClick=${() => act('cancel')}>Cancel</button>`}
      ${mayRun && ['FAILED', 'CANCELLED', 'TIMED_OUT'].includes(execution.status) && html`<button class="button" disabled=${busy} onClick=${() => act('retry')}>Retry</button>`}
      ${mayRun && html`<a href=${link(execution.kind === 'agent' ? ['agents', execution.target] : ['workflows', `${execution.kind}s`, execution.target], { again: execution.id })}>Run again</a>`}
      ${execution.trace_id && (traces ? html`<a href=${`${traces}${execution.trace_id}`} target="_blank" rel="noreferrer">Trace</a>` : html`<${Copy} text=${execution.trace_id} name="trace id" />`)}
      <a href="#/executions">All executions</a>
      ${events.state === 'lost' && !isOver && html`<span class="busy" role="status">The live log is interrupted; reconnecting</span>`}
    </${Head}>
    <${Problem} error=${error} />
    <div class="execution">
      <div class="main-column">
        ${execution.error && html`<p class="problem">${execution.error.type}: ${execution.error.message}</p>`}
        <section class="card output"><h2>Output</h2>${output ? html`<pre class="message" tabindex="0">${output}</pre>` : html`<p class="quiet">${isOver ? 'It gave none.' : execution.status === 'RUNNING' ? 'It has given none yet.' : 'It waits for a worker.'}</p>`}</section>
        ${execution.kind === 'workflow' ? html`<${Steps} execution=${execution} you=${you} />` : html`<${Calls} execution=${execution} />`}
        <section class="card log"><h2>Log <small>${plural(events.lines, 'line')}${events.lines > events.rows.length ? `, the last ${events.rows.length.toLocaleString()} are kept here` : ''}</small></h2>
          ${events.rows.length === 0 ? html`<${Empty} title="No lines">It has written nothing yet.</${Empty}>` : html`
          <div class="console"><${VirtualList} rows=${events.rows} height=${22} follow label="Log" minWidth=${`${34 + widest}ch`} keyOf=${r => r.seq} row=${r => html`
            <div class=${`line ${marks[r.level] ?? ''}`}><time>${time(r.time)}</time><span class=${`level ${marks[r.level] ?? ''}`}>${r.level}</span><span class="text">${withoutAnsi(r.text)}</span></div>`} /></div>`}
        </section>
        <section class="card"><h2>Input</h2><pre class="message" tabindex="0">${asText(execution.input)}</pre></section>
      </div>
      <aside class="card facts" aria-label="Facts">
        <${Attributes} title="Life" items=${items(facts)} />
        <${Attributes} title="Use" items=${items(spent)} />
      </aside>
    </div>`;
}
