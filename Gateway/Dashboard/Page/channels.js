import { useState } from 'preact/hooks';
import { html } from './html.js';
import { get, send } from './api.js';
import { usePoll } from './poll.js';
import { Empty, Problem } from './parts.js';
import { Loading, State, isAdmin } from './shown.js';

const kinds = { email: 'Email (SMTP)', slack: 'Slack', webhook: 'Signed webhook', pagerduty: 'PagerDuty', sms: 'SMS (Twilio)', alertmanager: 'Alertmanager' };

/** Where notices go; what a channel is configured with is never shown. */
export function Channels({ you }) {
  const [channels, setChannels] = useState(null);
  const [results, setResults] = useState({});
  const error = usePoll(async signal => setChannels((await get('/alerts/channels', {}, signal)).items), 15000, []);
  const test = async name => {
    const tell = result => setResults(all => ({ ...all, [name]: result }));
    tell({ mood: 'busy', text: 'Sending a test …' });
    try {
      await send('POST', `/alerts/channels/${encodeURIComponent(name)}/test`);
      tell({ mood: 'good', text: `The test was taken at ${new Date().toLocaleTimeString()}.` });
    } catch (problem) {
      tell({ mood: 'bad', text: problem.message });
    }
  };
  return html`
    <${Problem} error=${error} />
    <div class="scroll" tabindex="0" role="region" aria-label="Channels">
      ${channels === null && !error && html`<${Loading} />`}
      ${channels?.length === 0 && html`<${Empty} title="No channels">monitoring/alerts.yaml has none; alerts are shown here only.</${Empty}>`}
      ${channels?.length > 0 && html`
      ${channels.every(c => c.state !== 'on') && html`<p class="note-box">No channel is on, so alerts are shown here and nobody is told. Set the variables of one and start the gateway again.</p>`}
      <div class="table-box"><table>
        <thead><tr><th>Channel</th><th>State</th><th class="wide">To turn it on, set</th>${isAdmin(you) && html`<th class="right">Try it</th>`}</tr></thead>
        <tbody>${channels.map(c => html`<tr key=${c.name}>
          <td><b>${c.name}</b><small class="block">${kinds[c.type] ?? c.type}</small></td>
          <td><${State} mood=${c.state === 'on' ? 'good' : 'off'} text=${c.state === 'on' ? 'On' : 'Off'} /></td>
          <td class="wide mono break">${c.unset.join(', ')}</td>
          ${isAdmin(you) && html`<td class="right">${c.state === 'on' ? html`<button class="button" onClick=${() => test(c.name)} disabled=${results[c.name]?.mood === 'busy'} aria-label=${`Test ${c.name}`}>Send a test</button>` : html`<span class="quiet">–</span>`}
            ${results[c.name] && html`<small class=${`block break ${results[c.name].mood}`} role="status">${results[c.name].text}</small>`}</td>`}</tr>`)}</tbody>
      </table></div>`}
    </div>`;
}
