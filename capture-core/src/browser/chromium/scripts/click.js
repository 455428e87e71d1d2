// Aiming the mouse: wait until an element can be hit, say where, and watch that nothing else receives the events.

const POINTER_EVENTS = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];
// Where a scrolled element ends up, tried in turn: a sticky header covers some of them.
const ALIGNMENTS = ['center', 'end', 'start', 'nearest'];

let watch = null;

// Waits until the element can receive the mouse; arms the watch for the events that follow.
async function aim({ selector, position, force, timeoutMs }) {
  let scrolls = 0;
  let scrolled = false;
  let aimed = null;
  const seen = await until(timeoutMs, async () => {
    const { elements, invalid } = search(selector);
    if (invalid) return { done: true, invalid };
    const element = elements[0];
    const no = (why, more) => ({ done: false, why, diagnostics: { ...diagnostics(elements), ...more } });
    if (!element) return no('not_found');
    if (!isVisible(element)) return no('not_visible');
    if (!isEnabled(element)) return no('disabled');
    if (scrolled || isAnimated(element)) {
      const before = boxOf(element);
      await frame();
      await frame();
      if (!sameBox(before, boxOf(element))) return no('moving');
      scrolled = false;
    }
    const point = pointOf(element, position);
    const inView = point && point.x >= 0 && point.y >= 0 && point.x < innerWidth && point.y < innerHeight;
    const hit = inView ? elementAt(point.x, point.y) : null;
    const received = hit && (isWithin(hit, element) || isLabelOf(hit, element));
    if (received || (force && inView)) {
      aimed = { element, force };
      return { done: true, diagnostics: diagnostics(elements), point };
    }
    const block = ALIGNMENTS[scrolls % ALIGNMENTS.length];
    if (scrolls < ALIGNMENTS.length || !inView) {
      element.scrollIntoView({ block, inline: block, behavior: 'instant' });
      scrolls += 1;
      scrolled = true;
    }
    if (!inView) return no('out_of_view');
    return no('covered', { coveredBy: describe(hit) });
  });
  if (aimed) arm(aimed);
  return seen;
}

// The middle of the first part of the element that is in view, or the position asked for.
function pointOf(element, position) {
  if (position) {
    const box = boxOf(element);
    return { x: box.x + position.x, y: box.y + position.y };
  }
  const parts = [...element.getClientRects()].filter((part) => part.width > 0 && part.height > 0);
  const part = parts.find((each) => middle(each)) ?? null;
  if (part) return middle(part);
  const child = [...element.children].find(isVisible);
  return parts.length === 0 && child ? pointOf(child, null) : parts[0] ? centre(parts[0]) : null;
}

function centre(part) {
  return { x: part.x + part.width / 2, y: part.y + part.height / 2 };
}

// The middle of what is in view of this part, if any is.
function middle(part) {
  const left = Math.max(part.left, 0);
  const top = Math.max(part.top, 0);
  const right = Math.min(part.right, innerWidth);
  const bottom = Math.min(part.bottom, innerHeight);
  const whole = centre(part);
  if (whole.x >= left && whole.x < right && whole.y >= top && whole.y < bottom) return whole;
  return right - left >= 1 && bottom - top >= 1 ? { x: (left + right) / 2, y: (top + bottom) / 2 } : null;
}

// Clicking a label is clicking its control.
function isLabelOf(hit, element) {
  const label = hit.closest('label');
  return Boolean(label?.control && isWithin(label.control, element));
}

// Watches the next mouse events and keeps them from anything but the element.
function arm({ element, force }) {
  disarm();
  watch = { element, force, received: false, blockedBy: null, listener: null };
  const current = watch;
  current.listener = (event) => {
    if (!event.isTrusted || current.force) return;
    const target = event.composedPath()[0];
    if (!current.received && !current.blockedBy) {
      const hits = target instanceof Element && (isWithin(target, element) || isLabelOf(target, element));
      if (hits) current.received = true;
      else current.blockedBy = describe(target instanceof Element ? target : null);
    }
    if (current.blockedBy) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  for (const type of POINTER_EVENTS) addEventListener(type, current.listener, { capture: true, passive: false });
}

function disarm() {
  if (!watch) return;
  for (const type of POINTER_EVENTS) removeEventListener(type, watch.listener, { capture: true });
  watch = null;
}

// Who received the events since `aim`.
function verdict() {
  const blockedBy = watch?.blockedBy ?? null;
  disarm();
  return { blockedBy };
}
