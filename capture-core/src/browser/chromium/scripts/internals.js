// Roles and states a custom element has by its ElementInternals. No script of ours sees them, the browser's accessibility tree does
// (`internals.rs`); it is dear, so that only elements are asked about which take the focus and say of no role.

const MOST_ASKED_ROLES = 20;

const internals = new WeakMap(); // {role, checked, isFresh}
const mayHaveRole = new Set();

// What is known of an element's internals, if anything.
function internalsOf(element) {
  if (!own.localName(element).includes('-') || own.hasAttribute(element, 'role')) return null;
  if (!own.hasAttribute(element, 'tabindex') || !own.matches(element, ':defined')) return null;
  if (mayHaveRole.size < MOST_ASKED_ROLES) mayHaveRole.add(element);
  return internals.get(element) ?? null;
}

// The elements to ask about. Objects, for the browser.
function mayHaveRoles() {
  const elements = [...mayHaveRole];
  mayHaveRole.clear();
  return elements;
}

// What the browser says of an element, `isFresh` for the action under way. Whether that is a role we know.
function learnRole(element, { role, checked, isFresh }) {
  const isKnown = ROLES.has(role) && role !== 'generic' && role !== 'none';
  internals.set(element, isKnown ? { role, checked, isFresh } : {});
  return isKnown;
}

// What is known of an element may have changed when it is acted on next.
function outdate(element) {
  const known = internals.get(element);
  if (known) known.isFresh = false;
}
