/**
 * The sessions of this page on its one connection, and which of them is shown.
 *
 * Panes call it to create, watch, close and act, and listen to its events: `select` (another session is shown), `sessions`
 * (the list changed), `ended` (a session ended), `refused` (a subscription was refused).
 */

import { newKey } from './channel.js';
import { Session } from './session.js';

const WATCHED_EVENTS = ['countdown', 'console', 'errors'];

export class Workspace extends EventTarget {
  /** All known sessions by id, in the order in which they became known. */
  sessions = new Map();
  selected = null;
  #channel;
  /** The ids of this page's connections, including those before reconnects, which a resumed log still names. */
  #connections = new Set();
  #clockAheadMs = 0;

  /** @param {import('./channel.js').Channel} channel */
  constructor(channel) {
    super();
    this.#channel = channel;
  }

  /** Takes the result of the hello. */
  welcome({ connectionId, serverTime }) {
    this.#connections.add(connectionId);
    if (serverTime) this.#clockAheadMs = Date.parse(serverTime) - Date.now();
  }

  /** Reads the list of active sessions, and removes those that have ended and are not watched. */
  async refresh() {
    const { sessions } = await this.#channel.request('session.list');
    const active = new Set(sessions.map(({ id }) => id));
    for (const session of this.sessions.values()) {
      if (!active.has(session.id) && !session.stop && !session.ended) this.sessions.delete(session.id);
    }
    for (const view of sessions) {
      const session = this.#known(view.id);
      if (!session.stop) session.tell(view, Date.parse(view.expiresAt) - Date.now() - this.#clockAheadMs);
    }
    this.#changed('sessions');
  }

  /** @param {object} options as of POST /v1/sessions */
  async create(options) {
    const { session } = await this.#channel.request('session.create', { key: newKey(), params: options });
    this.watch(session.id);
  }

  /** Shows a session and follows it from now on. */
  watch(id) {
    const session = this.#known(id);
    if (!session.stop && !session.ended) this.#follow(session);
    this.selected = session;
    this.#changed('select');
    this.#changed('sessions');
  }

  async close(id) {
    const { session } = await this.#channel.request('session.close', { sessionId: id });
    this.#known(id).tell(session, 0);
    this.#changed('sessions');
  }

  /** Removes an ended session from the list. */
  forget(id) {
    this.sessions.delete(id);
    this.#changed('sessions');
  }

  /** Sets the deadline to this many seconds from now. */
  async renew(maxTtlSeconds) {
    const sessionId = this.selected.id;
    const { session, expiresInSeconds } = await this.#channel.request('session.renew', {
      sessionId,
      params: { maxTtlSeconds },
    });
    this.#known(sessionId).tell(session, expiresInSeconds * 1000);
  }

  /** Runs an action in the shown session. @param {{type: string, payload?: object}} action */
  act(action) {
    if (!this.selected) return Promise.reject(new Error('there is no session'));
    return this.#channel.request('session.act', { sessionId: this.selected.id, key: newKey(), params: action });
  }

  /** Streams pictures of a session to `viewer`. Returns a function that ends it. */
  view(sessionId, viewer) {
    return this.#channel.view(sessionId, viewer);
  }

  #known(id) {
    const known = this.sessions.get(id);
    if (known) return known;
    const session = new Session(id, (connectionId) => this.#connections.has(connectionId));
    this.sessions.set(id, session);
    session.addEventListener('end', () => {
      this.#changed('ended', session);
      this.#changed('sessions');
    });
    return session;
  }

  #follow(session) {
    session.stop = this.#channel.follow(session.id, {
      events: WATCHED_EVENTS,
      onEvent: (event) => session.apply(event),
      onSnapshot: (snapshot, recovered) => session.begin(snapshot, recovered),
      onError: (error) => {
        session.stop = null;
        if (error.session) session.tell(error.session, 0);
        this.#changed('refused', error);
      },
    });
  }

  #changed(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
