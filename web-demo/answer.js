/** The answer to the action that was sent last, pretty-printed, with its picture if it brought one. */

import { byId, element } from './dom.js';
import { complain } from './messages.js';

/** Base64 beyond this is told by its length: nobody reads it, and the browser would lay it out. */
const SHOWN_BASE64 = 48;
/** Troubles of the account, the server or the session, not of the action: these are said out loud too. */
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

/** JSON for people. */
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
