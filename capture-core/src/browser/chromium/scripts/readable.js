// The part of a page a person reads, as HTML: no scripts, no styles, no navigation, nothing hidden.

const SKIPPED = new Set([
  'script', 'style', 'noscript', 'template', 'nav', 'head', 'link', 'meta', 'svg', 'canvas', 'object', 'embed', 'dialog',
  'select', 'datalist',
]);
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu', 'menubar', 'dialog', 'alertdialog']);
const VOID = new Set(['br', 'hr', 'img', 'wbr']);
const KEPT_ATTRIBUTES = { a: ['href'], img: ['src', 'alt'], ol: ['start'], td: ['colspan'], th: ['colspan'] };

function content({ format }) {
  const { url, title } = page();
  if (format === 'html') {
    const [doctype, root] = [own.doctype(), own.documentElement()];
    const type = doctype ? new XMLSerializer().serializeToString(doctype) : '';
    return { url, title, html: type + (root ? own.outerHTML(root) : '') };
  }
  const out = [];
  // Deep pages are walked with a stack of our own.
  const body = own.body();
  if (body) walk(body, out);
  return { url, title, html: out.join('') };
}

// Elements deeper than this are no longer wrapped in their tags: whoever reads the HTML need not be able to go as deep.
const READABLE_DEPTH = 100;

function walk(root, out) {
  const stack = [root];
  let depth = 0;
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node === 'string') {
      out.push(depth <= READABLE_DEPTH ? node : ' ');
      depth -= 1;
    } else if (own.isText(node)) out.push(escapeText(node.data));
    else if (own.isElement(node) && isReadable(node)) depth += enter(node, stack, out, depth);
  }
}

// Begins an element; how many levels deeper what is pushed for it lies.
function enter(element, stack, out, depth) {
  const name = own.localName(element);
  const plain = /^[a-z][a-z0-9]*$/.test(name) ? name : 'div';
  if (depth < READABLE_DEPTH) out.push(`<${plain}${attributesOf(element, name)}>`);
  if (VOID.has(name)) return 0;
  stack.push(`</${plain}>`);
  const inside = own.shadowRoot(element) ?? element;
  const children = name === 'slot' ? own.call(element, 'assignedNodes', { flatten: true }) : own.childNodes(inside);
  for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]);
  return 1;
}

function isReadable(element) {
  const name = own.localName(element);
  if (SKIPPED.has(name) || SKIPPED_ROLES.has(own.getAttribute(element, 'role'))) return false;
  // The page's own head and foot; those of an article belong to it.
  if ((name === 'header' || name === 'footer' || name === 'aside') && !own.closest(element, 'article, main')) return false;
  if (own.getAttribute(element, 'aria-hidden') === 'true') return false;
  if (name === 'br' || name === 'wbr' || getComputedStyle(element).display === 'contents') return true;
  return own.checkVisibility(element, { visibilityProperty: true });
}

function attributesOf(element, name) {
  let text = '';
  for (const attribute of KEPT_ATTRIBUTES[name] ?? []) {
    const address = attribute === 'href' || attribute === 'src';
    const value = address ? absolute(element, attribute) : own.getAttribute(element, attribute);
    if (value !== null && !value.startsWith('javascript:')) text += ` ${attribute}="${escapeText(value)}"`;
  }
  return text;
}

function escapeText(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
