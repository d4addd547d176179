import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from './html.js';
import { quantity } from './format.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
const exact = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' });

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Puts series of [time, value] on one axis of time. A value of null is a gap; a time that a series lacks is none. */
export function align(series) {
  const times = [...new Set(series.flatMap(s => s.points.map(p => p[0])))].sort((a, b) => a - b);
  const place = new Map(times.map((t, i) => [t, i]));
  return [times, ...series.map(s => {
    const values = new Array(times.length);
    for (const [t, v] of s.points) values[place.get(t)] = v;
    return values;
  })];
}

// Lines join points: one between two gaps would not be seen.
function alone(plot, index) {
  const values = plot.data[index];
  const told = values.flatMap((v, i) => (v === undefined ? [] : [i]));
  return told.filter((at, i) => values[at] !== null && (values[told[i - 1]] ?? null) === null && (values[told[i + 1]] ?? null) === null);
}

/** Lines, or bars of UTC days, over the last so many seconds; height in pixels, without the legend. */
export function Plot({ series, seconds, now, unit, label, height = 300, bars = false }) {
  const box = useRef(null);
  const plot = useRef(null);
  const names = JSON.stringify(series.map(s => s.name));
  const data = align(series);
  const window = useRef();
  window.current = [now - seconds, now];

  // Before the next paint: an effect after it may find the page gone, and leave its listeners behind.
  useLayoutEffect(() => {
    const make = () => {
      if (!box.current) return;
      plot.current?.destroy();
      const grid = { stroke: colour('--line'), width: 1 };
      const axis = { stroke: colour('--quiet'), grid, ticks: grid, font: '12px system-ui, sans-serif' };
      plot.current = new uPlot({
        width: Math.max(240, box.current.clientWidth),
        height,
        padding: [null, 30, null, null],
        cursor: { points: { size: 6 } },
        legend: { live: true },
        scales: { x: { time: true, range: () => window.current }, y: { range: (_, low, high) => (low === null ? [0, 1] : low === high ? [Math.min(0, low), high === 0 ? 1 : Math.max(0, high) * 1.2] : [low < 0 || low > high / 2 ? low : 0, high + (high - low) * 0.08]) } },
        axes: [{ ...axis, space: 72, values: (_, ticks, axisIndex, space, step) => ticks.map(t => (bars || step >= 86400 ? day : step < 60 ? exact : clock).format(t * 1000)) }, { ...axis, size: 64, values: (_, ticks) => ticks.map(t => quantity(t)) }],
        series: [{ value: (_, t) => (t === null ? '–' : bars ? day.format(t * 1000) : exact.format(t * 1000)) }, ...series.map((s, i) => ({
          label: s.name,
          stroke: colour(`--hue-${i % 8}`),
          width: 1.75,
          points: { show: true, size: 5, fill: colour(`--hue-${i % 8}`), filter: alone },
          ...(bars && { points: { show: false }, paths: uPlot.paths.bars({ size: [0.6, 40] }), fill: colour(`--hue-${i % 8}`) }),
          value: (_, v) => (v === null || v === undefined ? '–' : `${quantity(v)} ${unit}`),
        }))],
      }, data, box.current);
    };
    make();
    const watch = new ResizeObserver(() => { if (box.current) plot.current?.setSize({ width: Math.max(240, box.current.clientWidth), height }); });
    watch.observe(box.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', make);
    return () => {
      watch.disconnect();
      scheme.removeEventListener('change', make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names, unit]);

  // Without a cursor the legend tells the latest.
  useEffect(() => {
    if (!plot.current) return;
    plot.current.setData(data);
    if (!(plot.current.cursor.left >= 0)) plot.current.setLegend({ idxs: data.map(values => Math.max(0, values.findLastIndex(v => v !== null && v !== undefined))) });
  });
  return html`<div class="plot" ref=${box} role="img" aria-label=${label}></div>`;
}
