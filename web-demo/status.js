/** The chip that shows the state of the connection, and the button that drops it for demonstration. */

import { byId } from './dom.js';

/** Long enough to see the page wait, and to miss events. */
const DROPPED_FOR_MS = 3_000;

/** @param {() => import('./channel.js').Channel} channel the one in use */
export function mountStatus(channel) {
  let timer = 0;
  const button = byId('disconnect');
  button.addEventListener('click', () => {
    if (button.dataset.action === 'connect') channel().connect();
    else channel().drop(DROPPED_FOR_MS);
  });
  return (status) => {
    clearInterval(timer);
    byId('status').dataset.state = status.state;
    const connected = status.state === 'connected' || status.state === 'resumed';
    button.dataset.action = connected ? 'drop' : 'connect';
    button.textContent = connected ? 'Disconnect' : 'Connect now';
    button.disabled = status.state === 'connecting';
    byId('announcement').textContent = `Connection ${status.state}`;
    if (status.state !== 'reconnecting') return setText(status.state, caughtUp(status));
    const until = performance.now() + status.inMs;
    const count = () => setText(`reconnecting in ${Math.ceil(Math.max(0, until - performance.now()) / 1000)} s`);
    timer = setInterval(count, 250);
    count();
  };
}

function caughtUp({ replayed }) {
  return replayed > 0 ? `${replayed} missed ${replayed === 1 ? 'event' : 'events'} caught up` : '';
}

function setText(text, note = '') {
  if (byId('status').textContent !== text) byId('status').textContent = text;
  byId('status-note').textContent = note;
}
