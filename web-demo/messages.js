/**
 * The message area, and the sentences for errors and for the ends of sessions. docs/api.md defines the codes.
 */

import { byId } from './dom.js';

/** @typedef {{kind: 'info'|'warning'|'error'|'none', text: string}} Message */

/** @param {Message} message */
export function say({ kind, text }) {
  byId('message').textContent = text;
  byId('message-bar').dataset.kind = kind;
}

export function hush() {
  say({ kind: 'none', text: '' });
}

/** Shows an error in the message area. */
export function complain(error) {
  say(explain(error));
}

/** @returns {Message} what this error means and what to do about it */
export function explain(error) {
  const sentence = SENTENCES[error.code]?.(error);
  return sentence ? { kind: 'warning', text: sentence } : { kind: 'error', text: plain(error) };
}

const SENTENCES = {
  network: () => 'The server does not answer. Is it running, and reachable from here?',
  unauthorized: () => 'The server does not know this user and secret (401). Check the token and sign in again.',
  forbidden: (error) => FORBIDDEN[error.reason]?.(error) ?? `Not allowed: ${plain(error)}`,
  session_not_found: () => 'There is no such session: unknown, another user’s, or ended more than a day ago.',
  session_inactive: (error) => (error.session ? endOf(error.session).text : 'The session has ended. Create a new one.'),
  session_limit: (error) =>
    `Limit reached: ${error.activeSessionCount ?? 'all'} of ${error.maxConcurrentSessions ?? 'your'} sessions are open. ` +
    `Close one${again(error, ', or try again')}.`,
  busy: (error) => `The server is busy: ${plain(error)}${again(error, ' Try again') || ' Try again shortly'}.`,
  unavailable: (error) => `Not available: ${plain(error)}`,
  connection_lost: (error) =>
    error.outcome === 'unknown'
      ? 'The connection was lost before the answer came; whether it took effect is not known.'
      : 'There is no connection, so this was not sent.',
};

const FORBIDDEN = {
  insufficient_credits: ({ neededCredits, availableCredits, longestTtlSeconds }) =>
    `Not enough credits: this needs ${neededCredits ?? 'more'}, you have ${availableCredits ?? 'fewer'}.` +
    (longestTtlSeconds ? ` They last for ${longestTtlSeconds} s.` : ''),
  account_disabled: () => 'This account is disabled.',
};

/** @returns {Message} how a session ended, from its final view */
export function endOf(session) {
  const ended = ENDS[session.closeReason] ?? { kind: 'info', text: 'has ended' };
  const lasted = session.durationSeconds == null ? '' : ` after ${session.durationSeconds} s`;
  const credits = session.billedCredits;
  const bill = credits == null ? '' : ` Billed: ${credits} ${credits === 1 ? 'credit' : 'credits'}.`;
  return { kind: ended.kind, text: `Session ${shortId(session.id)} ${ended.text}${lasted}.${bill}` };
}

const ENDS = {
  closed: { kind: 'info', text: 'was closed' },
  expired: { kind: 'warning', text: 'expired' },
  shutdown: { kind: 'warning', text: 'was closed because the server shut down' },
  browser_crashed: { kind: 'error', text: 'ended because its browser crashed' },
  instance_lost: { kind: 'error', text: 'ended because the server that held it was lost' },
};

/** The first part of an id such as `sess_567d78d2-…`, enough to distinguish sessions. */
export function shortId(id) {
  return id.replace(/^sess_/, '').slice(0, 8);
}

function plain(error) {
  const text = error.message || 'something went wrong';
  const sentence = text[0].toUpperCase() + text.slice(1);
  return error.hint ? `${sentence} (${error.hint}).` : `${sentence}.`;
}

function again(error, words) {
  return error.retryAfterMs ? `${words} in ${Math.ceil(error.retryAfterMs / 1000)} s` : '';
}
