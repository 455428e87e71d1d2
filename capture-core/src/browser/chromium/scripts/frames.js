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
async function through(element, { x, y, separate }, call) {
  let point = outsideOf(element).at(x, y);
  let settles = separate;
  if (!isInView(point) && !isOver(call)) {
    own.scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
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
  const box = own.getBoundingClientRect(element);
  const style = getComputedStyle(element);
  const [width, height] = [own.get(element, 'offsetWidth'), own.get(element, 'offsetHeight')];
  const scaleX = width ? box.width / width : 1;
  const scaleY = height ? box.height / height : 1;
  const left = box.x + (own.clientLeft(element) + parseFloat(style.paddingLeft)) * scaleX;
  const top = box.y + (own.clientTop(element) + parseFloat(style.paddingTop)) * scaleY;
  return { box: { left, top, scaleX, scaleY }, at: (x, y) => ({ x: left + x * scaleX, y: top + y * scaleY }) };
}
