// Frames, as seen from the document that contains them.

const frameIds = new WeakMap();

// Assigns an id to the frame of this element, so that a snapshot can name it.
function markFrame(element, id) {
  frameIds.set(element, id);
  return true;
}

function frameIdOf(element) {
  return frameIds.get(element) ?? null;
}

// Converts a point inside a frame to a point in this document, scrolls it into view, and returns what covers the frame
// there.
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
    // A frame with a process of its own is told its position with the next painted frame.
    await frame();
    await frame();
  }
  point = outsideOf(element).at(x, y);
  const hit = isInView(point) ? elementAt(point.x, point.y) : null;
  return { point, coveredBy: hit === element ? null : describe(hit) };
}

// The position of a frame's content, without moving anything.
function placeOf(element) {
  return outsideOf(element).box;
}

// The position of a frame's content: inside its border and padding, scaled and rotated as the frame is. The center of
// the frame's box is also the center of its bounding box in the window, however it is rotated.
function outsideOf(element) {
  const box = own.getBoundingClientRect(element);
  const style = getComputedStyle(element);
  const [width, height] = [own.get(element, 'offsetWidth'), own.get(element, 'offsetHeight')];
  const { a, b, c, d } = turnOf(element, box, width, height);
  const middle = centre(box);
  const fromX = own.clientLeft(element) + parseFloat(style.paddingLeft) - width / 2;
  const fromY = own.clientTop(element) + parseFloat(style.paddingTop) - height / 2;
  const left = middle.x + fromX * a + fromY * c;
  const top = middle.y + fromX * b + fromY * d;
  return { box: { left, top, a, b, c, d }, at: (x, y) => ({ x: left + x * a + y * c, y: top + x * b + y * d }) };
}

// The directions of an element's axes in the window, with all surrounding transforms. If these do not explain its
// bounding box (a perspective), the element is taken to be scaled only.
function turnOf(element, box, width, height) {
  const stretched = { a: width ? box.width / width : 1, b: 0, c: 0, d: height ? box.height / height : 1 };
  let turn = null;
  for (let at = element; at; at = parentOf(at)) {
    const { transform, rotate, scale } = getComputedStyle(at);
    const parts = [functionOf('rotate', rotate), functionOf('scale', scale), transform].filter((part) => part && part !== 'none');
    if (parts.length === 0) continue;
    const { a, b, c, d } = new DOMMatrix(parts.join(' '));
    turn = new DOMMatrix([a, b, c, d, 0, 0]).multiply(turn ?? new DOMMatrix());
  }
  if (!turn) return stretched;
  const zoom = own.get(element, 'currentCSSZoom') ?? 1;
  const [a, b, c, d] = [turn.a, turn.b, turn.c, turn.d].map((each) => each * zoom);
  const explains = Math.abs(Math.abs(a) * width + Math.abs(c) * height - box.width) < 1
    && Math.abs(Math.abs(b) * width + Math.abs(d) * height - box.height) < 1;
  return explains ? { a, b, c, d } : stretched;
}

// Converts a property such as `rotate: x 30deg` to a function of a transform.
function functionOf(name, value) {
  if (!value || value === 'none') return null;
  const words = value.split(' ');
  if (name === 'scale') return words.length > 2 ? `scale3d(${words})` : `scale(${words})`;
  if (words.length === 1) return `rotate(${value})`;
  return words.length === 2 ? `rotate${words[0].toUpperCase()}(${words[1]})` : `rotate3d(${words})`;
}
