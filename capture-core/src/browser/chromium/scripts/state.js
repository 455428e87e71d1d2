// The state of an element: visible, enabled, moving, covered, and the diagnostics in every reply.

function isVisible(element) {
  const image = imageOf(element);
  if (image) return isVisible(image);
  if (!isShown(element)) return false;
  const box = own.getBoundingClientRect(element);
  return (box.width > 0 && box.height > 0) || partsOf(element).length > 0;
}

// Whether an element is shown. An element without a box of its own is shown if its container is.
function isShown(element) {
  if (own.checkVisibility(element, { visibilityProperty: true })) return true;
  const style = getComputedStyle(element);
  const holder = parentOf(element);
  return style.display === 'contents' && style.visibility === 'visible' && Boolean(holder) && isShown(holder);
}

// The boxes that make an element visible: its own, or those of its content if it has none (display: contents) or the
// content overflows.
function partsOf(element) {
  const hasSize = (part) => part.width > 0 && part.height > 0;
  const boxes = [...own.getClientRects(element)].filter(hasSize);
  if (boxes.length > 0 || getComputedStyle(element).overflow !== 'visible') return boxes;
  const range = own.createRange();
  range.selectNodeContents(element);
  return [...range.getClientRects()].filter(hasSize);
}

// The image to which an <area> belongs.
function imageOf(element) {
  if (own.localName(element) !== 'area') return null;
  const map = own.closest(element, 'map');
  const name = map && own.getAttribute(map, 'name');
  return name ? own.querySelector(document, `img[usemap="#${CSS.escape(name)}" i]`) : null;
}

// The bounding box of an <area> in its image, from the points of its shape or its circle.
function areaBox(element, image) {
  const inside = own.getBoundingClientRect(image);
  const numbers = own.get(element, 'coords').split(',').map(Number);
  if (own.get(element, 'shape') === 'default' || numbers.length < 3) return inside;
  const [x, y, radius] = numbers;
  const isCircle = own.get(element, 'shape').startsWith('circ');
  const all = isCircle ? [x - radius, y - radius, x + radius, y + radius] : numbers;
  const xs = all.filter((_, index) => index % 2 === 0);
  const ys = all.filter((_, index) => index % 2 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return new DOMRect(inside.x + left, inside.y + top, Math.max(...xs) - left, Math.max(...ys) - top);
}

// Elements for which a click on any part counts as a click on the element.
const CLICKED = 'a[href], area[href], button, input, select, textarea, option, summary, [role=button], [role=link], ' +
  '[role=checkbox], [role=radio], [role=switch], [role=tab], [role=option], [role=menuitem], [role=menuitemcheckbox], ' +
  '[role=menuitemradio], [role=treeitem]';

// The control that an element is or belongs to.
function controlOf(element) {
  for (let at = element; at; at = parentOf(at)) if (own.matches(at, CLICKED)) return at;
  return null;
}

// The innermost label or control that an element is or belongs to, which is what a click on it means.
function writtenOn(element) {
  for (let at = element; at; at = parentOf(at)) if (own.localName(at) === 'label' || own.matches(at, CLICKED)) return at;
  return null;
}

// The label to which an element belongs, with no control in between.
function labelAround(element) {
  const holder = writtenOn(element);
  return holder && own.localName(holder) === 'label' ? holder : null;
}

// The control of the label to which an element belongs.
function labelled(element) {
  const label = labelAround(element);
  return (label && own.get(label, 'control')) ?? null;
}

const THEMSELVES = new Set(['a', 'button', 'input', 'option', 'select', 'summary', 'textarea']);

// Whether a click on it has an effect. A part of a control is enabled if the control is, and so is its label.
function isEnabled(element) {
  if (own.matches(element, ':disabled')) return false;
  const holder = THEMSELVES.has(own.localName(element)) ? null : writtenOn(element);
  const control = holder && own.localName(holder) === 'label' ? own.get(holder, 'control') : holder;
  if (control && own.matches(control, ':disabled')) return false;
  for (let at = element; at; at = parentOf(at)) {
    const said = own.getAttribute(at, 'aria-disabled');
    if (said !== null) return said !== 'true';
  }
  return true;
}

// The animations of the element and its ancestors, in every tree that contains them, because a document does not report
// those in its shadow trees.
function animationsOf(element) {
  return treesOf(element).flatMap((tree) => own.animations(tree)).filter((animation) => {
    if (animation.playState !== 'running' && !animation.pending) return false;
    const target = animation.effect?.target;
    return target && isWithin(element, target);
  });
}

function treesOf(element) {
  const trees = [own.getRootNode(element)];
  for (let at = element; at; ) {
    const holder = parentOf(at);
    if (holder && holder !== own.parentElement(at)) trees.push(own.getRootNode(holder));
    at = holder;
  }
  return [...new Set(trees)];
}

function boxOf(element) {
  const image = imageOf(element);
  const { x, y, width, height } = image ? areaBox(element, image) : own.getBoundingClientRect(element);
  return { x, y, width, height };
}

function sameBox(one, other) {
  return one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height;
}

// A short description such as `div#consent` or `button.primary`, for messages.
function describe(described) {
  if (!described) return 'nothing';
  const element = playerAround(described);
  const name = own.localName(element);
  const id = own.id(element);
  if (id) return `${name}#${id}`;
  const first = own.classList(element)[0];
  return first ? `${name}.${first}` : name;
}

// Cuts text without splitting a character.
function cut(text, length) {
  if (text.length <= length) return text;
  const code = text.charCodeAt(length - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? length - 1 : length);
}

function textOf(element) {
  return collapse(own.get(element, 'innerText') ?? own.textContent(element));
}

function diagnostics(elements, element) {
  if (!element) return { matched: false, matchCount: 0, visible: false };
  const attributes = {};
  for (const { name, value } of own.attributes(element)) attributes[name] = cut(value, 2000);
  return {
    matched: true,
    matchCount: elements.length,
    visible: isVisible(element),
    enabled: isEnabled(element),
    elementText: cut(textOf(element), 200),
    tagName: own.localName(element),
    attributes,
    boundingBox: boxOf(element),
  };
}
