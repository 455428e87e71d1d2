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
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
    return { url, title, html: type + (document.documentElement?.outerHTML ?? '') };
  }
  const out = [];
  // Deep pages are walked with a stack of our own.
  if (document.body) walk(document.body, out);
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
    } else if (node.nodeType === Node.TEXT_NODE) out.push(escapeText(node.data));
    else if (node.nodeType === Node.ELEMENT_NODE && isReadable(node)) depth += enter(node, stack, out, depth);
  }
}

// Begins an element; how many levels deeper what is pushed for it lies.
function enter(element, stack, out, depth) {
  const name = element.localName;
  const plain = /^[a-z][a-z0-9]*$/.test(name) ? name : 'div';
  if (depth < READABLE_DEPTH) out.push(`<${plain}${attributesOf(element, name)}>`);
  if (VOID.has(name)) return 0;
  stack.push(`</${plain}>`);
  const inside = element.shadowRoot ?? element;
  const children = name === 'slot' ? element.assignedNodes({ flatten: true }) : inside.childNodes;
  for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]);
  return 1;
}

function isReadable(element) {
  const name = element.localName;
  if (SKIPPED.has(name) || SKIPPED_ROLES.has(element.getAttribute('role'))) return false;
  // The page's own head and foot; those of an article belong to it.
  if ((name === 'header' || name === 'footer' || name === 'aside') && !element.closest('article, main')) return false;
  if (element.getAttribute('aria-hidden') === 'true') return false;
  return name === 'br' || name === 'wbr' || getComputedStyle(element).display === 'contents' || element.checkVisibility({ visibilityProperty: true });
}

function attributesOf(element, name) {
  let text = '';
  for (const attribute of KEPT_ATTRIBUTES[name] ?? []) {
    const address = attribute === 'href' || attribute === 'src';
    const value = address ? absolute(element, attribute) : element.getAttribute(attribute);
    if (value !== null && !value.startsWith('javascript:')) text += ` ${attribute}="${escapeText(value)}"`;
  }
  return text;
}

function escapeText(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
