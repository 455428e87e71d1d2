// Scrolling: the page, an element, or whatever is below a point.

// Scrolls the page or the element named: by `dx`, `dy`, to its `top` or `bottom`, or into view.
async function scroll({ selector, by, to, timeoutMs }, call) {
  if (!selector) {
    if (isOver(call)) return LATE;
    return { done: true, scroll: await scrolled(mainScroller(by ?? { dx: 0, dy: 1 }), by, to) };
  }
  return awaited({ selector, timeoutMs }, call, async (element) => {
    if (!isVisible(element)) return { why: 'not_visible' };
    if (isOver(call)) return LATE;
    if (by || to) return { done: true, scroll: await scrolled(element, by, to) };
    own.scrollIntoView(element, { block: 'center', inline: 'nearest', behavior: 'instant' });
    return { done: true, scroll: standing(own.scroller(), null) };
  });
}

async function scrolled(element, by, to) {
  const behavior = 'instant';
  if (to) own.scrollTo(element, { top: to === 'top' ? 0 : own.scrollHeight(element), behavior });
  else own.scrollBy(element, { left: by.dx, top: by.dy, behavior });
  await frame(); // the page hears of it before it is painted
  return standing(element, by ?? { dx: 0, dy: to === 'top' ? -1 : 1 });
}

// Where a scroller stands, and whether it can go no further that way.
function standing(element, way) {
  const { dx, dy } = way ?? { dx: 0, dy: 1 };
  return { scrollX: own.scrollLeft(element), scrollY: own.scrollTop(element), atEnd: !canScroll(element, dx, dy) };
}

// A pixel of tolerance: positions are rounded where a page is zoomed.
function canScroll(element, dx, dy) {
  if (dy > 0) return own.scrollTop(element) + own.clientHeight(element) < own.scrollHeight(element) - 1;
  if (dy < 0) return own.scrollTop(element) > 0;
  if (dx > 0) return own.scrollLeft(element) + own.clientWidth(element) < own.scrollWidth(element) - 1;
  return own.scrollLeft(element) > 0;
}

// The document; where it has nothing to scroll, what is scrolled in the middle of the window instead of it.
function mainScroller({ dx, dy }) {
  const root = own.scroller();
  const overflows = dy ? own.scrollHeight(root) > innerHeight + 1 : own.scrollWidth(root) > innerWidth + 1;
  if (overflows) return root;
  return scrollerAt(innerWidth / 2, innerHeight / 2, dx, dy) ?? root;
}

// The innermost scroller below a point that can be scrolled along this axis.
function scrollerAt(x, y, dx, dy) {
  for (let element = elementAt(x, y); element; element = parentOf(element)) {
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
let wheeledFrom = null; // where it stood, if it can move that way

// Remembers what a wheel at this point will move; whether that is something here, and whether a frame is there.
function beforeWheel({ x, y, dx, dy }, call) {
  admit(call, WHEEL);
  const inner = scrollerAt(x, y, dx, dy);
  const root = own.scroller();
  wheeled = inner && canScroll(inner, dx, dy) ? inner : root;
  const moves = isInView({ x, y }) && canScroll(wheeled, dx, dy);
  wheeledFrom = moves ? [own.scrollLeft(wheeled), own.scrollTop(wheeled)] : null;
  const hit = elementAt(x, y);
  return { moves, framed: Boolean(hit) && FRAMES.has(own.localName(hit)) };
}

// Frames in which something that can move may take to begin: the wheel reaches a frame with a process of its own by a detour.
const TO_BEGIN = 20;

// Where it stands once it has come to rest.
async function afterWheel({ dx, dy }) {
  const element = wheeled ?? own.scroller();
  let still = 0;
  let [left, top] = [own.scrollLeft(element), own.scrollTop(element)];
  const begun = () => !wheeledFrom || left !== wheeledFrom[0] || top !== wheeledFrom[1];
  for (let painted = 0; painted < 60 && (still < 3 || (painted < TO_BEGIN && !begun())); painted += 1) {
    await frame();
    still = left === own.scrollLeft(element) && top === own.scrollTop(element) ? still + 1 : 0;
    [left, top] = [own.scrollLeft(element), own.scrollTop(element)];
  }
  return standing(element, { dx, dy });
}
