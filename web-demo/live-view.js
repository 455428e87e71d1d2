/**
 * The live picture of the shown session, and the address of its page.
 *
 * The mouse and keyboard of a driver are handled in live-input.js.
 */

import { byId } from './dom.js';
import { complain, endOf } from './messages.js';

/** `scale` of the newest picture: picture pixels per CSS pixel of the page. */
export const picture = { scale: 1 };

/** @param {import('./workspace.js').Workspace} workspace */
export function mountLiveView(workspace) {
  let stop = () => {};
  let listening = new AbortController();
  const show = () => {
    stop();
    listening.abort();
    listening = new AbortController();
    const session = workspace.selected;
    blank();
    showState(session);
    showAddress(session);
    if (session.ended) return;
    session.addEventListener('page', () => showAddress(session), { signal: listening.signal });
    session.addEventListener('end', () => showState(session), { signal: listening.signal });
    stop = workspace.view(session.id, {
      onFrame: (frame) => draw(frame, () => workspace.selected === session && !session.ended),
      onError: (error) => error.code !== 'session_inactive' && complain(error),
    });
    session.addEventListener('end', stop, { signal: listening.signal });
  };
  workspace.addEventListener('select', show);
}

async function draw(frame, isWanted) {
  const image = new Image();
  image.src = `data:image/jpeg;base64,${frame.dataBase64}`;
  await image.decode();
  if (!isWanted()) return;
  const canvas = byId('view');
  if (canvas.width !== frame.width || canvas.height !== frame.height) {
    canvas.width = frame.width;
    canvas.height = frame.height;
  }
  canvas.getContext('2d').drawImage(image, 0, 0);
  picture.scale = frame.scale;
  byId('view-note').hidden = true;
  byId('view-facts').textContent =
    `${frame.width} × ${frame.height}, scale ${+frame.scale.toFixed(3)}` +
    (frame.dropped ? `, ${frame.dropped} left out` : '');
}

function blank() {
  const canvas = byId('view');
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
  byId('view-facts').textContent = '';
}

function showState(session) {
  byId('view-note').hidden = false;
  byId('view-note').textContent = session.ended ? endOf(session.view).text : 'Waiting for the first picture…';
  byId('view-frame').dataset.live = String(!session.ended);
}

function showAddress(session) {
  const address = byId('address');
  if (document.activeElement !== address) address.value = session.url;
}
