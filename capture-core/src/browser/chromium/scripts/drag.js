// Noticing that pressing and moving the mouse began a drag that the browser carries out, not the page.

let drag = null;

function watchDrag() {
  drag = { event: null };
  addEventListener('dragstart', (event) => (drag.event ??= event), { capture: true, once: true });
  return true;
}

// Whether one began that the page did not prevent.
function dragBegan() {
  return Boolean(drag?.event && !drag.event.defaultPrevented);
}
