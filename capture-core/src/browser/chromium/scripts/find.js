// Finding elements: CSS by default, xpath=… or //…, text=….
// CSS and text are also looked for inside each open shadow root by itself; XPath only in the light DOM.

// The document and every open shadow root in it, in tree order.
function roots(root = document, found = [root]) {
  for (const element of root.querySelectorAll('*')) {
    if (element.shadowRoot) {
      found.push(element.shadowRoot);
      roots(element.shadowRoot, found);
    }
  }
  return found;
}

// All elements a selector names. Throws a SyntaxError when it is not well-formed.
function findAll(selector) {
  const text = selector.trim();
  if (text.startsWith('xpath=')) return byXPath(text.slice(6));
  if (text.startsWith('//') || text.startsWith('(//')) return byXPath(text);
  if (text.startsWith('text=')) return byText(text.slice(5));
  const places = roots();
  if (places.length === 1) return [...document.querySelectorAll(text)];
  return places.flatMap((place) => [...place.querySelectorAll(text)]);
}

function byXPath(expression) {
  const found = document.evaluate(expression, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  const elements = [];
  for (let index = 0; index < found.snapshotLength; index += 1) {
    const node = found.snapshotItem(index);
    if (node.nodeType === Node.ELEMENT_NODE) elements.push(node);
  }
  return elements;
}

// The smallest elements whose text contains the words, upper and lower case alike.
function byText(words) {
  const wanted = collapse(words.replace(/^(["'])(.*)\1$/, '$2')).toLowerCase();
  if (!wanted) throw new SyntaxError('text= needs some text');
  const elements = [];
  for (const place of roots()) {
    for (const element of place.querySelectorAll('*')) {
      if (!contains(element, wanted)) continue;
      if ([...element.children].some((child) => contains(child, wanted))) continue;
      elements.push(element);
    }
  }
  return elements;
}

function contains(element, wanted) {
  if (element.matches('script, style, noscript, template, head, title')) return false;
  const button = element.matches('input[type=button], input[type=submit], input[type=reset]');
  const text = button ? element.value : element.textContent;
  return collapse(text).toLowerCase().includes(wanted);
}

function collapse(text) {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

// The element below a point, through open shadow roots.
function elementAt(x, y) {
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}

// The element that holds this one, across shadow boundaries and slots.
function parentOf(element) {
  return element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null;
}

// Whether `inner` is `outer` or inside it, across shadow boundaries.
function isWithin(inner, outer) {
  for (let element = inner; element; element = parentOf(element)) if (element === outer) return true;
  return false;
}
