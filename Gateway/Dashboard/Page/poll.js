import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * Calls load again and again while the page is visible, the next time only after the last has ended.
 * Begins anew when a dependency changes. Returns the latest error.
 */
export const usePoll = (load, milliseconds, dependencies) => usePollNow(load, milliseconds, dependencies)[0];

/**
 * The same, and a function that loads at once, for who has just changed something: an answer that is under way is dropped, as it may
 * be from before the change.
 */
export function usePollNow(load, milliseconds, dependencies) {
  const [error, setError] = useState(null);
  const latest = useRef(load);
  const begin = useRef(null);
  latest.current = load;
  useEffect(() => {
    let ending = new AbortController();
    let timer;
    const run = async () => {
      const { signal } = ending;
      if (!document.hidden) {
        try {
          await latest.current(signal);
          if (!signal.aborted) setError(null);
        } catch (problem) {
          if (signal.aborted) return;
          setError(problem);
        }
      }
      if (!signal.aborted) timer = setTimeout(run, milliseconds);
    };
    const stop = () => {
      ending.abort();
      clearTimeout(timer);
    };
    begin.current = () => {
      stop();
      ending = new AbortController();
      return run();
    };
    run();
    return () => {
      stop();
      begin.current = null;
    };
  }, dependencies);
  return [error, async () => begin.current?.()];
}
