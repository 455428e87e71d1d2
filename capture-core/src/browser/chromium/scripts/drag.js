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

// Whether one began that the page did not prevent.
function dragBegan() {
  return Boolean(drag && !drag.defaultPrevented);
}
