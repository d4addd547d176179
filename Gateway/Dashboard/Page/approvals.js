import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link } from './route.js';
import { Empty, Problem, useAction } from './parts.js';
import { ago, until } from './shown.js';

const roles = ['viewer', 'user', 'operator', 'admin'];

/** A decision that a workflow waits for; whoever may make it gets the buttons. */
export function Decision({ approval, you, onDecided, withLink = false }) {
  const [comment, setComment] = useState('');
  const may = you.role !== 'viewer' && roles.indexOf(you.role) >= roles.indexOf(approval.role);
  const [decide, busy, error] = useAction(async approved => {
    await send('POST', `/api/v1/executions/${approval.execution_id}/approve`, { step: approval.step, approved, comment: comment.trim() || undefined });
    await onDecided();
  });
  return html`<article class="decision" aria-label=${`Decision ${approval.step}`}>
    <p class="question">${approval.message}</p>
    <p class="quiet">${withLink ? html`<a href=${link(['executions', approval.execution_id])}>${approval.step}</a>` : approval.step} asked ${ago(Date.parse(approval.asked_at))}; counts as refused ${until(Date.parse(approval.expires_at))}</p>
    ${may ? html`<div class="row"><input type="text" aria-label="Comment" placeholder="Comment" maxlength="2000" value=${comment} onInput=${e => setComment(e.target.value)} />
      <button class="main" disabled=${busy} onClick=${() => decide(true)}>Approve</button><button class="button danger" disabled=${busy} onClick=${() => decide(false)}>Refuse</button></div>`
    : html`<p class="quiet">Decided by the role ${approval.role}.</p>`}
    <${Problem} error=${error} />
  </article>`;
}

/** All decisions that wait. */
export function Approvals({ you }) {
  const [open, setOpen] = useState(null);
  const [error, loadNow] = usePollNow(async signal => setOpen((await get('/api/v1/approvals', {}, signal)).items), 3000, []);
  return html`<${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Approvals">
    ${open?.length === 0 && html`<${Empty} title="Nothing waits">Workflows that need a decision stand here until somebody makes it.</${Empty}>`}
    ${open?.map(a => html`<section class="card asked" key=${`${a.execution_id} ${a.step}`}><${Decision} approval=${a} you=${you} withLink onDecided=${loadNow} /></section>`)}
    </div>`;
}
