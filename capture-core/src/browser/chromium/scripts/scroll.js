// Scrolls the page, an element, or whatever is below a point.

// Scrolls the page or the selected element: by `dx`, `dy`, to its `top` or `bottom`, or into view. If nothing in the
// page scrolls in that direction, returns where to turn the `wheel`, because an element there may handle it or be a
// frame.
async function scroll({ selector, by, to, timeoutMs }, call) {
  if (!selector) return isOver(call) ? LATE : scrollPage(by, to);
  return awaited({ selector, timeoutMs }, call, async (element) => {
    if (!isVisible(element)) return { why: 'not_visible' };
    if (isOver(call)) return LATE;
    if ((by || to) && FRAMES.has(own.localName(element))) {
      own.scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
      return { done: true, wheel: { ...pointOf(element), meant: false } };
    }
    if ((by || to) && isWindow(element)) return scrollPage(by, to);
    if (by || to) return { done: true, scroll: await scrolled(element, by, to) };
    own.scrollIntoView(element, { block: 'center', inline: 'nearest', behavior: 'instant' });
    return { done: true, scroll: standing(own.scroller(), null) };
  });
}

async function scrollPage(by, to) {
  const { scroller, wheel, framed } = mainScroller(by ?? { dx: 0, dy: 1 });
  if (wheel && (by || framed)) return { done: true, wheel: { ...wheel, meant: true } };
  return { done: true, scroll: await scrolled(scroller ?? own.scroller(), by, to) };
}

// The body stands for the window, unless it scrolls by itself.
function isWindow(element) {
  if (element === own.scroller() || element === own.documentElement()) return true;
  const scrolls = (each) => getComputedStyle(each).overflowY !== 'visible';
  return element === own.body() && !(scrolls(element) && scrolls(own.documentElement()));
}

async function scrolled(element, by, to) {
  const behavior = 'instant';
  const { top } = rangesOf(element);
  if (to) own.scrollTo(element, { top: to === 'top' ? top.least : top.most, behavior });
  else own.scrollBy(element, { left: by.dx, top: by.dy, behavior });
  await frame(); // the page is notified before the next paint
  return standing(element, by ?? { dx: 0, dy: to === 'top' ? -1 : 1 });
}

// The position of a scroller from its left and top ends, and whether it has reached the end in the direction.
function standing(element, way) {
  const { dx, dy } = way ?? { dx: 0, dy: 1 };
  const { left, top } = rangesOf(element);
  return {
    scrollX: own.scrollLeft(element) - left.least,
    scrollY: own.scrollTop(element) - top.least,
    atEnd: !canScroll(element, dx, dy),
  };
}

// The range of scroll positions. If the content begins at the right or lower end, positions count from zero down.
function rangesOf(element) {
  const room = (size, seen, at, reversed) => {
    const most = Math.max(0, size - seen);
    return at < 0 || (at === 0 && reversed && most > 0) ? { least: -most, most: 0 } : { least: 0, most };
  };
  const reversed = reversedIn(element);
  return {
    left: room(own.scrollWidth(element), own.clientWidth(element), own.scrollLeft(element), reversed.x),
    top: room(own.scrollHeight(element), own.clientHeight(element), own.scrollTop(element), reversed.y),
  };
}

// Whether the content begins at the right or at the bottom. For the window this depends on the body.
function reversedIn(element) {
  const isRoot = element === own.scroller();
  const { display, direction, writingMode, flexDirection } = getComputedStyle((isRoot && own.body()) || element);
  const rightToLeft = direction === 'rtl';
  const isFlex = !isRoot && display.endsWith('flex');
  const row = rightToLeft !== (isFlex && flexDirection === 'row-reverse');
  const column = isFlex && flexDirection === 'column-reverse';
  if (writingMode.startsWith('horizontal')) return { x: row, y: column };
  return { x: writingMode.endsWith('-rl') !== column, y: row !== (writingMode === 'sideways-lr') };
}

// Whether it can scroll, with a tolerance of one pixel at its beginning, because positions are rounded in a zoomed
// page.
function canScroll(element, dx, dy) {
  const { left, top } = rangesOf(element);
  const [{ least, most }, at] = dy ? [top, own.scrollTop(element)] : [left, own.scrollLeft(element)];
  return (dy || dx) > 0 ? at < most - (most > 0 ? 1 : 0) : at > least + (least < 0 ? 1 : 0);
}

// The main scroller: the document, or if it cannot scroll, the largest scroller in the window, preferably at the
// middle. Returns where to turn the `wheel` if there is none, or if a frame takes most of the window.
function mainScroller({ dx, dy }) {
  const root = own.scroller();
  const overflows = dy ? own.scrollHeight(root) > innerHeight + 1 : own.scrollWidth(root) > innerWidth + 1;
  if (overflows && !isHeldStill(root, dy)) return { scroller: root };
  let [scroller, size, wheel] = [null, 0, null];
  for (const { x, y } of PLACES.map(placeAt)) {
    const hit = elementAt(x, y);
    const framed = hit && FRAMES.has(own.localName(hit));
    const found = framed ? hit : scrollerAbove(hit, dx, dy);
    if (!found || found === scroller) continue;
    const area = areaInView(found);
    if (area <= size || (framed && area < (innerWidth * innerHeight) / 2)) continue;
    [scroller, size, wheel] = [found, area, framed ? { x, y } : null];
  }
  if (wheel) return { wheel, framed: true };
  return scroller ? { scroller } : { wheel: placeAt(PLACES[0]) };
}

// Fractions of the window, from its middle outwards.
const SHARES = [0.5, 0.3, 0.7, 0.1, 0.9];
const PLACES = SHARES.flatMap((y) => SHARES.map((x) => [x, y]));

function placeAt([x, y]) {
  return { x: Math.floor(innerWidth * x), y: Math.floor(innerHeight * y) };
}

// Whether the page prevents scrolling of the window.
function isHeldStill(root, vertically) {
  const [outer, inner] = [root, own.body()].filter(Boolean).map((each) => getComputedStyle(each));
  const overflowOf = (style) => (vertically ? style.overflowY : style.overflowX);
  const said = overflowOf(outer) === 'visible' && inner ? overflowOf(inner) : overflowOf(outer);
  return said === 'hidden' || said === 'clip';
}

function areaInView(element) {
  const { x, y, width, height } = boxOf(element);
  const across = Math.min(x + width, innerWidth) - Math.max(x, 0);
  const down = Math.min(y + height, innerHeight) - Math.max(y, 0);
  return Math.max(0, across) * Math.max(0, down);
}

// The innermost scroller of an element that can scroll along this axis.
function scrollerAbove(hit, dx, dy) {
  for (let element = hit; element; element = parentOf(element)) {
    const style = getComputedStyle(element);
    const overflow = dy ? style.overflowY : style.overflowX;
    const room = dy
      ? own.scrollHeight(element) - own.clientHeight(element)
      : own.scrollWidth(element) - own.clientWidth(element);
    if (room > 1 && (overflow === 'auto' || overflow === 'scroll')) return element;
  }
  return null;
}

let wheeled = null;
let wheeledFrom = null; // the position at which it started
let turned = null; // how the page handled the wheel
let expects = false; // whether it can move in that direction
let answers = null; // whether the page changes meanwhile

// Remembers what a wheel at this point will scroll. Returns whether it is in this document, and whether there is a
// frame.
function beforeWheel({ x, y, dx, dy }, call) {
  admit(call, WHEEL);
  const hit = elementAt(x, y);
  const inner = scrollerAbove(hit, dx, dy);
  wheeled = inner && canScroll(inner, dx, dy) ? inner : own.scroller();
  wheeledFrom = placeOfScroller(wheeled);
  turned = null;
  own.addEventListener(window, 'wheel', hearWheel, { capture: true, passive: true, once: true });
  answers?.observer.disconnect();
  const observer = new MutationObserver(() => (answers.heard = true));
  answers = { observer, heard: false };
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  expects = isInView({ x, y }) && canScroll(wheeled, dx, dy);
  return { moves: expects, framed: Boolean(hit) && FRAMES.has(own.localName(hit)) };
}

function placeOfScroller(element) {
  return [own.scrollLeft(element), own.scrollTop(element)];
}

function hearWheel(event) {
  turned = event;
}

// Number of frames within which scrolling must begin; a wheel reaches a frame with a process of its own indirectly.
const TO_BEGIN = 20;

// The position once scrolling has come to rest. A page that handles the wheel itself moves something without a known
// end. If the wheel had no effect and the page is `meant`, the page is scrolled as far as possible.
async function afterWheel({ dx, dy, meant }) {
  const element = wheeled ?? own.scroller();
  const from = wheeledFrom ?? placeOfScroller(element);
  const isTaken = () => Boolean(turned?.defaultPrevented);
  const isAt = ([left, top]) => own.scrollLeft(element) === left && own.scrollTop(element) === top;
  let still = 0;
  let at = placeOfScroller(element);
  const begun = () => !expects || isTaken() || !isAt(from);
  for (let painted = 0; painted < 60 && (still < 3 || (painted < TO_BEGIN && !begun())); painted += 1) {
    await frame();
    still = isAt(at) ? still + 1 : 0;
    at = placeOfScroller(element);
  }
  answers?.observer.disconnect();
  if (meant && isAt(from) && !isTaken() && !answers?.heard) return scrolled(own.scroller(), { dx, dy });
  const stands = standing(element, { dx, dy });
  return isTaken() ? { ...stands, atEnd: false } : stands;
}
