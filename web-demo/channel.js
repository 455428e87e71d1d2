/**
 * A small client of the `capture.v1` channel (docs/channel.md), JSON codec. This file can be copied into other pages.
 *
 * It owns one WebSocket at a time and the state that must outlive it: requests in flight, the position in each session's
 * log, and views. It knows nothing of what events mean or of how they are shown.
 *
 * `ticket` is called before every connection; if it rejects with an error whose `retryable` is false, the attempts end. A
 * status has `state` (connecting, connected, resumed, reconnecting, or lost when the channel gave up or was closed) and,
 * where known, `hello`, `replayed` (events caught up on), `inMs` (until the next attempt), the close `code`, and `error`.
 *
 * @typedef {object} Follower
 * @property {string[]} [events]  any of `countdown`, `console`, `errors`, with `countdownMs`
 * @property {(event: {method: string, params: object, seq?: number}) => void} onEvent  events of the log exactly once, in order
 * @property {(snapshot: object, recovered: boolean) => void} [onSnapshot]  not recovered means that events are missing
 * @property {(error: Error) => void} [onError]  the subscription was refused and is over
 */

const PING_AFTER_MS = 15_000; // the server closes with 4402 after 45 s without a frame from the client
const SILENCE_MARGIN_MS = 10_000; // added to the server's longest silence before a connection counts as dead
const STABLE_AFTER_MS = 5_000; // after a connection that lasted this long the backoff starts over
/** Methods that are safe to repeat without a key. Subscriptions are renewed instead, with a newer `since`. */
const IDEMPOTENT = new Set(['session.get', 'session.list', 'session.close', 'session.cancel']);
const FINAL_CODES = new Set([1000, 1001, 1002, 1003, 1007, 1009]); // another attempt would end with the same code
const LOST = { code: 'connection_lost', message: 'the connection was lost' };

/** An error reply with all its fields, or a request that was lost; `outcome` tells whether it may have taken effect. */
export class ChannelError extends Error {
  constructor(fields) {
    super(fields.message);
    Object.assign(this, fields);
  }
}

/** A key for session.act and session.create. (`crypto.randomUUID` is missing in pages that were loaded over plain HTTP.) */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Milliseconds to wait after this close code, or `null` to give up. */
export function retryDelayMs(code, attempt, random = Math.random) {
  if (FINAL_CODES.has(code) || (code >= 4500 && code <= 4999)) return null;
  if (code === 1012) return random() * 5_000;
  if (code === 1013 || code === 4429) return 5_000 + random() * 5_000;
  return random() * Math.min(10_000, 200 * 2 ** attempt);
}

export class Channel {
  #options;
  #socket = null;
  #turn = 0; // counts connections, so that callbacks of an earlier connection do not affect a later one
  #state = { ready: false, over: false, attempt: 0, nextId: 1 };
  #timers = { retry: 0, watch: 0, openedAt: 0, heardAt: 0, sentAt: 0, silenceMs: 30_000 };
  #requests = new Map();
  #follows = new Map();
  #views = new Map();

  /** @param {{url: string, ticket: () => Promise<string>, onStatus?: (status: object) => void}} options */
  constructor(options) {
    this.#options = options;
  }

  /** Connects at once; it also ends the wait for the next attempt. */
  async connect() {
    if (this.#socket) return;
    clearTimeout(this.#timers.retry);
    this.#state.over = false;
    const turn = ++this.#turn;
    const current = (handler) => (event) => turn === this.#turn && handler(event);
    this.#tell(this.#options.onStatus, { state: 'connecting' });
    try {
      const ticket = await this.#options.ticket();
      if (turn !== this.#turn) return;
      this.#timers.openedAt = this.#timers.heardAt = performance.now();
      this.#timers.watch = setInterval(() => this.#watch(), 1_000);
      this.#socket = new WebSocket(this.#options.url, 'capture.v1.json');
      this.#socket.onopen = current(() => this.#hello(ticket));
      this.#socket.onmessage = current(({ data }) => this.#receive(JSON.parse(data)));
      this.#socket.onclose = current(({ code }) => this.#lost(code));
    } catch (error) {
      if (turn === this.#turn) this.#lost(error.retryable === false ? 4501 : 1006, error);
    }
  }

  /** Drops the connection as if the network had failed, and reconnects after `waitMs`. */
  drop(waitMs) {
    this.#lost(1006, undefined, waitMs);
  }

  /** Closes the channel permanently. */
  close() {
    this.#lost(1000);
  }

  /**
   * Sends a request once there is a connection, and resolves with its result. After a reconnect, requests with a `key` and
   * those that are safe to repeat are sent again; the others are rejected with `outcome: "unknown"`.
   */
  request(method, { sessionId, key, params } = {}, now = this.#state.ready) {
    return new Promise((resolve, reject) => {
      const frame = { id: this.#state.nextId++, method, sessionId, key, params };
      const request = { frame, again: key !== undefined || IDEMPOTENT.has(method), turn: null, resolve, reject };
      if (this.#state.over) return reject(new ChannelError({ ...LOST, outcome: 'not_executed' }));
      this.#requests.set(frame.id, request);
      if (now) this.#send(request);
    });
  }

  /** Follows a session across reconnects. Returns a function that ends it. @param {string} sessionId @param {Follower} follower */
  follow(sessionId, follower) {
    const follow = { sessionId, events: [], countdownMs: 1000, ...follower, since: undefined, held: null };
    this.#follows.set(sessionId, follow);
    if (this.#state.ready) this.#subscribe(follow);
    return () => this.#end(this.#follows, follow, 'session.unsubscribe');
  }

  /** Shows a live view, also after reconnects. Returns a function that ends it. Each time `onFrame` has finished, a credit is returned. */
  view(sessionId, { onFrame, onError, params }) {
    const view = { sessionId, onFrame, onError, params };
    this.#views.set(sessionId, view);
    if (this.#state.ready) this.#startView(view);
    return () => this.#end(this.#views, view, 'view.stop');
  }

  async #hello(ticket) {
    const turn = this.#turn;
    const hello = await this.request('connection.hello', { params: { ticket } }, true).catch((error) => {
      if (turn === this.#turn) this.#lost(error.retryable ? 1011 : 4501, error);
    });
    if (turn !== this.#turn) return;
    this.#state.ready = true;
    this.#timers.silenceMs = (hello.maxIdleMs ?? 20_000) + SILENCE_MARGIN_MS;
    const resuming = [...this.#follows.values()].some((follow) => follow.since);
    const subscribed = Promise.all([...this.#follows.values()].map((follow) => this.#subscribe(follow)));
    for (const request of this.#requests.values()) if (request.turn !== turn) this.#send(request);
    for (const view of this.#views.values()) this.#startView(view);
    this.#tell(this.#options.onStatus, { state: 'connected', hello });
    const replayed = (await subscribed).reduce((sum, count) => sum + count, 0);
    if (turn !== this.#turn || !resuming || Number.isNaN(replayed)) return;
    this.#tell(this.#options.onStatus, { state: 'resumed', replayed });
  }

  /** Resolves with the number of events caught up on; NaN where some are missing. */
  async #subscribe(follow) {
    const { sessionId, events, countdownMs, since } = follow;
    const superseded = () => this.#follows.get(sessionId) !== follow;
    follow.held = [];
    try {
      const result = await this.request('session.subscribe', { sessionId, params: { events, countdownMs, since } });
      if (superseded()) return 0;
      const { held } = follow;
      follow.held = null;
      if (!since || !result.recovered) follow.since = { epoch: result.epoch, seq: result.seq };
      for (const event of result.events) this.#deliver(follow, event);
      this.#tell(follow.onSnapshot, result.snapshot, result.recovered);
      for (const event of held) this.#deliver(follow, event);
      return result.recovered ? result.events.length : NaN;
    } catch (error) {
      if (error.code === LOST.code || superseded()) return 0;
      this.#follows.delete(sessionId);
      this.#tell(follow.onError, error);
      return NaN;
    }
  }

  /** Delivers events of the log exactly once and without gaps, and other events as they arrive. */
  #deliver(follow, event) {
    if (event.seq !== undefined) {
      if (follow.held) return follow.held.push(event); // delivered now, it would hide the events that a pending subscribe replays
      if (!this.#state.ready || event.seq <= follow.since.seq) return;
      if (event.seq > follow.since.seq + 1) return this.#lost(1006, new Error('an event is missing')); // the channel reconnects and resumes
      follow.since.seq = event.seq;
    }
    if (event.method === 'session.closed') this.#follows.delete(follow.sessionId);
    this.#tell(follow.onEvent, event);
  }

  #startView({ sessionId, params, onError }) {
    this.request('view.start', { sessionId, params }).catch((error) => {
      if (error.code !== LOST.code) this.#tell(onError, error);
    });
  }

  async #show(view, frame) {
    const turn = this.#turn;
    await this.#tell(view.onFrame, frame);
    if (turn === this.#turn && this.#views.get(view.sessionId) === view) this.#post('view.credit', view.sessionId);
  }

  #receive(frame) {
    this.#timers.heardAt = performance.now();
    this.#watch(); // timers of a background page are slow, messages are not
    const { type, id, method, sessionId } = frame;
    const [follow, view, request] = [this.#follows.get(sessionId), this.#views.get(sessionId), this.#requests.get(id)];
    if (type === 'event' && method === 'view.frame') return view && this.#show(view, frame.params);
    if (type === 'event') return follow && this.#deliver(follow, frame);
    this.#requests.delete(id);
    if (type === 'success') request?.resolve(frame.result);
    if (type === 'error') request?.reject(new ChannelError(frame.error));
  }

  #watch() {
    const now = performance.now();
    if (now - this.#timers.heardAt > this.#timers.silenceMs) this.#lost(1006, new Error('the server fell silent'));
    else if (this.#state.ready && now - this.#timers.sentAt > PING_AFTER_MS) this.#post('connection.ping');
  }

  #send(request) {
    request.turn = this.#turn;
    this.#timers.sentAt = performance.now();
    this.#socket.send(JSON.stringify(request.frame));
  }

  /** Sends a request whose answer is ignored. */
  #post(method, sessionId) {
    this.#send({ frame: { id: this.#state.nextId++, method, sessionId } });
  }

  #end(kept, entry, method) {
    if (kept.get(entry.sessionId) !== entry) return;
    kept.delete(entry.sessionId);
    if (this.#state.ready) this.#post(method, entry.sessionId);
  }

  #lost(code, error, waitMs) {
    if (this.#state.ready && performance.now() - this.#timers.openedAt > STABLE_AFTER_MS) this.#state.attempt = 0;
    const inMs = waitMs ?? retryDelayMs(code, this.#state.attempt++);
    const over = (this.#state.over = inMs === null);
    clearTimeout(this.#timers.retry);
    clearInterval(this.#timers.watch);
    this.#turn += 1;
    this.#state.ready = false;
    this.#socket?.close();
    this.#socket = null;
    for (const [id, { turn, again, reject }] of this.#requests) {
      if (!over && (turn === null || again)) continue;
      this.#requests.delete(id);
      reject(new ChannelError({ ...LOST, outcome: turn === null ? 'not_executed' : 'unknown' }));
    }
    if (!over) this.#timers.retry = setTimeout(() => this.connect(), inMs);
    this.#tell(this.#options.onStatus, { state: over ? 'lost' : 'reconnecting', inMs, code, error });
  }

  async #tell(listener, ...values) {
    try {
      await listener?.(...values);
    } catch (error) {
      reportError(error); // an error in a listener must not break the channel
    }
  }
}
