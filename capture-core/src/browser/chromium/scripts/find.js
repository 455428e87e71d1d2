// Finding elements: CSS by default, xpath=… or //…, text=…, @e12 (a ref of a snapshot).
// CSS and text are also searched inside each open shadow root separately; XPath only in the light DOM.

// The elements of a selector: `{ elements }`, or `{ invalid }` or `{ stale }` if there can be none.
function search(selector) {
  const ref = /^\s*@(e[0-9]+)\s*$/.exec(selector)?.[1];
  if (ref) {
    const known = refElement(ref);
    return known ? { elements: [known.element] } : { stale: true };
  }
  try {
    return { elements: findAll(selector) };
  } catch (error) {
    return { invalid: String(error.message ?? error) };
  }
}

// The document and every open shadow root in it, in tree order.
function roots(root = document, found = [root]) {
  for (const element of own.querySelectorAll(root, '*')) {
    const shadow = own.shadowRoot(element);
    if (shadow) {
      found.push(shadow);
      roots(shadow, found);
    }
  }
  return found;
}

// All elements that match a selector. Throws a SyntaxError if the selector is malformed.
function findAll(selector) {
  const text = selector.trim();
  if (text.startsWith('xpath=')) return byXPath(text.slice(6));
  if (text.startsWith('//') || text.startsWith('(//')) return byXPath(text);
  if (text.startsWith('text=')) return byText(text.slice(5));
  const places = roots();
  if (places.length === 1) return [...own.querySelectorAll(document, text)];
  return places.flatMap((place) => [...own.querySelectorAll(place, text)]);
}

function byXPath(expression) {
  const found = own.evaluate(expression, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  const elements = [];
  for (let index = 0; index < found.snapshotLength; index += 1) {
    const node = found.snapshotItem(index);
    if (own.isElement(node)) elements.push(node);
  }
  return elements;
}

// The smallest elements whose text contains the words, ignoring case.
function byText(words) {
  const wanted = spoken(words.replace(/^(["'])(.*)\1$/, '$2'));
  if (!wanted) throw new SyntaxError('text= needs some text');
  const texts = new Map();
  return roots().flatMap((place) => [...own.children(place)].flatMap((element) => smallest(element, wanted, texts)));
}

function smallest(element, wanted, texts) {
  if (!spoken(wordsOf(element, texts)).includes(wanted)) return [];
  const inner = [...own.children(element)].flatMap((child) => smallest(child, wanted, texts));
  return inner.length > 0 ? inner : [element];
}

const WORDED = 'input[type=button], input[type=submit], input[type=reset]';
const WORDLESS = new Set(['script', 'style', 'noscript', 'template', 'head', 'title']);

// The text of an element with the text of buttons, and without content that is not shown.
function wordsOf(element, texts) {
  const known = texts.get(element);
  if (known !== undefined) return known;
  let words = '';
  if (own.matches(element, WORDED)) words = own.get(element, 'value');
  else if (!WORDLESS.has(own.localName(element))) {
    for (const node of own.childNodes(element)) {
      if (own.isText(node)) words += node.data;
      else if (own.isElement(node)) words += own.localName(node) === 'br' ? ' ' : wordsOf(node, texts);
    }
  }
  texts.set(element, words);
  return words;
}

// Soft hyphens, and invisible characters that join or separate letters.
const UNSEEN = /[\u00AD\u034F\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFE0E\uFE0F\uFEFF]/g;

// Text in the form in which it is compared: without invisible characters, with composed accents, and in one case.
function spoken(text) {
  const plain = /[^\0-\x7f]/.test(text) ? text.replace(UNSEEN, '').normalize('NFC') : text;
  return collapse(plain).toLowerCase();
}

// Text with collapsed white space. It is processed in pieces, because a replacement needs far more memory than the
// text.
function collapse(text) {
  if (!text || text.length <= 100_000) return (text ?? '').replace(/\s+/g, ' ').trim();
  let collapsed = '';
  for (let start = 0; start < text.length; start += 100_000) {
    const piece = text.slice(start, start + 100_000).replace(/\s+/g, ' ');
    collapsed += collapsed.endsWith(' ') && piece.startsWith(' ') ? piece.slice(1) : piece;
  }
  return collapsed.trim();
}

// The element below a point, through open shadow roots and into known players.
function elementAt(x, y) {
  const inside = (element) => own.shadowRoot(element) ?? rootOfPlayer.get(element);
  let hit = own.elementFromPoint(document, x, y);
  for (let shadow = hit && inside(hit); shadow; shadow = inside(hit)) {
    const inner = own.elementFromPoint(shadow, x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}

// The element that contains this one, across shadow boundaries and slots.
function parentOf(element) {
  return own.assignedSlot(element) ?? own.parentElement(element) ?? own.host(element);
}

// Whether `inner` is `outer` or inside it, across shadow boundaries.
function isWithin(inner, outer) {
  for (let element = inner; element; element = parentOf(element)) if (element === outer) return true;
  return false;
}
