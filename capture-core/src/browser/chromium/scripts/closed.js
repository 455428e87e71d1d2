// Closed shadow roots, and elements with listeners of the page. Scripts see neither; the browser reports both
// (`closed.rs`).

// Maximum number of elements asked about at a time.
const MOST_ASKED = 50;
// A plain element that is smaller than this has no readable content.
const LEAST_HOST = 8;
// An element that contains more actionable elements than this listens on their behalf.
const MOST_HELD = 5;
const HOSTS = new Set([
  'article', 'aside', 'blockquote', 'body', 'div', 'footer', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'header', 'main', 'nav', 'p',
  'section', 'span',
]);

const BETWEEN_NOTES_MS = 250;

let notedAt = -Infinity;
const askedAbout = new WeakMap();
const mayHave = new Set();

// Notes an element without a known root that may have a closed one: a custom element, or an element with a size but no
// content. It is asked about again once it has been defined or has changed its size.
function noteHost(element, name, isEmpty) {
  const isCustom = name.includes('-');
  if (!isCustom && !(isEmpty && HOSTS.has(name))) return;
  if (mayHave.size >= MOST_ASKED || own.shadowRoot(element)) return;
  const state = isCustom ? own.matches(element, ':defined') : sizeOf(element, name);
  if (state === 0 || askedAbout.get(element) === state) return;
  askedAbout.set(element, state);
  mayHave.add(element);
}

// The size of a plain element as one number, zero if it is too small. Inline elements have no size until they are
// measured.
function sizeOf(element, name) {
  let [width, height] = [own.clientWidth(element), own.clientHeight(element)];
  if (height === 0 && name === 'span') ({ width, height } = own.getBoundingClientRect(element));
  return width < LEAST_HOST || height < LEAST_HOST ? 0 : width * 100_000 + height;
}

// The elements to ask the browser about, as objects.
function mayHaveRoots() {
  const hosts = [...mayHave];
  mayHave.clear();
  return hosts;
}

// The number of elements about which nothing is known. It is called repeatedly while waiting for an element.
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

// The content of the root is visited as well, for nested roots.
function openRoot(root) {
  const host = own.get(root, 'host');
  if (isPlayer(host)) {
    rootOfPlayer.set(host, root);
    return true;
  }
  own.knowRoot(host, root);
  for (const element of own.querySelectorAll(root, '*')) noteHost(element, own.localName(element), !own.firstChild(element));
  return true;
}

let listening = new WeakSet();

// Records the nodes on which the page listens. A node that contains many actionable elements is not meant itself.
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
