import { useState } from 'preact/hooks';
import { html } from './html.js';
import { Problem } from './parts.js';

const moods = {
  COMPLETED: 'good', FAILED: 'bad', TIMED_OUT: 'bad', CANCELLED: 'off', RUNNING: 'busy', PENDING: 'off', AWAITING_APPROVAL: 'busy', SKIPPED: 'off',
  healthy: 'good', degraded: 'busy', unhealthy: 'bad',
};
const words = { TIMED_OUT: 'Timed out', AWAITING_APPROVAL: 'Awaits approval' };

export const word = status => words[status] ?? status.charAt(0).toUpperCase() + status.slice(1).toLowerCase();

/** A status by colour and word: of an execution, or of health. */
export function Status({ status }) {
  return html`<span class=${`state ${moods[status] ?? 'off'} ${status === 'RUNNING' ? '' : 'still'}`}><i></i>${word(status)}</span>`;
}

/** A state that is no status of an execution: a dot in one of the moods, and a word. */
export const State = ({ mood, text }) => html`<span class=${`state ${mood} still`}><i></i>${text}</span>`;

export const Severity = ({ severity }) => html`<span class=${`severity ${severity}`}>${severity}</span>`;

/** Labels or matchers, as label=value. */
export const Labels = ({ labels, without = [] }) => html`<span class="labels">${Object.entries(labels).filter(([l]) => !without.includes(l)).map(([label, value]) => html`<code key=${label}>${label}=${[value].flat().join(' | ')}</code>`)}</span>`;

export const Loading = () => html`<p class="empty" role="status">Loading …</p>`;

/** Pages of a page: [address, name, whether it is this one]. */
export const Tabs = ({ label, tabs }) => html`<ul class="tabs" aria-label=${label}>${tabs.map(([href, name, isThis]) => html`<li key=${href}><a href=${href} aria-current=${isThis ? 'page' : undefined}>${name}</a></li>`)}</ul>`;

/** A button that asks once more. */
export function Confirm({ text, name, onConfirm }) {
  const [asked, setAsked] = useState(false);
  const press = e => {
    if (e.detail > 1) return; // the second of a double click confirms nothing
    setAsked(!asked);
    if (asked) onConfirm();
  };
  return html`<button type="button" class=${`button ${asked ? 'danger' : ''}`} onClick=${press} onKeyDown=${e => e.repeat && e.preventDefault()} onBlur=${() => setAsked(false)} aria-label=${`${asked ? 'Really ' : ''}${asked ? text.toLowerCase() : text} ${name}`}>${asked ? `Really ${text.toLowerCase()}` : text}</button>`;
}

/** A button that copies a text, and says so. */
export function Copy({ text, name }) {
  const [done, setDone] = useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => setDone(true), () => {});
  return html`<button type="button" class="button" onClick=${copy} onBlur=${() => setDone(false)} title=${text}>${done ? 'Copied' : `Copy ${name}`}</button>`;
}

export const isOperator = you => you.role === 'operator' || you.role === 'admin';

export const isAdmin = you => you.role === 'admin';

/** A figure with its name, and what it leads to. */
export function Tile({ title, value, note, mood = '', href }) {
  return html`<${href ? 'a' : 'div'} class=${`tile card ${mood}`} href=${href}><h2>${title}</h2><p class="figure">${value}</p><p class="quiet note">${note ?? ''}</p></${href ? 'a' : 'div'}>`;
}

export const dollars = value => {
  if (value === null || value === undefined) return '–';
  const [sign, size] = [value < 0 ? '−' : '', Math.abs(value)];
  if (size === 0) return '$0';
  return sign + (size >= 100 ? `$${Math.round(size).toLocaleString()}` : size >= 0.01 ? `$${size.toFixed(2)}` : `$${size.toLocaleString('en', { maximumSignificantDigits: 2 })}`);
};

export const percent = value => (value === null || value === undefined ? '–' : `${(value * 100).toFixed(value > 0.9999 || value < 0.0001 ? 0 : 1)} %`);

export const count = value => (value === null || value === undefined ? '–' : value.toLocaleString());

/** A number a second, as exactly as one reads it. */
export const rate = value => (value === null || value === undefined ? '–' : `${value === 0 ? 0 : value < 0.005 ? '<0.01' : value < 10 ? Number(value.toFixed(2)) : Math.round(value).toLocaleString()}/s`);

/** How long ago, in the largest unit that fits. */
export function ago(milliseconds, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - milliseconds) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** Seconds in the two largest units. */
export function span(exact) {
  if (exact === null || exact === undefined) return '–';
  const seconds = Math.round(exact);
  if (seconds < 60) return `${exact < 9.95 ? Number(exact.toPrecision(2)) : seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

/** How long, without the seconds that nobody needs of minutes. */
export function lasted(from, to = Date.now()) {
  const seconds = Math.max(0, Math.round((to - from) / 1000));
  return seconds >= 60 && seconds < 3600 ? `${Math.floor(seconds / 60)} min` : span(seconds);
}

export const until = (milliseconds, now = Date.now()) => `in ${lasted(now, milliseconds)}`;

/** What the address names and nobody has. */
export const Unknown = ({ kind, name }) => html`<${Problem} error=${new Error(`There is no ${kind} ${name}.`)} />`;

/** Bytes in the unit that fits. */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(1024)));
  const number = value / 1024 ** power;
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[power]}`;
}

export const isFinal = status => status !== 'PENDING' && status !== 'RUNNING';

/** A value of JSON as people read it: a text as it is, an object with nothing but a text as that text. */
export function asText(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  const names = Object.keys(value);
  return names.length === 1 && names[0] === 'text' && typeof value.text === 'string' ? value.text : JSON.stringify(value, null, 2);
}

/** Points of a series for the plot. */
export const points = (history, values, factor = 1) => values.map((v, i) => [history.start + i * history.step_seconds, v === null ? null : v * factor]);

/** Seconds that a plot of the history shows: since there is something, from 1 to 15 minutes. */
export function reach(history) {
  const first = history.database_connections.findIndex(v => v !== null);
  return Math.min(900, Math.max(60, first < 0 ? 0 : (history.database_connections.length - first) * history.step_seconds));
}

export const end = history => history.start + history.requests_per_second.length * history.step_seconds;
