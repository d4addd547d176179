import { useEffect, useRef, useState } from 'preact/hooks';
import { get, signedOut } from './api.js';

const address = path => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
const longest = 10000;

/**
 * A WebSocket that opens itself again, later and later up to ten seconds, at once when the page is shown or the network is back.
 * open(socket) is called for each connection, message(data) for each message, state('connecting' | 'open' | 'lost') on changes.
 * A connection over which nothing has come for patience() milliseconds is given up: a network that went away says nothing.
 */
function connect(path, { open, message, state, patience }) {
  let socket, timer, ended = false, failures = 0, heard;
  const run = () => {
    clearTimeout(timer);
    state(failures ? 'lost' : 'connecting');
    const mine = socket = new WebSocket(address(path));
    heard = Date.now();
    socket.onopen = () => {
      failures = 0;
      heard = Date.now();
      state('open');
      open?.(mine);
    };
    socket.onmessage = e => {
      heard = Date.now();
      message(JSON.parse(e.data));
    };
    socket.onclose = e => {
      // A browser doesn't say that a handshake was refused: ask.
      if (e.code === 1006) get('/dashboard/config').catch(() => {});
      if (e.code === 1008) signedOut();
      lost();
    };
  };
  const lost = () => {
    socket = null;
    if (ended) return;
    failures++;
    state('lost');
    timer = setTimeout(run, Math.min(longest, 500 * 2 ** Math.min(failures - 1, 5)) * (0.8 + Math.random() * 0.4));
  };
  const drop = () => {
    const mine = socket;
    mine.onopen = mine.onmessage = mine.onclose = null;
    if (!ended || mine.readyState !== WebSocket.CONNECTING) return mine.close();
    // Who goes on to another page has done nothing wrong: closed before it stands, it would be an error in the browser's console.
    mine.onopen = () => mine.close();
    setTimeout(() => mine.close(), 5000);
  };
  const watch = setInterval(() => {
    if (!socket || Date.now() - heard < patience()) return;
    drop();
    lost();
  }, 1000);
  const hurry = () => {
    if (!document.hidden && !socket) run();
  };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);
  run();
  return () => {
    ended = true;
    clearTimeout(timer);
    clearInterval(watch);
    removeEventListener('online', hurry);
    document.removeEventListener('visibilitychange', hurry);
    if (socket) drop();
  };
}

/** The dashboard's snapshot as it comes: [message, state of the connection]. */
export function useSnapshot() {
  const [message, setMessage] = useState(null);
  const [state, setState] = useState('connecting');
  const refresh = useRef(0);
  refresh.current = message?.data.refresh_ms ?? 0;
  useEffect(() => connect('/dashboard/ws', { message: setMessage, state: setState, patience: () => 10000 + 2 * refresh.current }), []);
  return [message, state];
}

const final = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'];
const most = 10000;
const longestOutput = 500000;

/**
 * The events of one execution, from its first: rows of its log, its output as it grows, its latest figures and status. They are
 * gathered and shown at most ten times a second, so that a thousand a second cost no frame. again begins anew, after a retry.
 */
export function useEvents(id, again) {
  const [shown, setShown] = useState({ rows: [], lines: 0, output: '', metrics: null, status: null, state: 'connecting' });
  const now = useRef(null);
  useEffect(() => {
    const all = now.current = { rows: [], lines: 0, output: '', metrics: null, status: null, state: 'connecting', after: 0 };
    let said = [];
    let timer = null;
    const show = () => {
      timer ??= setTimeout(() => {
        timer = null;
        if (all.rows.length > most) all.rows = all.rows.slice(-most);
        if (said.length) all.output = (all.output + said.join('')).slice(-longestOutput);
        said = [];
        setShown({ ...all, rows: [...all.rows] });
      }, 100);
    };
    // An execution may say nothing for long; a pong tells that somebody is there.
    let ping;
    const end = connect('/ws', {
      patience: () => 40000,
      open: socket => {
        socket.send(JSON.stringify({ type: 'subscribe', executionId: id, after: all.after }));
        clearInterval(ping);
        ping = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), 15000);
      },
      state: state => { all.state = state; show(); },
      message: ({ type, seq, data, timestamp }) => {
        const before = all.rows.length;
        if (seq) all.after = Math.max(all.after, seq);
        if (type === 'log') all.rows.push({ seq, time: timestamp, level: data.level, text: data.log });
        else if (type === 'output') said.push(data.delta);
        else if (type === 'metrics') all.metrics = data;
        else if (type === 'gap') all.rows.push({ seq: data.from, time: timestamp, level: 'warning', text: `Events ${data.from} to ${data.to} are no longer kept.` });
        else if (type === 'error') all.rows.push({ seq: all.after + 0.5, time: timestamp, level: 'error', text: data.message });
        else if (type === 'status') {
          all.status = data.status;
          if (data.status === 'RUNNING') { all.output = ''; said = []; }
          all.rows.push({ seq, time: timestamp, level: data.error ? 'error' : 'status', text: data.error ? `${data.status}: ${data.error.message ?? data.error}` : data.status });
        }
        all.lines += all.rows.length - before;
        show();
      },
    });
    return () => {
      clearTimeout(timer);
      clearInterval(ping);
      end();
    };
  }, [id, again]);
  return { ...shown, isFinal: final.includes(shown.status) };
}
