import { useLayoutEffect, useRef } from 'preact/hooks';
import { html } from './html.js';

/**
 * Steps in columns, each one right of those that it needs, which a line leads from; it is told in words too. It comes into view where
 * something runs or waits.
 * @param steps {id, needs, …} in an order in which each comes after what it needs
 * @param node what stands in a step's card
 */
export function Graph({ steps, label, node }) {
  const box = useRef(null);
  const columns = [];
  const place = new Map();
  for (const step of steps) {
    const column = Math.max(-1, ...step.needs.map(n => place.get(n) ?? -1)) + 1;
    place.set(step.id, column);
    (columns[column] ??= []).push(step);
  }
  const active = steps.find(s => ['RUNNING', 'AWAITING_APPROVAL', 'FAILED', 'TIMED_OUT'].includes(s.status))?.id;
  useLayoutEffect(() => {
    const card = [...box.current.querySelectorAll('.step')].find(c => c.dataset.id === active);
    if (card) box.current.scrollLeft = card.offsetLeft - (box.current.clientWidth - card.offsetWidth) / 2;
  }, [active]);

  // Cards take the room that their text needs: where the lines go is known once they stand.
  useLayoutEffect(() => {
    const draw = () => {
      const cards = new Map([...box.current.querySelectorAll('.step')].map(c => [c.dataset.id, c]));
      const lines = steps.flatMap(s => s.needs.filter(n => cards.has(n)).map(n => {
        const [from, to] = [cards.get(n), cards.get(s.id)];
        const [x, y, end, down] = [from.offsetLeft + from.offsetWidth, from.offsetTop + from.offsetHeight / 2, to.offsetLeft, to.offsetTop + to.offsetHeight / 2];
        return `M${x} ${y}C${x + 10} ${y} ${end - 10} ${down} ${end} ${down}`;
      }));
      box.current.querySelector('path').setAttribute('d', lines.join(''));
    };
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(box.current.querySelector('.graph-all'));
    return () => watch.disconnect();
  }, [steps]);
  return html`<div class="graph" role="region" tabindex="0" aria-label=${label} ref=${box}><div class="graph-all">
    <svg aria-hidden="true"><path /></svg>
    ${columns.map((column, i) => html`<ol key=${i} class="graph-column">${column.map(step => html`
      <li key=${step.id} class="step" data-id=${step.id}>${node(step)}${step.needs.length > 0 && html`<small class="block quiet">after ${step.needs.join(', ')}</small>`}</li>`)}</ol>`)}
  </div></div>`;
}
