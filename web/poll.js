import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * Calls load again and again while the page is visible, the next time only after the last has ended.
 * Begins anew when a dependency changes. Returns the latest error.
 */
export function usePoll(load, milliseconds, dependencies) {
  const [error, setError] = useState(null);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const ending = new AbortController();
    let timer;
    const run = async () => {
      if (!document.hidden) {
        try {
          await latest.current(ending.signal);
          if (!ending.signal.aborted) setError(null);
        } catch (problem) {
          if (ending.signal.aborted) return;
          setError(problem);
        }
      }
      if (!ending.signal.aborted) timer = setTimeout(run, milliseconds);
    };
    run();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, dependencies);
  return error;
}

/** Rows that grow at the end: load(after, signal) gives {rows, last}. Keeps the newest. */
export function useTail(load, milliseconds, dependencies, most = 10000) {
  const [rows, setRows] = useState([]);
  const state = useRef({ after: 0, key: null });
  const key = JSON.stringify(dependencies);
  const error = usePoll(async signal => {
    if (state.current.key !== key) state.current = { after: 0, key, fresh: true };
    const { rows: more, last } = await load(state.current.after, signal);
    if (signal.aborted) return;
    const isFirst = state.current.fresh;
    state.current = { after: last, key, fresh: false };
    if (isFirst) setRows(more);
    else if (more.length) setRows(before => (before.length + more.length > most ? [...before, ...more].slice(-most) : [...before, ...more]));
  }, milliseconds, [key]);
  return [rows, error];
}
