// Computes accessible names as specified in "Accessible Name and Description Computation 1.2" and HTML-AAM. Steps of
// the algorithm are named by their letters there.

// Limits of one name: visited elements, characters, and nested elements.
const NAME_NODES = 5000;
const NAME_CHARS = 2000;
const NAME_DEPTH = 200;

const NAMED_BY_CONTENT = new Set([
  'button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem', 'menuitemcheckbox',
  'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab', 'tooltip', 'treeitem', 'doc-backlink',
  'doc-biblioref', 'doc-glossref', 'doc-noteref',
]);
const UNNAMED = new Set([
  'caption', 'code', 'definition', 'deletion', 'emphasis', 'generic', 'insertion', 'mark', 'none', 'paragraph',
  'strong', 'subscript', 'suggestion', 'superscript', 'term', 'time',
]);
// Elements without a role that HTML-AAM nevertheless names.
const NAMED_WITHOUT_ROLE = new Set(['abbr', 'audio', 'canvas', 'embed', 'frame', 'iframe', 'map', 'object', 'video']);

// Elements whose content is never part of a page's text.
const UNSAID = new Set([
  'desc', 'head', 'link', 'meta', 'metadata', 'noscript', 'script', 'style', 'template', 'title', 'datalist',
]);
const FALLBACK_CONTENT = new Set(['audio', 'canvas', 'embed', 'iframe', 'object', 'video']);
const SVG = 'http://www.w3.org/2000/svg';
const LABELABLE = new Set(['button', 'input', 'meter', 'output', 'progress', 'select', 'textarea']);
const NAMED_BY_VALUE = { button: '', submit: 'Submit', reset: 'Reset' };
const TAKES_PLACEHOLDER = new Set(['email', 'number', 'password', 'search', 'tel', 'text', 'textarea', 'url']);
// Words, attributes, and the slash before the alternative text of a `content`; pictures have no text.
const CONTENT_TOKENS = /"((?:[^"\\]|\\.)*)"|attr\(\s*([^\s,)]+)[^)]*\)|url\([^)]*\)|\//g;
const NAMING_CHILD = { __proto__: null, fieldset: 'legend', figure: 'figcaption', table: 'caption' };
// Pictures are separated from the words around them, although they are inline.
const APART = new Set(['img', 'svg']);
const EMBEDDED = new Set(['combobox', 'listbox', 'scrollbar', 'searchbox', 'slider', 'spinbutton', 'textbox']);
const RANGES = new Set(['meter', 'progressbar', 'scrollbar', 'slider', 'spinbutton']);

// The accessible name of an element. The element itself counts as shown, whether it is or not.
function nameOf(element) {
  return remembered('names', element, readName, '');
}

function readName(element) {
  if (UNNAMED.has(roleOf(element)) && !NAMED_WITHOUT_ROLE.has(own.localName(element))) return '';
  return named(element, 'root');
}

// The name of an element that has no role but can be clicked: its label, or else its content.
function labelOf(element) {
  return named(element, 'asked');
}

// The name that an author gave, which is the only name that forms and regions have.
function authorName(element) {
  const given = ['aria-label', 'aria-labelledby', 'title'].some((name) => own.hasAttribute(element, name));
  return given ? looking(() => named(element, 'author')) : '';
}

function named(element, how) {
  return looking(() => cut(collapse(alternative(element, newWalk(element), how)), NAME_CHARS));
}

function newWalk(root) {
  return { root, path: new Set(), referenced: false, unhidden: false, cost: { nodes: 0, chars: 0 } };
}

// The text alternative of an element. `how` says why it is computed: for the `root` of the computation, whose role
// decides whether content counts; for a `child`; for an element that another one refers to (`reference`); for a
// `label`; for a root whose content is always used (`asked`) or never (`author`).
function alternative(element, walk, how) {
  if (walk.path.has(element) && how !== 'reference') return '';
  if (walk.path.size > NAME_DEPTH || (walk.cost.nodes += 1) > NAME_NODES || walk.cost.chars > NAME_CHARS) return '';
  // 2A
  if (how === 'child' && !walk.unhidden && isUnsaid(element)) return '';
  // 2B
  const references = walk.referenced ? [] : referred(element, 'aria-labelledby', 'ariaLabelledByElements');
  if (references.length > 0) {
    const text = joined(references, { ...walk, referenced: true }, 'reference');
    if (text) return text;
  }
  const role = roleOf(element);
  // 2C
  if (how === 'child' && EMBEDDED.has(role)) return element === walk.root ? '' : valueOf(element, role, walk);
  // 2D
  const label = own.localName(element) === 'slot' ? '' : collapse(own.getAttribute(element, 'aria-label'));
  if (label) return label;
  // 2E
  const native = role === 'none' || how === 'author' ? null : nativeName(element, walk);
  if (native !== null) return native;
  // 2F, 2G, 2H
  if (how !== 'author' && (how !== 'root' || NAMED_BY_CONTENT.has(role))) {
    const text = EMBEDDED.has(role) ? valueOf(element, role, walk) : contentText(element, walk);
    if (text.trim()) return text;
  }
  // 2I
  return collapse(own.getAttribute(element, 'title')) || placeholder(element);
}

// The texts of elements that something refers to. Hidden ones count with all their content.
function joined(elements, walk, how) {
  const texts = elements.map((element) => {
    const unhidden = walk.unhidden || !isExposed(element);
    return collapse(alternative(element, { ...walk, unhidden }, how));
  });
  return texts.filter(Boolean).join(' ');
}

// The elements that an attribute with ids, or the property that reflects it, refers to.
function referred(element, attribute, property) {
  if (!own.hasAttribute(element, attribute)) return [];
  const reflected = own.get(element, property);
  if (reflected) return [...reflected];
  const root = own.getRootNode(element);
  const ids = own.getAttribute(element, attribute).split(/\s+/);
  return ids.map((id) => id && own.getElementById(root, id)).filter(Boolean);
}

// Whether an element of a text walk is hidden by itself; visibility is the matter of the text in it.
function isUnsaid(element, name = own.localName(element)) {
  if (UNSAID.has(name) || own.getAttribute(element, 'aria-hidden') === 'true') return true;
  return shownAs(element).none;
}

// Whether an element is hidden neither by itself nor by an ancestor.
function isExposed(element) {
  if (!shownAs(element).visible) return false;
  for (let at = element; at; at = parentOf(at)) {
    if (isUnsaid(at) || (at !== element && shownAs(at).shut)) return false;
  }
  return true;
}

// The name that HTML itself gives an element; null if it gives none.
function nativeName(element, walk) {
  const name = own.localName(element);
  if (LABELABLE.has(name)) {
    const labels = joined(labelsOf(element), walk, 'label');
    if (labels) return labels;
  }
  if (name === 'input') return inputName(element);
  if (name === 'img' || name === 'area') return own.getAttribute(element, 'alt');
  if (name === 'optgroup' || name === 'option') return collapse(own.getAttribute(element, 'label')) || null;
  const wanted = NAMING_CHILD[name];
  const child = wanted ? childNamed(element, wanted) : svgTitle(element);
  if (!child) return null;
  // The title of a drawing is never shown, but names it.
  return wanted ? joined([child], walk, 'label') || null : collapse(own.textContent(child)) || null;
}

function inputName(element) {
  const type = own.get(element, 'type');
  if (Object.hasOwn(NAMED_BY_VALUE, type)) {
    return collapse(own.getAttribute(element, 'value') ?? NAMED_BY_VALUE[type]) || null;
  }
  if (type !== 'image') return null;
  return collapse(own.getAttribute(element, 'alt')) || collapse(own.getAttribute(element, 'title')) || 'Submit';
}

function placeholder(element) {
  return TAKES_PLACEHOLDER.has(own.get(element, 'type')) ? collapse(own.getAttribute(element, 'placeholder')) : '';
}

function svgTitle(element) {
  if (own.namespaceURI(element) !== SVG) return null;
  return childNamed(element, 'title') ?? null;
}

function childNamed(element, name) {
  return [...own.children(element)].find((each) => own.localName(each) === name);
}

// The labels of a control. They are looked up for all controls at once, since `labels` searches the whole document each
// time.
function labelsOf(control) {
  return remembered('labels', own.getRootNode(control), readLabels, new Map()).get(control) ?? [];
}

function readLabels(root) {
  const found = new Map();
  for (const label of own.querySelectorAll(root, 'label')) {
    const control = own.get(label, 'control');
    if (control) found.set(control, [...(found.get(control) ?? []), label]);
  }
  return found;
}

// 2F: the text of an element, with the text that CSS adds before and after it.
function contentText(element, walk) {
  if (FALLBACK_CONTENT.has(own.localName(element))) return '';
  walk.path.add(element);
  const { visible, shut } = shownAs(element);
  const said = walk.unhidden || visible;
  let text = said ? generated(element, '::before') : '';
  if (walk.unhidden || !shut) {
    for (const node of childrenOf(element)) text += nodeText(node, walk, said);
    for (const owned of referred(element, 'aria-owns', 'ariaOwnsElements')) {
      if (!own.contains(element, owned)) text += nodeText(owned, walk, said);
    }
  }
  if (said) text += generated(element, '::after');
  walk.path.delete(element);
  return text;
}

function nodeText(node, walk, said) {
  if (own.isText(node)) {
    if (!said) return '';
    walk.cost.chars += node.data.length;
    return node.data;
  }
  if (!own.isElement(node)) return '';
  if (own.localName(node) === 'br') return ' ';
  const text = alternative(node, walk, 'child');
  return text && (shownAs(node).block || APART.has(own.localName(node))) ? ` ${text} ` : text;
}

// The text of a pseudo-element: its alternative text if it has one, otherwise its words.
function generated(element, pseudo) {
  const style = getComputedStyle(element, pseudo);
  const { content } = style;
  if (content === 'none' || content === 'normal') return '';
  if (style.display === 'none' || style.visibility !== 'visible') return '';
  const parts = [''];
  for (const [token, quoted, attribute] of content.matchAll(CONTENT_TOKENS)) {
    const words = attribute ? own.getAttribute(element, attribute) : quoted?.replace(/\\(.)/g, '$1');
    if (token === '/') parts.push('');
    else parts[parts.length - 1] += words ?? '';
  }
  const text = parts.at(-1);
  return style.display === 'inline' ? text : ` ${text} `;
}

// The value of a control as text. Passwords are not returned.
function valueOf(element, role, walk = newWalk(element)) {
  const name = own.localName(element);
  const spoken = (attribute) => own.getAttribute(element, attribute);
  const said = RANGES.has(role) && (spoken('aria-valuetext') || spoken('aria-valuenow'));
  if (said) return said;
  const value = own.get(element, 'value');
  const type = name === 'input' ? own.get(element, 'type') : null;
  if (type === 'password') return '•'.repeat(Math.min(value.length, NAME_CHARS));
  if (type === 'file') return [...own.get(element, 'files')].map((file) => file.name).join(', ');
  if (name === 'input' || name === 'textarea') return value;
  if (name === 'progress' || name === 'meter') return own.hasAttribute(element, 'value') ? String(value) : '';
  if (name === 'select') {
    return [...own.get(element, 'selectedOptions')].map((option) => collapse(own.get(option, 'label'))).join(' ');
  }
  if (RANGES.has(role)) return '';
  const chosen = role === 'combobox' || role === 'listbox' ? chosenOptions(element) : [];
  if (chosen.length > 0) return chosen.map(labelOf).join(' ');
  if (role === 'listbox') return '';
  return looking(() => contentText(element, walk));
}

// The chosen options of an author's combobox or listbox, or of the list that it opens.
function chosenOptions(element) {
  const lists = ['aria-controls', 'aria-owns'].flatMap((attribute) => {
    return referred(element, attribute, attribute === 'aria-owns' ? 'ariaOwnsElements' : 'ariaControlsElements');
  });
  return [element, ...lists].flatMap((list) => [...own.querySelectorAll(list, '[role~=option][aria-selected=true]')]);
}
