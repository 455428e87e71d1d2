/**
 * The state of one session: its log as results, its clock, its page. The channel feeds it, and the panes read it.
 *
 * Dispatches DOM events named after what changed: `result`, `running`, `step`, `clock`, `page`, `line`, `end`. It neither
 * sends nor shows anything.
 */

/** Older results are dropped, so that the page stays light however long a session is watched. */
const KEPT_RESULTS = 200;
const KEPT_LINES = 300;

export class Session extends EventTarget {
  /** The session object as the server last sent it; see docs/api.md. */
  view = null;
  url = '';
  /** The results, newest first. `{missing: true}` marks a gap in the events. */
  results = [];
  /** Actions that have started, by id. */
  running = new Map();
  /** The lines of the console, oldest first; `dropped` counts the lines that the server left out. */
  lines = [];
  /** Ends the subscription; absent while the session is listed but not watched. */
  stop = null;
  #endsAt = null;

  /** @param {string} id @param {(connectionId: string) => boolean} isOurs */
  constructor(id, isOurs) {
    super();
    this.id = id;
    this.isOurs = isOurs;
  }

  get ended() {
    return this.view?.status !== undefined && this.view.status !== 'active';
  }

  /** Milliseconds to the deadline, or `null` while it is not known. */
  get remainingMs() {
    if (this.ended) return 0;
    return this.#endsAt === null ? null : Math.max(0, this.#endsAt - performance.now());
  }

  /** Milliseconds from the start to the deadline. */
  get totalMs() {
    return this.view?.startedAt ? Date.parse(this.view.expiresAt) - Date.parse(this.view.startedAt) : null;
  }

  /** What the session costs, or would cost if it ended now; a cost reported by the server replaces the local count. */
  get credits() {
    if (this.view?.billedCredits != null) return this.view.billedCredits;
    if (this.totalMs === null || this.remainingMs === null) return this.view?.accruedCredits ?? null;
    const started = Math.max(1, Math.ceil((this.totalMs - this.remainingMs) / 60_000));
    return Math.max(started, this.view.accruedCredits ?? 0);
  }

  /** Takes a session object from a reply or an event, with `remainingMs` where that was sent with it. */
  tell(view, remainingMs) {
    const wasEnded = this.ended;
    this.view = { ...this.view, ...view };
    if (remainingMs !== undefined) this.#endsAt = performance.now() + remainingMs;
    this.#changed('clock');
    if (this.ended && !wasEnded) {
      this.running.clear();
      this.#changed('running');
      this.#changed('end');
    }
  }

  /** Takes the start of a subscription, or its new start where events are missing. */
  begin(snapshot, recovered) {
    if (!recovered) {
      this.running.clear();
      this.#changed('running');
      this.#keepResult({ missing: true });
    }
    this.url = snapshot.url ?? this.url;
    this.#changed('page');
    this.tell(snapshot.session, snapshot.remainingMs);
  }

  /** @param {{method: string, params: object, seq?: number}} event */
  apply({ method, params, seq }) {
    this.#on[method]?.(params, seq);
  }

  /** Removes all console lines. */
  clearLines() {
    this.lines = [];
    this.#changed('line');
  }

  #on = {
    'action.started': ({ actionId, type, by }) => {
      const ours = by !== undefined && this.isOurs(by);
      const started = { actionId, type, by, ours, since: performance.now(), steps: [] };
      this.running.set(actionId, started);
      this.#changed('running', started);
    },
    'action.step': ({ actionId, index, step }) => {
      const started = this.running.get(actionId);
      started?.steps.push(step);
      this.#changed('step', { actionId, index, step, ours: started?.ours });
    },
    'action.finished': (params, seq) => {
      const { by, ours, steps = [] } = this.running.get(params.actionId) ?? {};
      this.running.delete(params.actionId);
      this.#changed('running');
      this.#keepResult({ ...params, seq, by, ours, steps, at: new Date() });
    },
    'page.navigated': ({ url }) => {
      this.url = url;
      this.#changed('page');
    },
    'page.dialog': ({ type, message, accepted }) =>
      this.#keepLine('page', `${type} ${accepted ? 'accepted' : 'dismissed'}: ${message}`),
    'page.newTab': ({ url }) => this.#keepLine('page', `new tab: ${url}`),
    'page.download': ({ url, suggestedFilename }) =>
      this.#keepLine('page', `download refused: ${suggestedFilename} (${url})`),
    'page.crashed': ({ root }) => this.#keepLine('error', root ? 'the page crashed' : 'a tab crashed'),
    'page.console': (entry) => this.#keepLine(entry.level, entry.text, entry),
    'page.error': (entry) => this.#keepLine('error', entry.message, entry),
    'session.renewed': ({ expiresAt }) => this.tell({ expiresAt }),
    'session.countdown': ({ remainingMs, expiresAt }) => this.tell({ expiresAt }, remainingMs),
    'session.closed': ({ session }) => this.tell(session),
  };

  #keepResult(result) {
    this.results = [result, ...this.results].slice(0, KEPT_RESULTS);
    this.#changed('result', result);
  }

  #keepLine(level, text, { at, timestamp, url, line, dropped = 0 } = {}) {
    const where = url ? `${url}:${line ?? ''}` : '';
    const entry = { level, text, at: new Date(at ?? timestamp ?? Date.now()), where, dropped };
    this.lines = [...this.lines, entry].slice(-KEPT_LINES);
    this.#changed('line', entry);
  }

  #changed(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
