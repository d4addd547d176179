import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get } from './api.js';
import { usePollNow } from './poll.js';
import { link } from './route.js';
import { Problem } from './parts.js';
import { duration, plural } from './format.js';
import { Decision } from './approvals.js';
import { Graph } from './graph.js';
import { Status, word } from './shown.js';

const took = step => step.started_at && step.completed_at && duration(Math.max(0, Date.parse(step.completed_at) - Date.parse(step.started_at)));

const statuses = ['RUNNING', 'AWAITING_APPROVAL', 'FAILED', 'TIMED_OUT', 'CANCELLED', 'COMPLETED', 'SKIPPED', 'PENDING'];

/** How many there are of each status: of many steps only some are in view. */
const summary = steps => [plural(steps.length, 'step'), ...statuses.map(status => [steps.filter(s => s.status === status).length, word(status).toLowerCase()]).filter(([n]) => n > 0).map(([n, text]) => `${n} ${text}`)].join(' · ');

/** The steps of a workflow's execution, and the decisions that it waits for. */
export function Steps({ execution, you }) {
  const [steps, setSteps] = useState(null);
  const over = execution.completed_at;

  // A step's own end is no event of its workflow.
  const [error, loadNow] = usePollNow(async signal => setSteps((await get(`/api/v1/executions/${execution.id}/steps`, {}, signal)).items), over ? 15000 : 1000, [execution.id, over]);
  if (!steps) return html`<${Problem} error=${error} />`;
  const open = steps.filter(s => s.status === 'AWAITING_APPROVAL' && !over);
  return html`<section class="card steps"><h2>Steps <small>${summary(steps)}</small></h2>
    <${Problem} error=${error} />
    ${open.map(s => html`<${Decision} key=${s.id} approval=${s.approval} you=${you} onDecided=${loadNow} />`)}
    <${Graph} steps=${steps} label="Steps" node=${s => html`
      <div class="step-head"><b>${s.execution_id ? html`<a href=${link(['executions', s.execution_id])}>${s.id}</a>` : s.id}</b><${Status} status=${s.status} /></div>
      <small class="block">${s.kind === 'approval' ? 'approval' : `${s.kind} ${s.target}`}${took(s) ? `, ${took(s)}` : ''}</small>
      ${s.error && html`<small class="block bad">${s.error.type}: ${s.error.message}</small>`}
      ${s.approval?.decided_by && html`<small class="block">${s.approval.approved ? 'approved' : 'refused'} by ${s.approval.decided_by}${s.approval.comment ? `: ${s.approval.comment}` : ''}</small>`}
      ${s.compensation_id && html`<small class="block"><a href=${link(['executions', s.compensation_id])}>undone</a></small>`}`} />
  </section>`;
}
