import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { link } from './route.js';
import { Problem } from './parts.js';
import { duration } from './format.js';
import { Decision } from './approvals.js';
import { Graph } from './graph.js';
import { Status } from './shown.js';

const took = step => step.started_at && step.completed_at && duration(Math.max(0, Date.parse(step.completed_at) - Date.parse(step.started_at)));

/** The steps of a workflow's execution, and the decisions that it waits for. */
export function Steps({ execution, you, changed }) {
  const [steps, setSteps] = useState(null);
  const [error, setError] = useState(null);
  const [again, setAgain] = useState(0);
  const over = execution.completed_at;
  useEffect(() => {
    const ending = new AbortController();
    const read = () => get(`/api/v1/executions/${execution.id}/steps`, {}, ending.signal).then(s => { setSteps(s.items); setError(null); }, e => ending.signal.aborted || setError(e));
    read();

    // A step's own end is no event of its workflow.
    const timer = over ? undefined : setInterval(read, 2000);
    return () => { ending.abort(); clearInterval(timer); };
  }, [execution.id, over, changed, again]);
  if (!steps) return html`<${Problem} error=${error} />`;
  const open = steps.filter(s => s.status === 'AWAITING_APPROVAL' && !over);
  return html`<section class="card steps"><h2>Steps</h2>
    <${Problem} error=${error} />
    ${open.map(s => html`<${Decision} key=${s.id} approval=${s.approval} you=${you} onDecided=${() => setAgain(n => n + 1)} />`)}
    <${Graph} steps=${steps} label="Steps" node=${s => html`
      <div class="step-head"><b>${s.execution_id ? html`<a href=${link(['executions', s.execution_id])}>${s.id}</a>` : s.id}</b><${Status} status=${s.status} /></div>
      <small class="block">${s.kind === 'approval' ? 'approval' : `${s.kind} ${s.target}`}${took(s) ? `, ${took(s)}` : ''}</small>
      ${s.error && html`<small class="block bad">${s.error.type}: ${s.error.message}</small>`}
      ${s.approval?.decided_by && html`<small class="block">${s.approval.approved ? 'approved' : 'refused'} by ${s.approval.decided_by}${s.approval.comment ? `: ${s.approval.comment}` : ''}</small>`}
      ${s.compensation_id && html`<small class="block"><a href=${link(['executions', s.compensation_id])}>undone</a></small>`}`} />
  </section>`;
}
