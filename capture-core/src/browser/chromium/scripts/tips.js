// What the mouse brought where it was left, tips above all, may cover what is to be reached next.

// What covers an element may go by itself: so long it is left alone.
const COVERED_MS = 250;

function staysCovered(way) {
  way.coveredSince ??= performance.now();
  return performance.now() - way.coveredSince >= COVERED_MS;
}

// Where the mouse would leave what it is over, but not what holds that and the target both: a menu that is open because of
// the mouse stays open. Null where the mouse is not here, is over the target, or finds no such place.
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

// What the mouse is over, through open shadow roots.
function hovered() {
  let found = null;
  for (let tree = document; tree; tree = found && own.shadowRoot(found)) {
    const inside = [...own.querySelectorAll(tree, ':hover')].at(-1);
    if (!inside) break;
    found = inside;
  }
  return found;
}

// The smallest element that holds both.
function holderOf(one, other) {
  for (let at = one; at; at = parentOf(at)) if (isWithin(other, at)) return at;
  return null;
}

// What of a holder an element is in; null where it is the holder itself.
function branchOf(element, holder) {
  let branch = null;
  for (let at = element; at && at !== holder; at = parentOf(at)) branch = at;
  return branch;
}

function isBackground(element) {
  return !element || element === own.body() || element === own.documentElement();
}

// Places in the window, or in a box of it: near the edges first.
function placesIn(box) {
  const { x: left, y: top, width, height } = box ?? { x: 0, y: 0, width: innerWidth, height: innerHeight };
  const shares = [0.01, 0.99, 0.25, 0.5, 0.75];
  const places = shares.flatMap((x) => shares.map((y) => ({ x: left + width * x, y: top + height * y })));
  return places.filter(isInView);
}
