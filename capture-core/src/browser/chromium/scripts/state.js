// What can be seen of an element: visible, enabled, moving, covered, and the diagnostics every reply carries.

function isVisible(element) {
  if (!element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) return false;
  const box = element.getBoundingClientRect();
  if (box.width > 0 && box.height > 0) return true;
  // An element without a box of its own is seen through its children (display: contents).
  return getComputedStyle(element).display === 'contents' && [...element.children].some(isVisible);
}

function isEnabled(element) {
  if (element.matches(':disabled')) return false;
  for (let at = element; at; at = parentOf(at)) {
    const said = at.getAttribute('aria-disabled');
    if (said !== null) return said !== 'true';
  }
  return true;
}

// Whether the element or one that holds it is being animated: only then two frames are worth comparing.
function isAnimated(element) {
  return document.getAnimations().some((animation) => {
    if (animation.playState !== 'running' && !animation.pending) return false;
    const target = animation.effect?.target;
    return target && isWithin(element, target);
  });
}

function boxOf(element) {
  const { x, y, width, height } = element.getBoundingClientRect();
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
