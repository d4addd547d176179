import { html } from './html.js';

/**
 * Steps in columns, each one right of those that it needs; what needs what is told in words too.
 * @param steps {id, needs, …} in an order in which each comes after what it needs
 * @param node what stands in a step's card
 */
export function Graph({ steps, label, node }) {
  const columns = [];
  const place = new Map();
  for (const step of steps) {
    const column = Math.max(-1, ...step.needs.map(n => place.get(n) ?? -1)) + 1;
    place.set(step.id, column);
    (columns[column] ??= []).push(step);
  }
  return html`<div class="graph" role="region" tabindex="0" aria-label=${label}>
    ${columns.map((column, i) => html`<ol key=${i} class="graph-column">${column.map(step => html`
      <li key=${step.id} class="step">${node(step)}${step.needs.length > 0 && html`<small class="block quiet">after ${step.needs.join(', ')}</small>`}</li>`)}</ol>`)}
  </div>`;
}
