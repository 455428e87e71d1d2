// Frames, seen from the document that holds them.

const frameIds = new WeakMap();

// Tells which frame this element is, so that a snapshot can name it.
function markFrame(element, id) {
  frameIds.set(element, id);
  return true;
}

function frameIdOf(element) {
  return frameIds.get(element) ?? null;
}

// From a point inside a frame to the same point out here, brought into view, and what covers the frame there.
async function through(element, { x, y, separate }) {
  let point = outsideOf(element).at(x, y);
  let settles = separate;
  if (!isInView(point)) {
    element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
    point = outsideOf(element).at(x, y);
    if (!isInView(point)) scrollBy({ left: point.x - innerWidth / 2, top: point.y - innerHeight / 2, behavior: 'instant' });
    settles = true;
  }
  if (settles) {
    // A frame with a process of its own learns of its place with the frames that are painted.
    await frame();
    await frame();
  }
  point = outsideOf(element).at(x, y);
  const hit = isInView(point) ? elementAt(point.x, point.y) : null;
  return { point, coveredBy: hit === element ? null : describe(hit) };
}

// Where a frame's content lies, without moving anything.
function placeOf(element) {
  return outsideOf(element).box;
}

// Where the content of a frame lies: inside its border and padding, scaled as the frame is.
function outsideOf(element) {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const scaleX = element.offsetWidth ? box.width / element.offsetWidth : 1;
  const scaleY = element.offsetHeight ? box.height / element.offsetHeight : 1;
  const left = box.x + (element.clientLeft + parseFloat(style.paddingLeft)) * scaleX;
  const top = box.y + (element.clientTop + parseFloat(style.paddingTop)) * scaleY;
  return { box: { left, top, scaleX, scaleY }, at: (x, y) => ({ x: left + x * scaleX, y: top + y * scaleY }) };
}
