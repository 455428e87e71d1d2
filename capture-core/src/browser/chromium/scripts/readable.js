// The readable part of a page as text or Markdown: without scripts, styles, navigation or hidden content. This file
// decides what is read and in which order; the writer decides how it is written (`written.js`).

const SKIPPED = new Set([
  'script', 'style', 'noscript', 'template', 'nav', 'head', 'link', 'meta', 'svg', 'canvas', 'embed',
  'select', 'datalist',
]);
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu', 'menubar']);
const DIALOGS = new Set(['dialog', 'alertdialog']);
const MODAL = 'dialog:modal, [aria-modal=true]';

// The page as `format`: at most `most` UTF-16 units, and as far as it is read within `millis`.
function content({ format, most, mostHtml, millis }) {
  const { url, title } = page();
  if (format === 'html') {
    const html = markup();
    return { url, title, content: html.slice(0, mostHtml), truncated: html.length > mostHtml };
  }
  const written = new Written(most);
  const writer = format === 'markdown' ? new MarkdownWriter(written) : new TextWriter(written);
  const source = xmlSource();
  const root = source ?? own.body() ?? own.documentElement();
  const around = root ? aroundOf(root, source) : {};
  if (root) readAloud(root, writer, around, performance.now() + millis);
  framesRead = written.gaps.map((gap) => gap.element);
  const hidden = Boolean(around.isHidden);
  return { url, title, content: written.text(), gaps: written.gapsTold(), truncated: written.truncated, hidden, hosts: mayHave.size };
}

// The frames of the last reading, in reading order.
let framesRead = [];

// The frames of the last reading; null if unknown.
function framesOfReading() {
  return framesRead.map(frameIdOf);
}

// Frames that are smaller than this, in CSS pixels, are not meant to be read.
const LEAST_FRAME = 16;
// Number of nodes between two checks of the clock.
const BETWEEN_LOOKS = 128;

// Visits the readable content with an explicit stack, because pages may be deeper than a script can recurse.
function readAloud(root, writer, around, until) {
  const stack = [root];
  for (let count = 1; stack.length > 0 && !writer.written.truncated; count += 1) {
    if (count % BETWEEN_LOOKS === 0 && performance.now() > until) writer.written.truncated = true;
    const node = stack.pop();
    if (typeof node === 'function') node();
    else if (own.isText(node)) writer.text(node.data);
    else if (own.isElement(node)) readElement(node, writer, stack, around);
  }
}

// Properties of the whole document that affect its parts: whether a modal dialog hides it from assistive technology,
// whether it hides itself until its scripts have run (then it is read as it would be shown), and whether it is not
// HTML, in which case all of it is read.
function aroundOf(root, source) {
  const isHtml = !source && Boolean(own.body());
  const isModal = isHtml && [...own.querySelectorAll(document, MODAL)].some(isVisible);
  return { root, isModal, isHidden: isHtml && !own.checkVisibility(root, { visibilityProperty: true }), isHtml };
}

function readElement(element, writer, stack, around) {
  const isForeign = !around.isHtml && (own.namespaceURI(element) !== XHTML || element === around.root);
  if (isForeign) return readForeign(element, writer, stack);
  const name = own.localName(element);
  if (around.isHtml && !isWanted(element, name, around)) return readHeadings(element, name, stack);
  if (name === 'br') return writer.lineBreak();
  if (name === 'wbr') return;
  const style = getComputedStyle(element);
  if (!isReadable(element, style, around)) return;
  if (holdsDocument(element, name)) return readFrame(element, writer);
  const leave = writer.enter(element, name, style);
  if (!leave) return; // the element has already been written
  stack.push(leave);
  pushContent(element, name, stack);
}

function readForeign(element, writer, stack) {
  const plain = foreign(element);
  if (!plain) return;
  stack.push(writer.enter(element, plain.name, plain.style));
  pushContent(element, plain.name, stack);
}

// Whether an element shows a document of its own: an object does where it has a window.
function holdsDocument(element, name) {
  return FRAMES.has(name) || (name === 'object' && Boolean(own.get(element, 'contentWindow')));
}

// A frame's document is read by itself, and stands where the frame does. A tiny one is there for something else.
function readFrame(element, writer) {
  const { width, height } = own.getBoundingClientRect(element);
  if (width >= LEAST_FRAME && height >= LEAST_FRAME) writer.written.gap(element);
}

function pushContent(element, name, stack) {
  const inside = own.shadowRoot(element) ?? element;
  const children = name === 'slot' ? own.call(element, 'assignedNodes', { flatten: true }) : own.childNodes(inside);
  if (inside === element) noteHost(element, name, children.length === 0);
  for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]);
}

function isReadable(element, style, { isHidden, isHtml }) {
  if (isHidden || !isHtml) return style.display !== 'none';
  return style.display === 'contents' || own.checkVisibility(element, { visibilityProperty: true });
}

function isWanted(element, name, { isModal, root }) {
  const role = own.getAttribute(element, 'role');
  if (SKIPPED.has(name) || SKIPPED_ROLES.has(role)) return false;
  // Dialogs that do not cover the page are notices about it.
  if (DIALOGS.has(role) && !own.matches(element, MODAL) && name !== 'dialog') return false;
  // The page's own header and footer; those of an article or a section belong to that.
  const isEdge = name === 'header' || name === 'footer' || name === 'aside';
  if (isEdge && !own.closest(element, name === 'header' ? 'article, main, section' : 'article, main')) return false;
  // The content that a modal dialog hides is the page itself.
  return own.getAttribute(element, 'aria-hidden') !== 'true' || (isModal && own.parentElement(element) === root);
}

// Of the page's own header only the headings are read, since the title is often only there.
function readHeadings(element, name, stack) {
  if (name !== 'header' || own.getAttribute(element, 'aria-hidden') === 'true') return;
  const headings = [...own.querySelectorAll(element, 'h1, h2')].filter((each) => !own.closest(each, 'nav, dialog'));
  for (const heading of headings.reverse()) stack.push(heading);
}
