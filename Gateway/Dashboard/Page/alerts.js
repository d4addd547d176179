import { useCallback, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePollNow } from './poll.js';
import { link } from './route.js';
import { Attributes, Empty, Head, Pane, Problem, useAction } from './parts.js';
import { dateTime, plural, quantity } from './format.js';
import { Labels, Loading, Severity, Tabs, ago, isOperator, lasted } from './shown.js';
import { AlertHistory } from './alert-history.js';
import { Silences, silenceOf } from './silences.js';
import { Rules } from './rules.js';
import { Channels } from './channels.js';

const tabs = [['active', 'Active'], ['history', 'History'], ['silences', 'Silences'], ['rules', 'Rules'], ['channels', 'Channels']];
const states = { firing: 'Firing', pending: 'Pending', acknowledged: 'Acknowledged', silenced: 'Silenced', inhibited: 'Follows from another', resolved: 'Resolved' };
const groups = [['firing', 'Nobody has these yet'], ['acknowledged', 'Acknowledged'], ['silenced', 'Silenced'], ['inhibited', 'Follow from another'], ['pending', 'Not yet firing']];

export function Alerts({ parts, query, you }) {
  const tab = tabs.some(([id]) => id === parts[1]) ? parts[1] : 'active';
  return html`
    <${Head} title="Alerts"><${Tabs} label="Alerts" tabs=${tabs.map(([id, name]) => [link(['alerts', id]), name, id === tab])} /></${Head}>
    ${tab === 'history' ? html`<${AlertHistory} query=${query} />`
      : tab === 'silences' ? html`<${Silences} query=${query} you=${you} />`
      : tab === 'rules' ? html`<${Rules} selected=${parts[2]} you=${you} />`
      : tab === 'channels' ? html`<${Channels} you=${you} />`
      : html`<${Active} selected=${parts[2]} you=${you} />`}`;
}

function Active({ selected, you }) {
  const [alerts, setAlerts] = useState(null);
  const [error, loadNow] = usePollNow(async signal => setAlerts((await get('/alerts', {}, signal)).items), 3000, []);
  const close = useCallback(() => { location.hash = '#/alerts'; }, []);
  const [acknowledge, , failed] = useAction(async (alert, note) => {
    await send('POST', `/alerts/${alert.id}/acknowledge`, note ? { note } : {});
    await loadNow();
  });
  const shown = alerts?.find(a => a.id === selected);
  return html`
    <${Problem} error=${failed ?? error} />
    ${selected && alerts && !shown && html`<p class="note-box outside">This alert is active no longer. <a href="#/alerts/history">The history</a> has it.</p>`}
    <div class="split">
      <div class="scroll" tabindex="0" role="region" aria-label="Active alerts">
        ${alerts === null && !error && html`<${Loading} />`}
        ${alerts?.length === 0 && html`<${Empty} title="No alerts">Nothing fires and nothing is about to. <a href="#/alerts/rules">The rules</a> say what would.</${Empty}>`}
        ${alerts?.length > 0 && groups.map(([state, title]) => {
          const list = alerts.filter(a => a.state === state);
          return list.length > 0 && html`<section class="alert-group" key=${state}>
            <h2 class="title">${title} <small>${plural(list.length, 'alert')}</small></h2>
            <ul class="alerts card">${list.map(a => html`<${Row} key=${a.id} alert=${a} chosen=${a.id === selected} mayAct=${isOperator(you)} acknowledge=${acknowledge} />`)}</ul>
          </section>`;
        })}
      </div>
      ${shown && html`<${Alert} key=${shown.id} alert=${shown} mayAct=${isOperator(you)} acknowledge=${acknowledge} onClose=${close} />`}
    </div>`;
}

function Row({ alert, chosen, mayAct, acknowledge }) {
  return html`<li class=${`alert ${alert.severity} ${alert.state} ${chosen ? 'selected' : ''}`}>
    <${Severity} severity=${alert.severity} />
    <div class="alert-text"><a href=${link(['alerts', 'active', alert.id])}><b>${alert.summary}</b></a>
      <p class="quiet">${alert.rule} <${Labels} labels=${alert.labels} without=${['alertname', 'severity']} /></p></div>
    <span class="alert-since nowrap" title=${dateTime(Date.parse(alert.active_at))}>${alert.fired_at ? 'fires for' : 'seen for'} ${lasted(Date.parse(alert.fired_at ?? alert.active_at))}
      ${alert.acknowledged_by && html`<small class="block">${alert.acknowledged_by} has it</small>`}</span>
    ${mayAct && html`<span class="alert-actions">
      ${alert.state === 'firing' && html`<button class="button" onClick=${() => acknowledge(alert)} aria-label=${`Acknowledge ${alert.rule}`}>Acknowledge</button>`}
      ${alert.state !== 'silenced' && html`<a class="button" href=${silenceOf(alert.labels)} aria-label=${`Silence ${alert.rule}`}>Silence</a>`}</span>`}
  </li>`;
}

function Alert({ alert, mayAct, acknowledge, onClose }) {
  const [note, setNote] = useState('');
  const at = text => (text ? `${dateTime(Date.parse(text))} (${ago(Date.parse(text))})` : undefined);
  const facts = [
    ['severity', alert.severity], ['state', states[alert.state]], ['value', quantity(alert.value)], ['since', at(alert.active_at)], ['fires since', at(alert.fired_at)],
    ['resolved', at(alert.resolved_at)], ['acknowledged', at(alert.acknowledged_at)], ['by', alert.acknowledged_by], ['note', alert.note],
  ].filter(([, v]) => v).map(([key, value]) => ({ key, value }));
  const isAddress = /^https?:/.test(alert.runbook);
  return html`<${Pane} title=${alert.summary} subtitle=${alert.rule} onClose=${onClose}>
    <p>${alert.description}</p>
    <p class="links">
      ${isAddress ? html`<a href=${alert.runbook}>Runbook</a>` : html`<span class="quiet">Runbook: <code>${alert.runbook}</code></span>`}
      <a href=${link(['alerts', 'rules', alert.rule])}>The rule</a>
      ${mayAct && alert.state !== 'silenced' && html`<a href=${silenceOf(alert.labels)}>Silence it</a>`}
      ${alert.silenced_by && html`<a href="#/alerts/silences">Its silence</a>`}
      ${alert.inhibited_by && html`<a href=${link(['alerts', 'active', alert.inhibited_by])}>What it follows from</a>`}
    </p>
    ${mayAct && alert.state === 'firing' && html`<form class="form" onSubmit=${e => { e.preventDefault(); acknowledge(alert, note.trim()); }}>
      <label for="note">Note for the others (may be left out)</label>
      <input id="note" maxlength="1000" value=${note} onInput=${e => setNote(e.target.value)} placeholder="Looking into it" />
      <div class="row"><button type="submit" class="main">Acknowledge</button></div>
    </form>`}
    <${Attributes} title="Facts" items=${facts} />
    <${Attributes} title="Labels" items=${Object.entries(alert.labels).map(([key, value]) => ({ key, value: String(value) }))} />
  </${Pane}>`;
}
