// The part of a page a person reads, as text or as Markdown: no scripts, no styles, no navigation, nothing hidden. Here is what
// is read and in which order; how it is written down is the writer's (`written.js`).

const SKIPPED = new Set([
  'script', 'style', 'noscript', 'template', 'nav', 'head', 'link', 'meta', 'svg', 'canvas', 'object', 'embed', 'dialog',
  'select', 'datalist',
]);
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu', 'menubar', 'dialog', 'alertdialog']);

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
  const body = own.body();
  if (body) readAloud(body, writer, performance.now() + millis);
  return { url, title, content: written.text(), truncated: written.truncated };
}

// Nodes between two looks at the clock.
const BETWEEN_LOOKS = 128;

// Goes through what is readable, with a stack of its own: pages may be deeper than any script can recurse.
function readAloud(root, writer, until) {
  const stack = [root];
  for (let count = 1; stack.length > 0 && !writer.written.truncated; count += 1) {
    if (count % BETWEEN_LOOKS === 0 && performance.now() > until) writer.written.truncated = true;
    const node = stack.pop();
    if (typeof node === 'function') node();
    else if (own.isText(node)) writer.text(node.data);
    else if (own.isElement(node)) readElement(node, writer, stack);
  }
}

function readElement(element, writer, stack) {
  const name = own.localName(element);
  if (!isWanted(element, name)) return;
  if (name === 'br') return writer.lineBreak();
  if (name === 'wbr') return;
  const style = getComputedStyle(element);
  if (style.display !== 'contents' && !own.checkVisibility(element, { visibilityProperty: true })) return;
  const leave = writer.enter(element, name, style);
  if (!leave) return; // it is written already
  stack.push(leave);
  const inside = own.shadowRoot(element) ?? element;
  const children = name === 'slot' ? own.call(element, 'assignedNodes', { flatten: true }) : own.childNodes(inside);
  for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]);
}

function isWanted(element, name) {
  if (SKIPPED.has(name) || SKIPPED_ROLES.has(own.getAttribute(element, 'role'))) return false;
  // The page's own head and foot; those of an article belong to it.
  if ((name === 'header' || name === 'footer' || name === 'aside') && !own.closest(element, 'article, main')) return false;
  return own.getAttribute(element, 'aria-hidden') !== 'true';
}
