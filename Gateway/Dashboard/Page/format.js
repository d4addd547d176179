const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hour12: false });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const time = milliseconds => clock.format(milliseconds);
export const dateTime = milliseconds => day.format(milliseconds);

export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds >= 1) return `${milliseconds.toFixed(milliseconds >= 100 ? 0 : 1)} ms`;
  return `${Math.round(milliseconds * 1000)} µs`;
}

export function quantity(value) {
  if (value === null || value === undefined) return '–';
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  if (size === 0 || Number.isInteger(value)) return String(value);
  return String(Number(size >= 1 ? value.toFixed(2) : value.toPrecision(3)));
}

/** A UCUM unit as people write it: {request} is a word, not a unit. */
export const unit = text => text.replace(/[{}]/g, '').replace(/^By$/, 'B').replace(/^1$/, '');

export const levels = [['Trace', 1], ['Debug', 5], ['Information', 9], ['Warning', 13], ['Error', 17], ['Critical', 21]];

export function level(severity) {
  return severity === 0 ? 'None' : levels.findLast(([, from]) => severity >= from)[0];
}

/** One of the eight colours of the stylesheet, the same for the same name. */
export function hue(name) {
  let hash = 7;
  for (const c of name) hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
  return `hue-${hash % 8}`;
}

export const plural = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? '' : 's'}`;

// Colours and cursor moves of terminals.
export const withoutAnsi = text => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
