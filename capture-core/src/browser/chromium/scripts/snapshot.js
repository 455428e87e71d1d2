// Snapshots: the page as a tree of roles and names, one line per node, with refs for what can be acted on.

// Maximum number of listed elements, and of visited elements. A snapshot of actionable elements visits many more than
// it lists.
const SNAPSHOT_NODES = 5000;
const LOOKED_AT = 50_000;
const SNAPSHOT_DEPTH = 1000;
const SHOWN_CHARS = 500;
// A <select> with more options shows only its value.
const SHOWN_OPTIONS = 50;

// Elements without lines of their own. Their content moves up, and their words join the words around them.
const FOLDED = new Set([
  'code', 'deletion', 'emphasis', 'generic', 'insertion', 'mark', 'none', 'rowgroup', 'strong', 'subscript',
  'superscript', 'time',
]);
// Roles without a name. An element with such a role that can be clicked is named by its words.
const NAMED_BY_WORDS = new Set([
  ...FOLDED, 'article', 'caption', 'definition', 'figure', 'listitem', 'paragraph', 'term',
]);
const WITH_VALUE = new Set(['meter', 'progressbar', 'scrollbar', 'searchbox', 'slider', 'spinbutton', 'textbox']);
const INTERACTIVE = new Set([
  'button', 'checkbox', 'combobox', 'link', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio',
  'searchbox', 'slider', 'spinbutton', 'switch', 'tab', 'textbox', 'treeitem',
]);
const FRAMES = new Set(['frame', 'iframe']);
// Shown by their tag names if they have no role.
const MEDIA = new Set(['audio', 'embed', 'object', 'video']);

const refOfElement = new WeakMap();
const elementOfRef = new Map();

// The element to which a ref was assigned, while it is in the document.
function refElement(ref) {
  const element = elementOfRef.get(ref)?.deref();
  if (!element) elementOfRef.delete(ref);
  return element && own.isConnected(element) ? { element } : null;
}

// The `snapshot` action.
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

// The dialog that blocks the rest of the page. Of several it is the one with the focus, otherwise the last.
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

// Adds the items of a node and its descendants. `around` describes its position: the containing element, the depth in
// the document and in the tree, whether it is inert, and whether words are shown there.
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
  const controls = item && isPlayer(node) ? builtInControls(node) : [];
  if (item?.leaf || (controls.length === 0 && FALLBACK_CONTENT.has(tag) && !showsFallback(node)) || shut) return;
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
  for (const child of controls.length > 0 ? controls : childrenOf(node, tag)) gather(child, into, inside, walk);
  if (apart) closeText(out);
}

// A label stands for a box that is not drawn natively, and its words are not repeated.
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

// Words continue the previous ones, unless there is a block in between.
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
  const player = isPlayer(element);
  const value = holds ? collapse(valueOf(element, role)) : player ? timeOfPlayer(element) : '';
  const long = tag === 'select' && own.get(element, 'length') > SHOWN_OPTIONS;
  const leaf = framed || long || WITH_VALUE.has(role) || role === 'img';
  const states = [...(player ? statesOfPlayer(element) : []), ...statesOf(element, role, disabled, walk)];
  return { element, role, name, acts, value, leaf, framed, states, children: [] };
}

// Whether something happens when a person acts on an element, by its kind or by how it looks.
function isActable(element, tag, role, around, walk) {
  if (isControl(element, tag) || (own.hasAttribute(element, 'tabindex') && own.get(element, 'tabIndex') >= 0)) return true;
  // What follows takes a mouse to act on.
  if (element === own.body() || element === own.documentElement()) return false;
  // Handlers in attributes are visible here. Listeners are only requested if the snapshot is limited to actionable
  // elements.
  const listens = own.hasAttribute(element, 'onclick') || (walk.interactive && listening.has(element));
  const clickable = (INTERACTIVE.has(role) && tag !== 'option') || listens;
  const isOutermost = () => !(around.parent && isPointed(around.parent));
  const pointed = clickable || (isPointed(element) && isOutermost() && !own.get(element, 'control'));
  return Boolean(pointed) && shownAs(element).style.pointerEvents !== 'none';
}

// Whether an object shows its fallback content.
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
  // The cells of a row have all of its text.
  if ((plain === 'row' && !acts) || (role === 'textbox' && role !== plain)) return authorName(element);
  return acts && NAMED_BY_WORDS.has(plain) ? nameOf(element) || labelOf(element) : nameOf(element);
}

// The states of an element, in the order in which they are written.
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

// Writes items as lines while there is room. Returns false if there was not enough.
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

// The children that need lines of their own, without words that are the element's name or fit into its line.
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
