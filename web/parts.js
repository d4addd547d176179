import { useEffect, useRef } from 'preact/hooks';
import { html } from './html.js';
import { hue } from './format.js';

/** A page's head: its title and what filters it. */
export function Head({ title, count, children }) {
  return html`<header class="head"><h1>${title}${count !== undefined && html`<span class="count">${count}</span>`}</h1><div class="tools">${children}</div></header>`;
}

export function Problem({ error }) {
  return error ? html`<p class="problem" role="alert">${error.message}</p>` : null;
}

export function Empty({ title, children }) {
  return html`<div class="empty"><h2>${title}</h2><p>${children}</p></div>`;
}

export function Select({ label, value, onChange, options }) {
  return html`<select aria-label=${label} title=${label} value=${value} onChange=${e => onChange(e.target.value)}>
    ${options.map(([text, v]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`)}
  </select>`;
}

/** A field that tells its text a moment after the last key. */
export function Search({ label, value, onChange }) {
  const timer = useRef();
  useEffect(() => () => clearTimeout(timer.current), []);
  const input = e => {
    clearTimeout(timer.current);
    const text = e.target.value;
    timer.current = setTimeout(() => onChange(text.trim()), 250);
  };
  return html`<input type="search" placeholder=${label} aria-label=${label} defaultValue=${value} onInput=${input} />`;
}

/** A pane beside the list; Escape closes it. */
export function Pane({ title, subtitle, onClose, children }) {
  useEffect(() => {
    const close = e => e.key === 'Escape' && onClose();
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [onClose]);
  return html`<aside class="pane" aria-label=${title}>
    <header><div><h2>${title}</h2>${subtitle && html`<p class="quiet">${subtitle}</p>`}</div><button class="icon" onClick=${onClose} aria-label="Close">✕</button></header>
    <div class="pane-body">${children}</div>
  </aside>`;
}

export function Attributes({ title, items }) {
  return items.length === 0 ? null : html`<section class="attributes"><h3>${title}</h3>
    <dl>${items.map(({ key, value, href }, i) => html`<div key=${`${key} ${i}`}><dt>${key}</dt><dd>${href ? html`<a href=${href}>${value}</a>` : value}</dd></div>`)}</dl></section>`;
}

export function Service({ name, detail, count }) {
  return html`<span class=${`service ${hue(name)}`} title=${detail ?? name}><i></i>${name}${count && html` <small>${count}</small>`}</span>`;
}

/** What makes an element with a click work by keyboard too. */
export const clickable = action => ({
  onClick: action,
  onKeyDown: e => {
    if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault();
      action(e);
    }
  },
  tabIndex: 0,
  role: 'button',
});
