import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';

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

/** A field that tells its text a moment after the last key, and follows what others set. */
export function Search({ label, value, onChange }) {
  const timer = useRef();
  const field = useRef(null);
  const told = useRef(value);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLayoutEffect(() => {
    if (value === told.current) return;
    clearTimeout(timer.current);
    told.current = field.current.value = value;
  }, [value]);
  const input = e => {
    clearTimeout(timer.current);
    const text = e.target.value.trim();
    timer.current = setTimeout(() => onChange(told.current = text), 250);
  };
  return html`<input type="search" ref=${field} placeholder=${label} aria-label=${label} defaultValue=${value} onInput=${input} />`;
}

const fields = 'input, textarea, select';

/**
 * A ref of a part that takes the focus as it comes, at its first element that matches, and gives it back as it goes. It takes none
 * from a field in which somebody may be typing, and none a frame later, when somebody may have begun to.
 */
export function useFocus(selector) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const { current } = box;
    const before = document.activeElement;
    if (!before?.matches(fields)) ((selector && current.querySelector(selector)) || current).focus();
    return () => {
      const now = document.activeElement;
      if (before?.isConnected && (now === document.body || current.contains(now))) before.focus();
    };
  }, []);
  return box;
}

/**
 * What a button or a form does, one at a time: [run, whether it runs, what went wrong]. A press while it runs does nothing, so that
 * nothing is sent twice.
 */
export function useAction(action) {
  const [{ busy, error }, setState] = useState({ busy: false, error: null });
  const running = useRef(false);
  const run = async (...given) => {
    given[0]?.preventDefault?.();
    if (running.current) return;
    running.current = true;
    setState({ busy: true, error: null });
    let problem = null;
    try {
      await action(...given);
    } catch (e) {
      problem = e;
    }
    running.current = false;
    setState({ busy: false, error: problem });
  };
  return [run, busy, error];
}

/** A pane beside the list. Escape closes it; in one of its fields, where something may have been typed, it leaves the field first. */
export function Pane({ title, subtitle, onClose, children }) {
  const box = useFocus();
  useEffect(() => {
    const close = e => {
      if (e.key !== 'Escape' || e.defaultPrevented) return;
      if (!e.target.matches?.(fields)) onClose();
      else if (box.current.contains(e.target)) box.current.focus();
    };
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [onClose]);
  return html`<aside class="pane" aria-label=${title} ref=${box} tabindex="-1">
    <header><div><h2>${title}</h2>${subtitle && html`<p class="quiet">${subtitle}</p>`}</div><button class="icon" onClick=${onClose} aria-label="Close">✕</button></header>
    <div class="pane-body">${children}</div>
  </aside>`;
}

export function Attributes({ title, items }) {
  return items.length === 0 ? null : html`<section class="attributes"><h3>${title}</h3>
    <dl>${items.map(({ key, value, href }, i) => html`<div key=${`${key} ${i}`}><dt>${key}</dt><dd>${href ? html`<a href=${href}>${value}</a>` : value}</dd></div>`)}</dl></section>`;
}
