// Noticing that pressing and moving the mouse began a drag that the browser carries out, not the page.

let drag = null;

function watchDrag() {
  drag = null;
  addEventListener('dragstart', hearDrag, { capture: true, passive: true });
  return true;
}

// The last one counts: a page may prevent some until it is ready for one.
function hearDrag(event) {
  drag = event;
}

// What makes room for something that is dragged may still be on its way, and pages do not listen meanwhile; people wait.
const MAKES_ROOM_MS = 400;

// Waits until what moves in the page and comes to an end has done so; whether anything did.
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

// Whether one began that the page did not prevent.
function dragBegan() {
  return Boolean(drag && !drag.defaultPrevented);
}
