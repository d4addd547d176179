// Preloaded into Portkey 1.15.2.
import net from 'node:net';

// It listens on all interfaces; here it is measured on this machine only.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  const options = typeof first === 'object' && first !== null ? { ...first } : { port: Number(first) };
  options.host ??= '127.0.0.1';
  return listen.call(this, options, ...rest.filter((r) => typeof r === 'function'));
};

// Its streams answer 500 on current Node versions (its issue 1389), because it changes the headers of a response of fetch, which are
// immutable: it gets a copy that is not.
const real = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const response = await real(...args);
  return response.headers.get('content-type')?.startsWith('text/event-stream')
    ? new Response(response.body, { status: response.status, headers: new Headers(response.headers) })
    : response;
};
