import { useEffect, useState } from 'preact/hooks';

// Anybody may write an address: what is no encoding is taken as it stands.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address after #: its path in parts, and its query. */
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  return { parts: path.split('/').map(decoded).filter(p => p), query: Object.fromEntries(new URLSearchParams(query ?? '')) };
}

export function link(parts, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, v]) => v));
  return `#/${parts.map(encodeURIComponent).join('/')}${search.size ? `?${search}` : ''}`;
}

/** Changes the query of the current address without a step in the history. */
export function setQuery(change) {
  const { parts, query } = parse(location.hash);
  history.replaceState(null, '', link(parts, { ...query, ...change }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const change = () => setRoute(parse(location.hash));
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}
