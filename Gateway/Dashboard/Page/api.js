export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `The gateway answers ${status}.`);
    this.status = status;
  }
}

/** Reads a path of the API; parameters without value are left out. */
export const get = (path, parameters = {}, signal = undefined) => {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== undefined && v !== null && v !== ''));
  return call('GET', query.size ? `${path}?${query}` : path, undefined, signal);
};

export const send = (method, path, body) => call(method, path, body);

async function call(method, path, body, signal) {
  let response, answer = null;
  try {
    response = await fetch(path, { method, signal, headers: body === undefined ? {} : { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
    if (/json/.test(response.headers.get('Content-Type') ?? '')) answer = await response.json();
  } catch (problem) {
    throw signal?.aborted ? problem : new Error('The gateway does not answer.');
  }
  if (response.status === 401) signedOut();
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

let leaving = false;

/** The session has ended: the page gives way to the one that asks for a key. */
export function signedOut() {
  if (leaving) return;
  leaving = true;
  location.reload();
}
