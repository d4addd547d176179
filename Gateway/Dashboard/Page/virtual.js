import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';

const overscan = 12;

/**
 * A long list of which only what is in view is in the document. Rows have one height, in pixels.
 * With follow it stays at its end while rows come, until somebody scrolls up.
 */
export function VirtualList({ rows, height, row, keyOf, follow = false, label, onKey, minWidth }) {
  const box = useRef(null);
  const atEnd = useRef(follow);
  const [range, setRange] = useState({ from: 0, count: 60 });

  const measure = () => {
    if (!box.current) return; // a scroll event may come after the end
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    atEnd.current = follow && scrollTop + clientHeight >= scrollHeight - height;
    const from = Math.max(0, Math.floor(scrollTop / height) - overscan);
    const count = Math.ceil(clientHeight / height) + 2 * overscan;
    setRange(before => (before.from === from && before.count === count ? before : { from, count }));
  };

  useEffect(() => {
    const watch = new ResizeObserver(measure);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (atEnd.current) box.current.scrollTop = box.current.scrollHeight;
    measure();
  }, [rows, follow]);

  const from = Math.min(range.from, Math.max(0, rows.length - range.count));
  const shown = rows.slice(from, from + range.count);
  return html`
    <div class="virtual" ref=${box} onScroll=${measure} tabindex="0" role="log" aria-live="off" aria-label=${label} onKeyDown=${onKey}>
      <div class="virtual-all" style=${{ height: `${rows.length * height}px`, minWidth }}>
        <div class="virtual-shown" style=${{ transform: `translateY(${from * height}px)` }}>
          ${shown.map((item, i) => html`<${Row} key=${keyOf(item)} item=${item} index=${from + i} row=${row} height=${height} />`)}
        </div>
      </div>
    </div>`;
}

function Row({ item, row, index }) {
  return row(item, index);
}
