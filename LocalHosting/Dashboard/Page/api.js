export class ApiError extends Error {
  constructor(status) {
    super(status === 401 ? 'Logged out: open the link that AppHost printed.' : status === 404 ? 'It is not there (any more).' : `The dashboard answers ${status}.`);
    this.status = status;
  }
}

/** Reads a path of the API; parameters without value are left out. */
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, v]) => v !== undefined && v !== null && v !== '' && v !== 0));
  const response = await fetch(query.size ? `${path}?${query}` : path, { signal }).catch(problem => { throw signal?.aborted ? problem : new Error('AppHost does not answer: it has stopped, or is starting again.'); });
  if (!response.ok) throw new ApiError(response.status);
  return response.json();
}

export async function post(path) {
  const response = await fetch(path, { method: 'POST' });
  if (!response.ok && response.status !== 409) throw new ApiError(response.status);
}
