// The part of a page a person reads, as text or as Markdown: no scripts, no styles, no navigation, nothing hidden. Here is what
// is read and in which order; how it is written down is the writer's (`written.js`).

const SKIPPED = new Set([
  'script', 'style', 'noscript', 'template', 'nav', 'head', 'link', 'meta', 'svg', 'canvas', 'object', 'embed',
  'select', 'datalist',
]);
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu', 'menubar']);
const DIALOGS = new Set(['dialog', 'alertdialog']);
const MODAL = 'dialog:modal, [aria-modal=true]';

// The page as `format`, at most `most` UTF-16 units of it, and as far as one comes in `millis`.
function content({ format, most, mostHtml, millis }) {
  const { url, title } = page();
  if (format === 'html') {
    const [doctype, root] = [own.doctype(), own.documentElement()];
    const type = doctype ? new XMLSerializer().serializeToString(doctype) : '';
    const html = type + (root ? own.outerHTML(root) : '');
    return { url, title, content: html.slice(0, mostHtml), truncated: html.length > mostHtml };
  }
  const written = new Written(most);
  const writer = format === 'markdown' ? new MarkdownWriter(written) : new TextWriter(written);
  const root = own.body() ?? own.documentElement();
  if (root) readAloud(root, writer, performance.now() + millis);
  return { url, title, content: written.text(), truncated: written.truncated };
}

// Nodes between two looks at the clock.
const BETWEEN_LOOKS = 128;

// Goes through what is readable, with a stack of its own: pages may be deeper than any script can recurse.
function readAloud(root, writer, until) {
  const stack = [root];
  const around = aroundOf(root);
  for (let count = 1; stack.length > 0 && !writer.written.truncated; count += 1) {
    if (count % BETWEEN_LOOKS === 0 && performance.now() > until) writer.written.truncated = true;
    const node = stack.pop();
    if (typeof node === 'function') node();
    else if (own.isText(node)) writer.text(node.data);
    else if (own.isElement(node)) readElement(node, writer, stack, around);
  }
}

// What a look at the whole document says of its parts: whether a modal dialog hides it from those who hear it, whether it hides
// itself until its scripts have run (then what it would show is read), and whether it is no HTML, all of which is read.
function aroundOf(root) {
  const isModal = [...own.querySelectorAll(document, MODAL)].some(isVisible);
  return { root, isModal, isHidden: !own.checkVisibility(root, { visibilityProperty: true }), isHtml: Boolean(own.body()) };
}

function readElement(element, writer, stack, around) {
  const name = own.localName(element);
  if (around.isHtml && !isWanted(element, name, around)) return readHeadings(element, name, stack);
  if (name === 'br') return writer.lineBreak();
  if (name === 'wbr') return;
  const style = getComputedStyle(element);
  if (!isReadable(element, style, around)) return;
  const leave = writer.enter(element, name, style);
  if (!leave) return; // it is written already
  stack.push(leave);
  const inside = own.shadowRoot(element) ?? element;
  const children = name === 'slot' ? own.call(element, 'assignedNodes', { flatten: true }) : own.childNodes(inside);
  for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]);
}

function isReadable(element, style, { isHidden, isHtml }) {
  if (isHidden || !isHtml) return style.display !== 'none' || !isHtml;
  return style.display === 'contents' || own.checkVisibility(element, { visibilityProperty: true });
}

function isWanted(element, name, { isModal, root }) {
  const role = own.getAttribute(element, 'role');
  if (SKIPPED.has(name) || SKIPPED_ROLES.has(role)) return false;
  // Dialogs that leave the page as it is are notices about it.
  if (DIALOGS.has(role) && !own.matches(element, MODAL) && name !== 'dialog') return false;
  // The page's own head and foot; those of an article or a section belong to it.
  const isEdge = name === 'header' || name === 'footer' || name === 'aside';
  if (isEdge && !own.closest(element, name === 'header' ? 'article, main, section' : 'article, main')) return false;
  // What a modal dialog has hidden is the page itself.
  return own.getAttribute(element, 'aria-hidden') !== 'true' || (isModal && own.parentElement(element) === root);
}

// Of the page's own head its headings are read: often the title stands there and nowhere else.
function readHeadings(element, name, stack) {
  if (name !== 'header' || own.getAttribute(element, 'aria-hidden') === 'true') return;
  const headings = [...own.querySelectorAll(element, 'h1, h2')].filter((each) => !own.closest(each, 'nav, dialog'));
  for (const heading of headings.reverse()) stack.push(heading);
}
