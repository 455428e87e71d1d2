// Tooltips and other things that the mouse opened where it was left. They may cover the next target.

// A cover may go away by itself, so it is left alone for this long.
const COVERED_MS = 250;

function staysCovered(way) {
  way.coveredSince ??= performance.now();
  return performance.now() - way.coveredSince >= COVERED_MS;
}

// A point at which the mouse leaves the cover but stays in what contains both cover and target, so that a menu that is
// open because of the mouse stays open. Null if the mouse is elsewhere, is over the target, or there is no such point.
function awayFrom(cover, target) {
  const left = hovered();
  if (!left || isBackground(left) || isWithin(left, target)) return null;
  const holder = holderOf(left, target);
  const branch = branchOf(left, holder);
  const isFree = ({ x, y }) => {
    const hit = elementAt(x, y);
    if (!hit || isWithin(hit, cover) || (branch && isWithin(hit, branch)) || FRAMES.has(own.localName(hit))) return false;
    return isBackground(holder) ? !controlOf(hit) : isWithin(hit, holder);
  };
  return placesIn(isBackground(holder) ? null : boxOf(holder)).find(isFree) ?? null;
}

// The element below the mouse, through open shadow roots.
function hovered() {
  let found = null;
  for (let tree = document; tree; tree = found && own.shadowRoot(found)) {
    const inside = [...own.querySelectorAll(tree, ':hover')].at(-1);
    if (!inside) break;
    found = inside;
  }
  return found;
}

// The smallest element that contains both.
function holderOf(one, other) {
  for (let at = one; at; at = parentOf(at)) if (isWithin(other, at)) return at;
  return null;
}

// The child of a holder that contains an element; null for the holder itself.
function branchOf(element, holder) {
  let branch = null;
  for (let at = element; at && at !== holder; at = parentOf(at)) branch = at;
  return branch;
}

function isBackground(element) {
  return !element || element === own.body() || element === own.documentElement();
}

// Points in the window, or in a box of it, near the edges first.
function placesIn(box) {
  const { x: left, y: top, width, height } = box ?? { x: 0, y: 0, width: innerWidth, height: innerHeight };
  const shares = [0.01, 0.99, 0.25, 0.5, 0.75];
  const places = shares.flatMap((x) => shares.map((y) => ({ x: left + width * x, y: top + height * y })));
  return places.filter(isInView);
}
