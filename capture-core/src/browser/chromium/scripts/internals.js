// Roles and states that a custom element has by its ElementInternals. Only the browser's accessibility tree reports
// them (`internals.rs`). That is expensive, so it is asked only about elements that take the focus and have no role.

const MOST_ASKED_ROLES = 20;

const internals = new WeakMap(); // {role, checked, isFresh}
const mayHaveRole = new Set();

// What is known about an element's internals, if anything.
function internalsOf(element) {
  if (!own.localName(element).includes('-') || own.hasAttribute(element, 'role')) return null;
  if (!own.hasAttribute(element, 'tabindex') || !own.matches(element, ':defined')) return null;
  if (mayHaveRole.size < MOST_ASKED_ROLES) mayHaveRole.add(element);
  return internals.get(element) ?? null;
}

// The elements to ask the browser about, as objects.
function mayHaveRoles() {
  const elements = [...mayHaveRole];
  mayHaveRole.clear();
  return elements;
}

// Records what the browser reports about an element, `isFresh` for the current action. Returns whether it has a known
// role.
function learnRole(element, { role, checked, isFresh }) {
  const isKnown = ROLES.has(role) && role !== 'generic' && role !== 'none';
  internals.set(element, isKnown ? { role, checked, isFresh } : {});
  return isKnown;
}

// Marks the knowledge about an element as outdated, since it may have changed by the next action.
function outdate(element) {
  const known = internals.get(element);
  if (known) known.isFresh = false;
}
