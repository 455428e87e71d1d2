// What can be seen of an element: visible, enabled, moving, covered, and the diagnostics every reply carries.

function isVisible(element) {
  const image = imageOf(element);
  if (image) return isVisible(image);
  if (!isShown(element)) return false;
  const box = element.getBoundingClientRect();
  return (box.width > 0 && box.height > 0) || partsOf(element).length > 0;
}

// An element without a box of its own is shown where what holds it is.
function isShown(element) {
  if (element.checkVisibility({ visibilityProperty: true })) return true;
  const style = getComputedStyle(element);
  const holder = parentOf(element);
  return style.display === 'contents' && style.visibility === 'visible' && Boolean(holder) && isShown(holder);
}

// The boxes an element is seen by: its own, or those of its content where it has none (display: contents) or where the
// content flows over.
function partsOf(element) {
  const hasSize = (part) => part.width > 0 && part.height > 0;
  const own = [...element.getClientRects()].filter(hasSize);
  if (own.length > 0 || getComputedStyle(element).overflow !== 'visible') return own;
  const range = document.createRange();
  range.selectNodeContents(element);
  return [...range.getClientRects()].filter(hasSize);
}

// The image an <area> is a part of.
function imageOf(element) {
  if (element.localName !== 'area') return null;
  const name = element.closest('map')?.name;
  return name ? document.querySelector(`img[usemap="#${CSS.escape(name)}" i]`) : null;
}

// The box of an <area> in its image: the points of its shape, or the circle's.
function areaBox(element, image) {
  const inside = image.getBoundingClientRect();
  const numbers = element.coords.split(',').map(Number);
  if (element.shape === 'default' || numbers.length < 3) return inside;
  const [x, y, radius] = numbers;
  const isCircle = element.shape.startsWith('circ');
  const all = isCircle ? [x - radius, y - radius, x + radius, y + radius] : numbers;
  const xs = all.filter((_, index) => index % 2 === 0);
  const ys = all.filter((_, index) => index % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return new DOMRect(inside.x + left, inside.y + top, Math.max(...xs) - left, Math.max(...ys) - top);
}

function isEnabled(element) {
  if (element.matches(':disabled')) return false;
  for (let at = element; at; at = parentOf(at)) {
    const said = at.getAttribute('aria-disabled');
    if (said !== null) return said !== 'true';
  }
  return true;
}

// The animations of the element and of what holds it.
function animationsOf(element) {
  return document.getAnimations().filter((animation) => {
    if (animation.playState !== 'running' && !animation.pending) return false;
    const target = animation.effect?.target;
    return target && isWithin(element, target);
  });
}

function boxOf(element) {
  const image = imageOf(element);
  const { x, y, width, height } = image ? areaBox(element, image) : element.getBoundingClientRect();
  return { x, y, width, height };
}

function sameBox(one, other) {
  return one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height;
}

// `div#consent`, `button.primary`: short enough for a sentence.
function describe(element) {
  if (!element) return 'nothing';
  const name = element.localName;
  if (element.id) return `${name}#${element.id}`;
  const first = element.classList[0];
  return first ? `${name}.${first}` : name;
}

// Cuts text without leaving half a character.
function cut(text, length) {
  if (text.length <= length) return text;
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}

function textOf(element) {
  return collapse(element.innerText ?? element.textContent);
}

function diagnostics(elements) {
  const element = elements[0];
  if (!element) return { matched: false, matchCount: 0, visible: false };
  const attributes = {};
  for (const { name, value } of element.attributes) attributes[name] = cut(value, 2000);
  return {
    matched: true,
    matchCount: elements.length,
    visible: isVisible(element),
    enabled: isEnabled(element),
    elementText: cut(textOf(element), 200),
    tagName: element.localName,
    attributes,
    boundingBox: boxOf(element),
  };
}
