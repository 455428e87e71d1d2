/** Links that permit only observing: a driver creates them, and this page reads them. The ticket follows the `#`. */

import { byId, copyText } from './dom.js';
import { complain } from './messages.js';
import { newTicket } from './rest.js';

/** How long a ticket is valid on the server. */
const TICKET_SECONDS = 30;

/** @param {import('./workspace.js').Workspace} workspace @param {string} token */
export function mountShare(workspace, token) {
  let timer = 0;
  const button = byId('share');
  const ready = () => (button.disabled = !workspace.selected || workspace.selected.ended);
  const forget = () => {
    clearInterval(timer);
    byId('share-made').hidden = true;
    ready();
  };
  for (const change of ['select', 'ended']) workspace.addEventListener(change, forget);
  ready();

  button.addEventListener('click', async () => {
    const { id } = workspace.selected;
    try {
      const ticket = await newTicket(token, { sessionId: id, mode: 'observe' });
      byId('share-link').value = observerLink(id, ticket);
      byId('share-made').hidden = false;
      clearInterval(timer);
      timer = countDown();
    } catch (error) {
      complain(error);
    }
  });
  byId('share-copy').addEventListener('click', async () => {
    const copied = await copyText(byId('share-link').value, byId('share-link'));
    byId('announcement').textContent = copied ? 'Link copied' : 'Link selected, ready to copy';
  });
}

function countDown() {
  const until = performance.now() + TICKET_SECONDS * 1000;
  const count = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    byId('share-note').textContent =
      left > 0
        ? `Works once, for another ${left} s.`
        : 'Too old now, unless it was opened: share again for a new link.';
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(count, 500);
  count();
  return timer;
}

function observerLink(sessionId, ticket) {
  return `${location.origin}/#${new URLSearchParams({ watch: sessionId, ticket })}`;
}

/**
 * The session that the address of this page names for observing, if any. The ticket is removed from the address, because
 * it works only once and must not stay in the history.
 * @returns {{sessionId: string, ticket: string|null} | null}
 */
export function takeObserverLink() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const sessionId = fragment.get('watch');
  if (!sessionId) return null;
  const ticket = fragment.get('ticket');
  if (ticket) history.replaceState(null, '', `#${new URLSearchParams({ watch: sessionId })}`);
  return { sessionId, ticket };
}
