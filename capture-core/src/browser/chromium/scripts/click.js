// Aiming the mouse: waits until an element can be hit, returns the point, and ensures that no other element receives
// the events.

// Positions to which an element is scrolled, tried in turn, because a sticky header covers some of them.
const ALIGNMENTS = ['center', 'end', 'start', 'nearest'];

let watch = null;

// Waits until the element can receive the mouse, and returns the point. `arms` starts watching the events that follow.
// A `control` to be checked may itself be hidden; then its label is clicked, and nothing if it is already `checked` as
// wanted. If something covers the element that the mouse may have opened, the result says where to move the mouse
// `away` to, unless it `stays`.
async function aim({ selector, position, force, arms, checked, stays, hovers, timeoutMs }, call) {
  const way = { scrolls: 0, scrolled: false, coveredSince: null };
  const canBeSeen = checked === undefined ? isVisible : boxCanBeSeen;
  return awaited({ selector, timeoutMs, canBeSeen }, call, async (element) => {
    const stand = checked === undefined ? { target: element } : standIn(element, checked);
    if (stand.refused || stand.already) return { done: true, ...stand, target: undefined };
    const target = stand.target;
    if (isHiddenByPlayer(target) && !stays) return revealControls(target, way, call);
    if (!isVisible(target)) return { why: 'not_visible' };
    if (!hovers && !isEnabled(stand.control ?? target)) return { why: 'disabled' };
    if (!(await isStill(target, way))) return { why: 'moving' };
    const point = pointOf(target, position);
    const inView = isInView(point);
    const hit = inView ? elementAt(point.x, point.y) : null;
    if (inView && (force || receives(hit, target))) {
      if (isOver(call)) return LATE;
      admit(call, MOUSE);
      if (arms) arm({ element: target, force });
      return { done: true, point };
    }
    const away = inView && !stays && staysCovered(way) ? awayFrom(hit, target) : null;
    if (away) {
      if (isOver(call)) return LATE;
      admit(call, MOUSE);
      return { done: true, away };
    }
    if (!isOver(call)) scrollNearer(target, way, inView);
    return inView ? { why: 'covered', coveredBy: describe(hit) } : { why: 'out_of_view' };
  });
}

// A player shows its controls when the mouse moves over it.
function revealControls(target, way, call) {
  const player = playerAround(target);
  const point = pointOf(player);
  if (isOver(call)) return LATE;
  if (!isInView(point)) {
    scrollNearer(player, way, false);
    return { why: 'out_of_view' };
  }
  admit(call, MOUSE);
  return { done: true, away: point };
}

function isInView(point) {
  return Boolean(point) && point.x >= 0 && point.y >= 0 && point.x < innerWidth && point.y < innerHeight;
}

// Whether a click that hits `hit` is a click on the element: on a part of it, on its label, or on the control that
// contains it.
function receives(hit, element) {
  return Boolean(hit) && (isWithin(hit, element) || isLabelOf(hit, element) || isWrittenOn(element, hit));
}

// Whether the element belongs to the control or label of `hit`, or is transparent to the mouse and thereby part of it.
function isWrittenOn(element, hit) {
  const control = controlOf(element);
  if (control) return controlOf(hit) === control;
  const label = labelAround(element);
  if (label) return labelAround(hit) === label;
  if (!isWithin(element, hit) || getComputedStyle(element).pointerEvents !== 'none') return false;
  return getComputedStyle(hit).cursor === 'pointer' || own.matches(hit, '[onclick], [tabindex]');
}

// Compares frames only if there is a reason: the element is animated, or was just scrolled. Three frames are compared,
// because an element that moves to and fro may be at its old place after two.
async function isStill(element, way) {
  const animations = animationsOf(element);
  if (!way.scrolled && animations.length === 0) return true;
  await started(animations);
  const before = boxOf(element);
  for (let frames = 0; frames < 2; frames += 1) {
    await frame();
    if (!sameBox(before, boxOf(element))) return false;
  }
  way.scrolled = false;
  return true;
}

// An animation that has not begun has not moved anything yet.
function started(animations) {
  const pending = animations.filter((animation) => animation.pending).map((animation) => animation.ready.catch(() => null));
  if (pending.length === 0) return null;
  return Promise.race([Promise.all(pending), new Promise((resolve) => setTimeout(resolve, 250))]);
}

function scrollNearer(element, way, inView) {
  if (inView && way.scrolls >= ALIGNMENTS.length) return;
  const block = ALIGNMENTS[way.scrolls % ALIGNMENTS.length];
  own.scrollIntoView(element, { block, inline: block, behavior: 'instant' });
  way.scrolls += 1;
  way.scrolled = true;
}

// The middle of the first part of the element that is in view, or the requested position.
function pointOf(element, position) {
  if (position) {
    const box = boxOf(element);
    return { x: box.x + position.x, y: box.y + position.y };
  }
  const image = imageOf(element);
  const parts = image ? [areaBox(element, image)] : partsOf(element);
  const part = parts.find((each) => middle(each));
  if (part) return middle(part);
  return parts[0] ? centre(parts[0]) : null;
}

function centre(part) {
  return { x: part.x + part.width / 2, y: part.y + part.height / 2 };
}

// The middle of the visible area of this part, if there is any.
function middle(part) {
  const left = Math.max(part.left, 0);
  const top = Math.max(part.top, 0);
  const right = Math.min(part.right, innerWidth);
  const bottom = Math.min(part.bottom, innerHeight);
  const whole = centre(part);
  if (whole.x >= left && whole.x < right && whole.y >= top && whole.y < bottom) return whole;
  return right - left >= 1 && bottom - top >= 1 ? { x: (left + right) / 2, y: (top + bottom) / 2 } : null;
}

// Clicking a label clicks its control.
function isLabelOf(hit, element) {
  const label = own.closest(hit, 'label');
  const control = label && own.get(label, 'control');
  return Boolean(control && isWithin(control, element));
}

// Watches the next mouse events and keeps them from everything but the element.
function arm({ element, force }) {
  watch = { element, force, received: false, blockedBy: null, download: null };
}

function seeClick(event) {
  if (event.type === 'click' && event.composedPath().some(isDownloadLink)) watch.download = event;
  if (!event.isTrusted || watch.force) return;
  if (!watch.received && !watch.blockedBy) {
    const target = innermost(event);
    if (target instanceof Element && receives(target, watch.element)) watch.received = true;
    else watch.blockedBy = describe(target instanceof Element ? target : null);
  }
  if (watch.blockedBy) stop(event);
}

// The element that receives an event. For elements in a closed root or a player only their host is known.
function innermost(event) {
  const target = event.composedPath()[0];
  const root = target instanceof Element ? own.shadowRoot(target) : null;
  const isShut = (root && own.get(root, 'mode') === 'closed') || (target instanceof Element && rootOfPlayer.has(target));
  return isShut ? elementAt(event.clientX, event.clientY) ?? target : target;
}

function disarm() {
  watch = null;
}

function isDownloadLink(node) {
  return node instanceof Element && own.matches(node, 'a[download], area[download]');
}

// The elements that received the events since `aim`, whether they request a download, and how many events came too
// late.
function verdict() {
  const { blockedBy = null, download = null } = watch ?? {};
  return { blockedBy, downloads: Boolean(download && !download.defaultPrevented), late: rest() };
}
