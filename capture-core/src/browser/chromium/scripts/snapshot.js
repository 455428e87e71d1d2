// Snapshots: the page as a tree of roles and names, a line per node, and the refs of what can be acted on.

// Elements told, and elements looked at for that: of a snapshot of what can be acted on most are only looked at.
const SNAPSHOT_NODES = 5000;
const LOOKED_AT = 50_000;
const SNAPSHOT_DEPTH = 1000;
const SHOWN_CHARS = 500;
// A <select> with more options shows its value only.
const SHOWN_OPTIONS = 50;

// Not lines of their own: what is in them moves up, words into the words around them.
const FOLDED = new Set([
  'code', 'deletion', 'emphasis', 'generic', 'insertion', 'mark', 'none', 'rowgroup', 'strong', 'subscript',
  'superscript', 'time',
]);
// Roles without a name of their own: what can be clicked goes by its words instead.
const NAMED_BY_WORDS = new Set([
  ...FOLDED, 'article', 'caption', 'definition', 'figure', 'listitem', 'paragraph', 'term',
]);
const WITH_VALUE = new Set(['meter', 'progressbar', 'scrollbar', 'searchbox', 'slider', 'spinbutton', 'textbox']);
const INTERACTIVE = new Set([
  'button', 'checkbox', 'combobox', 'link', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio',
  'searchbox', 'slider', 'spinbutton', 'switch', 'tab', 'textbox', 'treeitem',
]);
const FRAMES = new Set(['frame', 'iframe']);
// Shown by their own names, where they have no role.
const MEDIA = new Set(['audio', 'embed', 'object', 'video']);

const refOfElement = new WeakMap();
const elementOfRef = new Map();

// The element a ref was given to, while it is in the document.
function refElement(ref) {
  const element = elementOfRef.get(ref)?.deref();
  if (!element) elementOfRef.delete(ref);
  return element && own.isConnected(element) ? { element } : null;
}

// snapshot.
function snapshot({ selector, interactive, maxDepth, maxChars, next }) {
  let root = own.body() ?? own.documentElement();
  if (selector) {
    const { elements, ...unusable } = search(selector);
    if (!elements || unusable.invalid) return unusable;
    if (elements.length === 0) return { missing: true };
    [root] = elements;
  }
  const limits = { levels: maxDepth ?? Infinity, chars: maxChars ?? Infinity, interactive: Boolean(interactive) };
  return looking(() => {
    const modal = modalDialog();
    const counts = { nodes: 0, told: 0, least: 0, cut: false };
    const walk = { ...limits, ...counts, root, modal, focused: focusedElement(), standing: new Set() };
    const items = [];
    const blocked = modal && root && !isWithin(root, modal);
    const inert = Boolean(blocked || (root && own.closest(root, '[inert]')));
    const around = { parent: root && parentOf(root), depth: 0, level: 0, inert, said: true };
    if (root && isExposed(root)) gather(root, items, around, walk);
    const { href: url } = location;
    const unknown = { hosts: mayHave.size, roles: mayHaveRole.size };
    const tree = { lines: [], refs: {}, next, truncated: walk.cut, frames: [], ...unknown, url, title: own.title() };
    if (!write(items, 0, tree, { ...limits, used: 0 })) tree.truncated = true;
    return tree;
  });
}

// The dialog that blocks the rest of the page: of several the one with the focus, else the last.
function modalDialog() {
  const modals = [...own.querySelectorAll(document, 'dialog:modal')];
  const focused = modals.length > 1 ? focusedElement() : null;
  return modals.findLast((each) => focused && isWithin(focused, each)) ?? modals.at(-1) ?? null;
}

function focusedElement() {
  let focused = null;
  for (let place = document; place; place = focused && own.shadowRoot(focused)) {
    const inside = own.activeElement(place);
    if (!inside) break;
    focused = inside;
  }
  return focused === own.body() || focused === own.documentElement() ? null : focused;
}

// Adds the items of a node and of all in it. `around` is where it is: in which element, how deep in the document and in
// the tree, inert, and whether words there are shown.
function gather(node, out, around, walk) {
  if (walk.cut) return;
  if (own.isText(node) && around.said && !walk.interactive) addText(out, node.data);
  if (!own.isElement(node)) return;
  const tag = own.localName(node); // Read once: there are many elements.
  if (isUnsaid(node, tag)) return;
  if (tag === 'br') addText(out, ' ');
  walk.nodes += 1;
  const tooMany = walk.nodes > (walk.interactive ? LOOKED_AT : SNAPSHOT_NODES) || walk.told > SNAPSHOT_NODES;
  if (tooMany || around.depth > SNAPSHOT_DEPTH || walk.least > walk.chars) {
    walk.cut = true;
    return;
  }
  const { visible: said, shut, block } = shownAs(node);
  const item = said && !walk.standing.has(node) ? itemOf(node, tag, around, walk) : null;
  if (item) {
    if (around.level < walk.levels) walk.least += item.role.length + item.name.slice(0, SHOWN_CHARS).length + 3;
    walk.told += 1;
    out.push(item);
  }
  if (item?.leaf || (FALLBACK_CONTENT.has(tag) && !showsFallback(node)) || shut) return;
  const inside = {
    parent: node,
    depth: around.depth + 1,
    level: around.level + (item && !walk.interactive ? 1 : 0),
    inert: (around.inert && node !== walk.modal) || own.hasAttribute(node, 'inert'),
    said,
  };
  if (tag === 'label' && said) return gatherLabel(node, out, inside, walk);
  const apart = !item && block;
  if (apart) closeText(out);
  const into = item && !walk.interactive ? item.children : out;
  for (const child of childrenOf(node, tag)) gather(child, into, inside, walk);
  if (apart) closeText(out);
}

// A label stands for a box that is drawn some other way, and its words are not said twice.
function gatherLabel(label, out, inside, walk) {
  const control = own.get(label, 'control');
  const box = control && ['checkbox', 'file', 'radio'].includes(own.get(control, 'type')) && !isExposed(control);
  if (box && !walk.standing.has(control)) {
    const item = itemOf(control, own.localName(control), inside, walk);
    walk.standing.add(control);
    if (item) out.push(item);
  }
  const items = [];
  for (const child of childrenOf(label)) gather(child, items, inside, walk);
  const known = control && (walk.standing.has(control) || (isWithin(control, walk.root) && isExposed(control)));
  const words = items.filter(isText).map((item) => item.text).join(' ');
  const repeated = known && sameWords(words, nameOf(control));
  for (const item of items) {
    if (!isText(item)) out.push(item);
    else if (!repeated) addText(out, item.text);
  }
}

function isText(item) {
  return item.text !== undefined;
}

// Words go on where the last ones ended, unless a block lies between.
function addText(out, words) {
  // Far more than is shown of it.
  const text = words.length > 20 * SHOWN_CHARS ? words.trimStart().slice(0, 20 * SHOWN_CHARS) : words;
  const last = out.at(-1);
  if (last && isText(last) && last.open) last.text += text;
  else if (text.trim()) out.push({ text, open: true });
}

function closeText(out) {
  const last = out.at(-1);
  if (last) last.open = false;
}

function sameWords(words, name) {
  const squeeze = (text) => text.replace(/\s+/g, '');
  return squeeze(name).includes(squeeze(words));
}

// The line an element gets; null where it gets none.
function itemOf(element, tag, around, walk) {
  const plain = roleOf(element);
  const actable = isActable(element, tag, plain, around, walk);
  const disabled = actable ? !isEnabled(element) : tag === 'option' && own.get(element, 'disabled');
  const acts = actable && !disabled && !around.inert;
  const framed = FRAMES.has(tag) || frameIdOf(element) !== null;
  const media = MEDIA.has(tag) && !showsFallback(element);
  if (framed ? walk.interactive && frameIdOf(element) === null : walk.interactive && !acts) return null;
  if (!framed && !media && !acts && FOLDED.has(plain)) return null;
  const role = framed ? 'iframe' : shownRole(element, plain);
  const name = shownName(element, role, plain, acts);
  if (role === 'img' && !name && !acts) return null;
  const valued = WITH_VALUE.has(role) || tag === 'select' || (tag === 'input' && ['combobox', 'button'].includes(role));
  const holds = valued && !(role === 'button' && own.get(element, 'type') !== 'file');
  const value = holds ? collapse(valueOf(element, role)) : '';
  const long = tag === 'select' && own.get(element, 'length') > SHOWN_OPTIONS;
  const leaf = framed || long || WITH_VALUE.has(role) || role === 'img';
  const states = statesOf(element, role, disabled, walk);
  return { element, role, name, acts, value, leaf, framed, states, children: [] };
}

// Whether something happens when a person acts on an element, by its kind or by how it looks.
function isActable(element, tag, role, around, walk) {
  if (isControl(element, tag) || (own.hasAttribute(element, 'tabindex') && own.get(element, 'tabIndex') >= 0)) return true;
  // What follows takes a mouse to act on.
  if (element === own.body() || element === own.documentElement()) return false;
  // Handlers the page wrote as attributes are seen from here; what it listens on is only asked for where that is all that counts.
  const listens = own.hasAttribute(element, 'onclick') || (walk.interactive && listening.has(element));
  const clickable = (INTERACTIVE.has(role) && tag !== 'option') || listens;
  const isOutermost = () => !(around.parent && isPointed(around.parent));
  const pointed = clickable || (isPointed(element) && isOutermost() && !own.get(element, 'control'));
  return Boolean(pointed) && shownAs(element).style.pointerEvents !== 'none';
}

// Whether an object shows what it has for those who cannot show it.
function showsFallback(element) {
  if (own.localName(element) !== 'object' || !own.firstChild(element)) return false;
  const range = own.createRange();
  range.selectNodeContents(element);
  return range.getClientRects().length > 0;
}

function isPointed(element) {
  return shownAs(element).style.cursor === 'pointer';
}

function shownRole(element, plain) {
  if ((FOLDED.has(plain) || plain === 'paragraph') && isEditingHost(element)) return 'textbox';
  if (!FOLDED.has(plain)) return plain;
  const name = own.localName(element);
  return MEDIA.has(name) ? name : 'clickable';
}

function shownName(element, role, plain, acts) {
  // The cells of a row say it all.
  if ((plain === 'row' && !acts) || (role === 'textbox' && role !== plain)) return authorName(element);
  return acts && NAMED_BY_WORDS.has(plain) ? nameOf(element) || labelOf(element) : nameOf(element);
}

// What an element is like at present, in the order it is written.
function statesOf(element, role, disabled, walk) {
  const said = own.hasAttributes(element) ? (name) => own.getAttribute(element, `aria-${name}`) : () => null;
  const states = [];
  const level = said('level') || (role === 'heading' && (/^h([1-6])$/.exec(own.localName(element))?.[1] ?? 2));
  if (level) states.push(`level=${level}`);
  const checked = checkedState(element, role);
  if (checked) states.push(checked);
  if (said('pressed') === 'true') states.push('pressed');
  const chosen = own.localName(element) === 'option' && own.get(element, 'selected');
  if (said('selected') === 'true' || chosen) states.push('selected');
  const open = isSummary(element) ? String(own.get(own.parentElement(element), 'open')) : said('expanded');
  if (open === 'true') states.push('expanded');
  if (open === 'false') states.push('collapsed');
  if (disabled) states.push('disabled');
  if (said('readonly') === 'true' || own.get(element, 'readOnly') === true) states.push('readonly');
  if (said('required') === 'true' || own.get(element, 'required') === true) states.push('required');
  if (!['false', '', null].includes(said('invalid')) || own.matches(element, ':user-invalid')) states.push('invalid');
  if (element === walk.focused) states.push('active');
  return states;
}

// Writes items as lines, as long as there is room. False when there was not enough.
function write(items, depth, tree, limits) {
  if (depth >= limits.levels) {
    if (items.some((item) => !isText(item) || collapse(item.text))) tree.truncated = true;
    return true;
  }
  return items.every((item) => {
    const words = isText(item) ? collapse(item.text) : null;
    if (words === '') return true;
    const children = isText(item) ? [] : settle(item);
    const ref = item.acts ? refOfElement.get(item.element) ?? `e${tree.next}` : null;
    const line = '  '.repeat(depth) + (words === null ? lineOf(item, ref) : `- text: ${cut(words, SHOWN_CHARS)}`);
    limits.used += line.length + 1;
    // The last line has no line end.
    if (limits.used - 1 > limits.chars) return false;
    tree.lines.push(line);
    if (ref) keepRef(item, ref, tree);
    const id = item.framed ? frameIdOf(item.element) : null;
    if (id !== null) tree.frames.push({ id, line: tree.lines.length - 1, depth });
    return write(children, depth + 1, tree, limits);
  });
}

// The children a line needs lines for: words that are its name or can stand in it are not among them.
function settle(item) {
  if (!item.children.every(isText)) return item.children;
  const texts = item.children.map((child) => collapse(child.text)).filter(Boolean);
  if (item.name && sameWords(texts.join(' '), item.name)) return [];
  if (texts.length !== 1 || item.value) return item.children;
  [item.value] = texts;
  return [];
}

function lineOf({ role, name, states, value }, ref) {
  const title = name ? ` ${JSON.stringify(cut(name, SHOWN_CHARS))}` : '';
  const marks = (ref ? [...states, `ref=${ref}`] : states).map((state) => ` [${state}]`).join('');
  return `- ${role}${title}${marks}${value ? `: ${cut(value, SHOWN_CHARS)}` : ''}`;
}

function keepRef({ element, role, name }, ref, tree) {
  if (!refOfElement.has(element)) {
    refOfElement.set(element, ref);
    elementOfRef.set(ref, new WeakRef(element));
    tree.next += 1;
  }
  tree.refs[ref] = { role, name: cut(name, SHOWN_CHARS) };
}
