import { useCallback, useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { get, post } from './api.js';
import { link } from './route.js';
import { Attributes, Head, Pane, Problem, clickable } from './parts.js';
import { plural } from './format.js';

const words = { FailedToStart: 'Failed' };

export function State({ state, health }) {
  const mood = state === 'Stopped' || state === 'Unavailable' ? 'off' : state === 'FailedToStart' || state === 'Exited' || health === 'Unhealthy' ? 'bad' : state === 'Running' && health === 'Healthy' ? 'good' : 'busy';
  const text = state === 'Running' && health === 'Unhealthy' ? 'Unhealthy' : words[state] ?? state;
  return html`<span class=${`state ${mood}`}><i></i>${text}</span>`;
}

export function Resources({ overview, selected }) {
  const resource = overview.resources.find(r => r.name === selected);
  const close = useCallback(() => { location.hash = '#/resources'; }, []);
  const { logs, traces, metrics } = overview.telemetry;
  return html`
    <${Head} title="Resources" count=${overview.resources.length} />
    <div class="split">
      <div class="scroll">
        <div class="table-box"><table class="resources">
          <thead><tr><th>Name</th><th>State</th><th>Endpoints</th><th class="wide">Replicas</th><th class="wide">Restarts</th><th><span class="unseen">Actions</span></th></tr></thead>
          <tbody>${overview.resources.map(r => html`
            <tr key=${r.name} aria-selected=${r.name === selected} ...${clickable(e => { if (!e.target.closest('a, button')) location.hash = link(['resources', r.name]); })} role="row">
              <td><b>${r.name}</b><small>${r.type}</small></td>
              <td><${State} ...${r} />${r.reason && html`<small class="reason" title=${r.reason}>${r.reason}</small>`}</td>
              <td class="urls">${r.urls.map(u => u.startsWith('http') ? html`<a key=${u} href=${u} target="_blank" rel="noopener">${u.replace('127.0.0.1', 'localhost')}</a>` : html`<code key=${u}>${u}</code>`)}${r.urls.length === 0 && html`<span class="quiet">${r.note ?? '–'}</span>`}</td>
              <td class="wide">${r.replicas.length}</td>
              <td class="wide">${r.restarts || html`<span class="quiet">0</span>`}</td>
              <td><${Actions} resource=${r} /></td>
            </tr>`)}</tbody>
        </table></div>
        <p class="use quiet">Kept here: ${plural(logs.count, 'log')}, ${plural(traces.count, 'trace')}, ${plural(metrics.count, 'series').replace('seriess', 'series')} in ${((logs.bytes + traces.bytes + metrics.bytes) / 1048576).toFixed(0)} MB.
          ${logs.dropped + traces.dropped + metrics.dropped + overview.telemetry.droppedSpans > 0 && ` Dropped as the oldest or too many: ${plural(logs.dropped, 'log')}, ${plural(traces.dropped, 'trace')}, ${plural(overview.telemetry.droppedSpans, 'span')}, ${plural(metrics.dropped, 'point')}.`}</p>
      </div>
      ${resource && html`<${Detail} key=${resource.name} resource=${resource} onClose=${close} />`}
    </div>`;
}

function Actions({ resource }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const act = action => async () => {
    setBusy(true);
    try {
      await post(`/api/resources/${resource.name}/${action}`);
      setError(null);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const isOff = resource.state === 'Stopped' || resource.state === 'Unavailable' || resource.state === 'FailedToStart';
  const waits = busy || resource.state === 'Stopping';
  return html`<div class="actions">
    ${isOff
      ? html`<button class="icon" disabled=${waits} onClick=${act('start')} aria-label=${`Start ${resource.name}`} title="Start"><svg viewBox="0 0 24 24"><path class="fill" d="M8 5v14l11-7z" /></svg></button>`
      : html`<button class="icon" disabled=${waits} onClick=${act('stop')} aria-label=${`Stop ${resource.name}`} title="Stop"><svg viewBox="0 0 24 24"><path class="fill" d="M7 7h10v10H7z" /></svg></button>`}
    <button class="icon" disabled=${waits || isOff} onClick=${act('restart')} aria-label=${`Restart ${resource.name}`} title="Restart"><svg viewBox="0 0 24 24"><path d="M19 12a7 7 0 1 1-2.1-5M17 3v4.5h-4.5" /></svg></button>
    <a class="icon" href=${link(['console', resource.name])} aria-label=${`Console of ${resource.name}`} title="Console"><svg viewBox="0 0 24 24"><path d="M3 5h18v14H3zM7 10l3 2.5L7 15M12.5 15.5H17" /></svg></a>
    <${Problem} error=${error} />
  </div>`;
}

function Detail({ resource, onClose }) {
  const [replica, setReplica] = useState(0);
  const [variables, setVariables] = useState([]);
  const [error, setError] = useState(null);
  useEffect(() => {
    const ending = new AbortController();
    get(`/api/resources/${resource.name}/environment`, { replica }, ending.signal).then(v => { setVariables(v); setError(null); }, e => ending.signal.aborted || setError(e));
    return () => ending.abort();
  }, [resource.name, replica, resource.state]);
  return html`<${Pane} title=${resource.name} subtitle=${resource.type} onClose=${onClose}>
    <p><${State} ...${resource} /></p>
    ${resource.reason && html`<p class="reason-full">${resource.reason}</p>`}
    <p class="links"><a href=${link(['console', resource.name])}>Console</a><a href=${link(['logs'], { resource: resource.name })}>Structured logs</a><a href=${link(['traces'], { resource: resource.name })}>Traces</a><a href=${link(['metrics'], { resource: resource.name })}>Metrics</a></p>
    ${resource.replicas.length > 1 && html`<section><h3>Replicas</h3><ul class="replicas">${resource.replicas.map(r => html`
      <li key=${r.index}><button class=${r.index === replica ? 'chosen' : ''} onClick=${() => setReplica(r.index)}>${r.name}</button><${State} ...${r} />${r.urls.map(u => html`<a href=${u} target="_blank" rel="noopener">${new URL(u).port}</a>`)}${r.restarts > 0 && html`<small>${plural(r.restarts, 'restart')}</small>`}</li>`)}</ul></section>`}
    ${resource.waitsFor.length > 0 && html`<section><h3>Waits for</h3><p>${resource.waitsFor.join(', ')}</p></section>`}
    <${Problem} error=${error} />
    <${Attributes} title="Environment" items=${variables.map(v => ({ key: v.name, value: v.value }))} />
  </${Pane}>`;
}
