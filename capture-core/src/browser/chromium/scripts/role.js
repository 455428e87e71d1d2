// Computes roles as specified in ARIA 1.2, HTML-AAM and ARIA in HTML. Also holds the cache that roles, names and
// snapshots share during one pass over the document.

// Roles that an author can set, without the abstract ones.
const ROLES = new Set((
  'alert alertdialog application article banner blockquote button caption cell checkbox code columnheader ' +
  'combobox comment complementary contentinfo definition deletion dialog directory document emphasis feed ' +
  'figure form generic grid gridcell group heading image img insertion link list listbox listitem log main ' +
  'mark marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter navigation none note option ' +
  'paragraph presentation progressbar radio radiogroup region row rowgroup rowheader scrollbar search ' +
  'searchbox separator slider spinbutton status strong subscript suggestion superscript switch tab table ' +
  'tablist tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem graphics-document ' +
  'graphics-object graphics-symbol doc-abstract doc-acknowledgments doc-afterword doc-appendix doc-backlink ' +
  'doc-biblioentry doc-bibliography doc-biblioref doc-chapter doc-colophon doc-conclusion doc-cover doc-credit ' +
  'doc-credits doc-dedication doc-endnote doc-endnotes doc-epigraph doc-epilogue doc-errata doc-example ' +
  'doc-footnote doc-foreword doc-glossary doc-glossref doc-index doc-introduction doc-noteref doc-notice ' +
  'doc-pagebreak doc-pagefooter doc-pageheader doc-pagelist doc-part doc-preface doc-prologue doc-pullquote ' +
  'doc-qna doc-subtitle doc-tip doc-toc'
).split(' '));
const SYNONYMS = { image: 'img', presentation: 'none' };
const NEEDS_NAME = new Set(['form', 'region']);

// Attributes that make a presentational role invalid, because they would be lost with the element.
const GLOBAL_ATTRIBUTES = [
  'aria-atomic', 'aria-braillelabel', 'aria-brailleroledescription', 'aria-busy', 'aria-controls', 'aria-current',
  'aria-describedby', 'aria-description', 'aria-details', 'aria-dropeffect', 'aria-flowto', 'aria-grabbed',
  'aria-keyshortcuts', 'aria-label', 'aria-labelledby', 'aria-live', 'aria-owns', 'aria-relevant',
  'aria-roledescription',
];

const NATIVE_ROLES = {
  __proto__: null,
  address: 'group', article: 'article', blockquote: 'blockquote', button: 'button', caption: 'caption', code: 'code',
  datalist: 'listbox', dd: 'definition', del: 'deletion', details: 'group', dfn: 'term', dialog: 'dialog', dt: 'term',
  em: 'emphasis', fieldset: 'group', figcaption: 'caption', figure: 'figure', h1: 'heading', h2: 'heading',
  h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', hgroup: 'group', hr: 'separator', html: 'document',
  image: 'img', ins: 'insertion', main: 'main', mark: 'mark', math: 'math', menu: 'list', meter: 'meter',
  nav: 'navigation', ol: 'list', optgroup: 'group', output: 'status', p: 'paragraph', progress: 'progressbar',
  s: 'deletion', search: 'search', strong: 'strong', sub: 'subscript', sup: 'superscript', table: 'table',
  textarea: 'textbox', time: 'time', ul: 'list',
};

// Elements whose role depends on their attributes or on their position.
const CONDITIONAL_ROLES = {
  __proto__: null,
  a: linkRole,
  area: linkRole,
  aside: asideRole,
  footer: (element) => (isScoped(element, SCOPES) ? 'generic' : 'contentinfo'),
  form: (element) => (authorName(element) ? 'form' : 'generic'),
  header: (element) => (isScoped(element, SCOPES) ? 'generic' : 'banner'),
  img: imageRole,
  input: inputRole,
  li: itemRole,
  option: (element) => (own.closest(element, 'select, datalist') ? 'option' : 'generic'),
  section: (element) => (authorName(element) ? 'region' : 'generic'),
  select: (element) => (own.get(element, 'multiple') || own.get(element, 'size') > 1 ? 'listbox' : 'combobox'),
  summary: (element) => (isSummary(element) ? 'button' : 'generic'),
  svg: (element) => (authorName(element) || svgTitle(element) ? 'img' : 'generic'),
  tbody: tablePartRole,
  td: tablePartRole,
  tfoot: tablePartRole,
  th: tablePartRole,
  thead: tablePartRole,
  tr: tablePartRole,
};

// Types for which the specification has no role (password, file, dates, color) get the role that a person would expect.
const INPUT_ROLES = {
  button: 'button', checkbox: 'checkbox', file: 'button', hidden: 'none', image: 'button', number: 'spinbutton',
  radio: 'radio', range: 'slider', reset: 'button', search: 'searchbox', submit: 'button',
};
const SUGGESTING = new Set(['email', 'search', 'tel', 'text', 'url']);

const SECTIONING = new Set(['article', 'aside', 'nav', 'section', 'complementary', 'navigation', 'region']);
const SCOPES = new Set([...SECTIONING, 'main']);
const CONTROLS =
  'a[href], area[href], button, input:not([type=hidden i]), select, textarea, :is(audio, video)[controls]';
const CHECKABLE = new Set(['checkbox', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'switch', 'treeitem']);

let memory = null;

// Caches roles, names, styles and labels while `work` runs, during which nothing may change.
function looking(work) {
  if (memory) return work();
  memory = { roles: new Map(), names: new Map(), shown: new Map(), labels: new Map() };
  try {
    return work();
  } finally {
    memory = null;
  }
}

// The cached result of `make` for a key. A recursive request for that key returns `meanwhile`.
function remembered(kind, key, make, meanwhile) {
  if (!memory) return looking(() => remembered(kind, key, make, meanwhile));
  const known = memory[kind];
  const before = known.get(key);
  if (before !== undefined) return before;
  known.set(key, meanwhile);
  const value = make(key);
  known.set(key, value);
  return value;
}

// The styles that decide whether an element is shown, read once because reading styles is slow.
function shownAs(element) {
  return remembered('shown', element, readShown, null);
}

function readShown(element) {
  const style = getComputedStyle(element);
  const { display } = style;
  const none = display === 'none';
  return {
    style,
    none,
    block: display !== 'inline' && display !== 'contents',
    visible: none || style.visibility === 'visible',
    shut: !none && style.contentVisibility === 'hidden',
  };
}

// The role of an element; `generic` if none applies, `none` if it is presentational.
function roleOf(element) {
  return remembered('roles', element, readRole, 'generic');
}

function readRole(element) {
  return explicitRole(element) ?? internalsOf(element)?.role ?? implicitRole(element);
}

function explicitRole(element) {
  const said = own.getAttribute(element, 'role');
  if (!said) return null;
  for (const token of said.toLowerCase().trim().split(/\s+/)) {
    if (!ROLES.has(token)) continue;
    if (NEEDS_NAME.has(token) && !authorName(element)) continue;
    const role = SYNONYMS[token] ?? token;
    return role === 'none' && mattersAnyway(element) ? null : role;
  }
  return null;
}

function implicitRole(element) {
  const name = own.localName(element);
  return NATIVE_ROLES[name] ?? CONDITIONAL_ROLES[name]?.(element) ?? 'generic';
}

// Whether an element cannot be presentational, whatever its author says.
function mattersAnyway(element) {
  return isFocusable(element) || GLOBAL_ATTRIBUTES.some((name) => own.getAttribute(element, name)?.trim());
}

function isFocusable(element) {
  if (own.matches(element, ':disabled')) return false;
  const indexed = /^\s*[-+]?\d/.test(own.getAttribute(element, 'tabindex') ?? '');
  return indexed || isControl(element) || own.localName(element) === 'iframe';
}

function isControl(element, tag = own.localName(element)) {
  return own.matches(element, CONTROLS) || isEditingHost(element) || (tag === 'summary' && isSummary(element));
}

function isEditingHost(element) {
  const said = own.getAttribute(element, 'contenteditable');
  return said !== null && /^(true|plaintext-only)?$/i.test(said);
}

// Whether a summary is the one that opens its details.
function isSummary(element) {
  if (!own.isElement(element) || own.localName(element) !== 'summary') return false;
  const parent = own.parentElement(element);
  return parent && own.localName(parent) === 'details' && own.querySelector(parent, ':scope > summary') === element;
}

function linkRole(element) {
  return own.hasAttribute(element, 'href') || own.hasAttribute(element, 'xlink:href') ? 'link' : 'generic';
}

function imageRole(element) {
  return own.getAttribute(element, 'alt') === '' && !mattersAnyway(element) ? 'none' : 'img';
}

function inputRole(element) {
  const type = own.get(element, 'type');
  if (SUGGESTING.has(type) && own.get(element, 'list')) return 'combobox';
  return INPUT_ROLES[type] ?? 'textbox';
}

function asideRole(element) {
  return isScoped(element, SECTIONING) && !authorName(element) ? 'generic' : 'complementary';
}

// Whether an element is inside one of these, by tag or by role.
function isScoped(element, scopes) {
  for (let at = parentOf(element); at; at = parentOf(at)) {
    if (scopes.has(own.localName(at)) || scopes.has(roleOf(at))) return true;
  }
  return false;
}

function itemRole(element) {
  let parent = parentOf(element);
  while (parent && roleOf(parent) === 'generic') parent = parentOf(parent);
  const list = parent ? roleOf(parent) : 'generic';
  if (list === 'list' || list === 'directory') return 'listitem';
  return list === 'none' && !mattersAnyway(element) ? 'none' : 'generic';
}

// The role of a part of a table depends on the role of the table.
function tablePartRole(element) {
  let table = parentOf(element);
  while (table && own.localName(table) !== 'table') table = parentOf(table);
  const role = table ? roleOf(table) : 'generic';
  if (role === 'none' && !mattersAnyway(element)) return 'none';
  if (!['table', 'grid', 'treegrid', 'none'].includes(role)) return 'generic';
  const name = own.localName(element);
  if (name === 'tr') return 'row';
  if (name !== 'td' && name !== 'th') return 'rowgroup';
  const header = name === 'th' ? headerRole(element) : null;
  return header ?? (role === 'grid' || role === 'treegrid' ? 'gridcell' : 'cell');
}

function headerRole(element) {
  const scope = own.get(element, 'scope');
  if (scope) return scope.startsWith('row') ? 'rowheader' : 'columnheader';
  const row = own.parentElement(element);
  const part = row && own.parentElement(row);
  if (part && own.localName(part) === 'thead') return 'columnheader';
  return row && own.querySelector(row, ':scope > td') ? 'rowheader' : 'columnheader';
}

// Whether a box is checked, unchecked or mixed; null if it cannot be checked.
function checkedState(element, role) {
  if (!CHECKABLE.has(role)) return null;
  if (own.localName(element) !== 'input') {
    const said = own.getAttribute(element, 'aria-checked') ?? internalsOf(element)?.checked;
    return { true: 'checked', mixed: 'checked=mixed' }[said] ?? null;
  }
  if (own.get(element, 'indeterminate')) return 'checked=mixed';
  return own.get(element, 'checked') ? 'checked' : null;
}

// The children of an element as they are rendered: through shadow roots and slots, and what a closed <details> shows.
function childrenOf(element, name = own.localName(element)) {
  const assigned = name === 'slot' ? own.call(element, 'assignedNodes') : [];
  if (assigned.length > 0) return assigned;
  const children = [];
  const inside = own.shadowRoot(element) ?? element;
  for (let child = own.firstChild(inside); child; child = own.nextSibling(child)) children.push(child);
  if (inside === element) noteHost(element, name, children.length === 0);
  return name === 'details' && !own.get(element, 'open') ? children.filter(isSummary) : children;
}
