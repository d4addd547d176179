import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { Problem, useAction, useFocus } from './parts.js';
import { dateTime } from './format.js';
import { Confirm, dollars, isAdmin, until } from './shown.js';

const parts = ['agent', 'user', 'key', 'model', 'platform'];
const periods = { day: 'a day', month: 'a month', total: 'in all' };

/** Budgets with what is spent, held and left of them; administrators make, change and delete them. */
export function Budgets({ you }) {
  const [budgets, setBudgets] = useState(null);
  const [edited, setEdited] = useState(null);
  const [error, loadNow] = usePollNow(async signal => setBudgets((await get('/api/v1/budgets', { limit: 1000 }, signal)).items), 5000, []);
  const [remove, , failed] = useAction(async budget => {
    await send('DELETE', `/api/v1/budgets/${encodeURIComponent(budget.id)}`).finally(loadNow);
  });
  return html`<section class="budgets" aria-label="Budgets">
    <div class="title-row"><h2 class="title">Budgets</h2>${isAdmin(you) && html`<button class="button" aria-expanded=${Boolean(edited && !edited.id)} onClick=${() => setEdited({})}>New budget</button>`}</div>
    <${Problem} error=${failed ?? error} />
    ${edited && html`<${Form} key=${edited.id ?? ''} budget=${edited} onClose=${() => setEdited(null)} onSaved=${async () => { setEdited(null); await loadNow(); }} />`}
    ${budgets?.length === 0 && !edited && html`<p class="note-box">Nothing limits what may be spent. ${isAdmin(you) ? 'A budget refuses calls that would go over it.' : 'Administrators make budgets.'}</p>`}
    ${budgets?.length > 0 && html`<ul class="cards">${budgets.map(b => html`<${Budget} key=${b.id} budget=${b} mayChange=${isAdmin(you)} onEdit=${() => setEdited(b)} onRemove=${() => remove(b)} />`)}</ul>`}
  </section>`;
}

function Budget({ budget, mayChange, onEdit, onRemove }) {
  const { limit_usd: limit, spent_usd: spent, reserved_usd: reserved, remaining_usd: left } = budget;
  const share = limit > 0 ? spent / limit : 1;
  const mood = share >= (budget.alert_at.at(-1) ?? 1) ? 'nearly' : share >= (budget.alert_at[0] ?? 1) ? 'soon' : '';
  const scope = parts.filter(p => budget.scope[p]).map(p => `${p} ${budget.scope[p]}`).join(', ') || 'everything';
  const width = value => ({ width: `${limit > 0 ? Math.max(0, Math.min(100, value / limit * 100)) : 100}%` });
  return html`<li class=${`card budget ${mood}`}>
    <div class="budget-head"><h3>${budget.id}</h3><span class="quiet">${scope}</span></div>
    <p class="budget-sum"><b>${dollars(spent)}</b> of ${dollars(limit)} ${periods[budget.period] ?? budget.period}<span class="budget-share">${Math.round(share * 100)} %</span></p>
    <div class="budget-bar" role="img" aria-label=${`${dollars(spent)} spent, ${dollars(reserved)} held, ${dollars(left)} left of ${dollars(limit)}`}>
      <i class="spent" style=${width(spent)}></i><i class="held" style=${width(Math.min(reserved, limit - spent))}></i>${budget.alert_at.map(a => html`<s key=${a} style=${{ left: `${a * 100}%` }}></s>`)}</div>
    <dl class="budget-facts"><div><dt>left</dt><dd>${dollars(Math.max(0, left))}</dd></div><div><dt>held</dt><dd>${dollars(reserved)}</dd></div>
      <div><dt>begins anew</dt><dd title=${budget.resets_at ? dateTime(Date.parse(budget.resets_at)) : undefined}>${budget.resets_at ? until(Date.parse(budget.resets_at)) : 'never'}</dd></div></dl>
    ${mayChange && html`<p class="row"><button class="button" onClick=${onEdit} aria-label=${`Change ${budget.id}`}>Change</button><${Confirm} text="Delete" name=${budget.id} onConfirm=${onRemove} /></p>`}
  </li>`;
}

function Form({ budget, onClose, onSaved }) {
  const isNew = !budget.id;
  const box = useFocus(isNew ? '#budget-id' : '#budget-limit');
  const [save, busy, error] = useAction(async e => {
    const { id, limit, period, zone, alerts, ...scope } = Object.fromEntries(new FormData(e.target));
    await send('PUT', `/api/v1/budgets/${encodeURIComponent(budget.id ?? id.trim())}`, {
      scope: Object.fromEntries(parts.filter(p => scope[p]?.trim()).map(p => [p, scope[p].trim()])), period, time_zone: zone.trim() || 'UTC', limit_usd: Number(limit),
      alert_at: alerts.split(/[,;\s]+/).filter(a => a).map(a => Number((Number(a) / 100).toFixed(4))),
    });
    await onSaved();
  });
  return html`<form class="card form line-form" ref=${box} onSubmit=${save} aria-label=${isNew ? 'New budget' : `Budget ${budget.id}`}>
    <div><label for="budget-id">Name</label><input id="budget-id" name="id" required maxlength="64" pattern="[A-Za-z0-9_.\\-]+" defaultValue=${budget.id} disabled=${!isNew} placeholder="team-a" /></div>
    <div><label for="budget-limit">Dollars</label><input id="budget-limit" name="limit" type="number" min="0" step="any" required defaultValue=${budget.limit_usd ?? 50} /></div>
    <div><label for="budget-period">In</label><select id="budget-period" name="period">${Object.entries(periods).map(([p, text]) => html`<option key=${p} value=${p} selected=${p === (budget.period ?? 'month')}>${text}</option>`)}</select></div>
    <div><label for="budget-zone">Time zone</label><input id="budget-zone" name="zone" defaultValue=${budget.time_zone ?? 'UTC'} maxlength="64" /></div>
    <div><label for="budget-alerts">Alerts at, in %</label><input id="budget-alerts" name="alerts" defaultValue=${(budget.alert_at ?? [0.85, 0.95]).map(a => Number((a * 100).toFixed(2))).join(', ')} /></div>
    <fieldset><legend>For what; empty is everything${isNew ? '' : '. Another scope, period or time zone begins with nothing spent'}</legend><div class="line-form">
      ${parts.map(p => html`<div key=${p}><label for=${`budget-${p}`}>${p.charAt(0).toUpperCase() + p.slice(1)}</label><input id=${`budget-${p}`} name=${p} maxlength="200" defaultValue=${budget.scope?.[p] ?? ''} placeholder="any" /></div>`)}</div></fieldset>
    <${Problem} error=${error} />
    <p class="row"><button type="submit" class="main" disabled=${busy}>${isNew ? 'Make the budget' : 'Save'}</button><button type="button" class="button" onClick=${onClose}>Not now</button></p>
  </form>`;
}
