// Closed shadow roots, and what the page listens on: no script sees either, the browser tells of both (`closed.rs`).

// Elements asked about at a time.
const MOST_ASKED = 50;
// Of plain elements, smaller ones than this hold nothing to read.
const LEAST_HOST = 8;
// An element that holds more than this of what can be acted on listens for that.
const MOST_HELD = 5;
const HOSTS = new Set([
  'article', 'aside', 'blockquote', 'body', 'div', 'footer', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'header', 'main', 'nav', 'p',
  'section', 'span',
]);

const BETWEEN_NOTES_MS = 250;

let notedAt = -Infinity;
const askedAbout = new WeakMap();
const mayHave = new Set();

// An element without a root that is known: a custom one, or one that has a size but nothing in it, may have a closed one. It is
// asked about again once it has been defined, or has changed its size.
function noteHost(element, name, isEmpty) {
  const isCustom = name.includes('-');
  if (!isCustom && !(isEmpty && HOSTS.has(name))) return;
  if (mayHave.size >= MOST_ASKED || own.shadowRoot(element)) return;
  const state = isCustom ? own.matches(element, ':defined') : sizeOf(element, name);
  if (state === 0 || askedAbout.get(element) === state) return;
  askedAbout.set(element, state);
  mayHave.add(element);
}

// The size of a plain element as one number, zero where it is too small. Lines have none until they are measured.
function sizeOf(element, name) {
  let [width, height] = [own.clientWidth(element), own.clientHeight(element)];
  if (height === 0 && name === 'span') ({ width, height } = own.getBoundingClientRect(element));
  return width < LEAST_HOST || height < LEAST_HOST ? 0 : width * 100_000 + height;
}

// The elements to ask about. Objects, for the browser.
function mayHaveRoots() {
  const hosts = [...mayHave];
  mayHave.clear();
  return hosts;
}

// How many elements there are of which nothing is known. Who waits for an element asks again and again.
function noteHosts() {
  const now = performance.now();
  if (now - notedAt < BETWEEN_NOTES_MS) return mayHave.size;
  notedAt = now;
  for (const place of roots()) {
    for (const element of own.querySelectorAll(place, '*')) {
      noteHost(element, own.localName(element), !own.firstChild(element));
    }
  }
  return mayHave.size;
}

// What is in it is looked at too, for roots within roots.
function openRoot(root) {
  own.knowRoot(own.get(root, 'host'), root);
  for (const element of own.querySelectorAll(root, '*')) noteHost(element, own.localName(element), !own.firstChild(element));
  return true;
}

let listening = new WeakSet();

// Takes the nodes the page listens on. What holds much that can be acted on is not meant by itself.
function markListening(nodes) {
  const elements = new Set(nodes.filter(own.isElement));
  const held = new Map();
  for (const element of elements) {
    for (let at = parentOf(element); at; at = parentOf(at)) if (elements.has(at)) held.set(at, (held.get(at) ?? 0) + 1);
  }
  const isMeant = (element) => (held.get(element) ?? 0) + own.querySelectorAll(element, CONTROLS).length <= MOST_HELD;
  listening = new WeakSet([...elements].filter(isMeant));
  return true;
}
