// Detects that pressing and moving the mouse began a drag that the browser carries out and not the page.

let drag = null;

function watchDrag() {
  drag = null;
  addEventListener('dragstart', hearDrag, { capture: true, passive: true });
  return true;
}

// The last event counts, because a page may prevent some until it is ready for one.
function hearDrag(event) {
  drag = event;
}

// A page may still be moving to make room for a dragged element, and does not listen meanwhile. People wait for that.
const MAKES_ROOM_MS = 400;

// Waits until finite animations in the page have ended; returns whether there were any.
async function madeRoom() {
  const moves = ({ playState, effect }) => playState === 'running' && effect?.getComputedTiming().endTime < Infinity;
  const end = performance.now() + MAKES_ROOM_MS;
  let moved = false;
  await frame();
  while (own.animations(document).some(moves) && performance.now() < end) {
    moved = true;
    await frame();
  }
  return moved;
}

// Whether a drag began that the page did not prevent.
function dragBegan() {
  return Boolean(drag && !drag.defaultPrevented);
}
