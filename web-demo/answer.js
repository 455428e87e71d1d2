/** The answer to the last action that was sent, pretty-printed, with its picture if it contains one. */

import { byId, element } from './dom.js';
import { complain } from './messages.js';

/** Longer Base64 is replaced by its length: it is unreadable, and laying it out would be slow. */
const SHOWN_BASE64 = 48;
/** Errors of the account, the server or the session and not of the action; these also appear in the message area. */
const LOUD = new Set([
  'busy',
  'session_inactive',
  'session_not_found',
  'unauthorized',
  'forbidden',
  'connection_lost',
  'unavailable',
]);

export function showPending(type) {
  head('pending', `${type} …`);
}

/** @param {string} type of the action @param {object|Error} answer its result, or why it failed */
export function showAnswer(type, answer) {
  const failed = answer instanceof Error;
  const body = failed ? { message: answer.message, ...answer } : answer;
  const took = body.durationMs === undefined ? '' : `, ${body.durationMs} ms`;
  head(failed ? 'error' : 'success', `${type}: ${failed ? (body.code ?? 'failed') : 'success'}${took}`);
  byId('answer').textContent = pretty(body);
  showPicture(body.bodyBase64 ? body : body.screenshot);
  if (failed && LOUD.has(answer.code)) complain(answer);
}

/** Pretty-prints JSON. */
export function pretty(value) {
  const brief = (name, part) => {
    if (name !== 'bodyBase64' || part.length <= SHOWN_BASE64) return part;
    return `${part.slice(0, SHOWN_BASE64)}… ${part.length} characters`;
  };
  return JSON.stringify(value, brief, 2);
}

function showPicture(picture) {
  const alt = picture && `Screenshot, ${picture.width} by ${picture.height} pixels`;
  const src = picture && `data:${picture.contentType};base64,${picture.bodyBase64}`;
  byId('answer-picture').replaceChildren(...(picture ? [element('img', { src, alt })] : []));
}

function head(state, text) {
  byId('answer-head').dataset.state = state;
  byId('answer-head').textContent = text;
}
