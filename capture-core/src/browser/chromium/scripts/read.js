// Reads the page: its title and address, its elements, its size.

function page() {
  const navigation = performance.getEntriesByType('navigation')[0];
  return { url: location.href, title: own.title(), status: navigation?.responseStatus || null, now: performance.now() };
}

// Reports the main frame's document once its markup has been parsed and before it is first painted, for which a later
// request would have to wait. The listener is on the window, so that it runs after the page's own listeners on the
// document.
if (self === top) {
  addEventListener('DOMContentLoaded', () => captureReport(JSON.stringify(page())), { once: true });
}

// How far the document is scrolled.
function offset() {
  return { x: scrollX, y: scrollY };
}

const FIELDS = {
  text: (element) => textOf(element),
  html: (element) => own.innerHTML(element),
  href: (element) => absolute(element, 'href'),
  src: (element) => absolute(element, 'src'),
  alt: (element) => own.getAttribute(element, 'alt'),
  title: (element) => own.getAttribute(element, 'title'),
  value: (element) => {
    const value = own.get(element, 'value');
    return typeof value === 'string' ? value : own.getAttribute(element, 'value');
  },
  name: (element) => own.getAttribute(element, 'name'),
  id: (element) => own.id(element) || null,
  className: (element) => own.getAttribute(element, 'class'),
  tag: (element) => own.localName(element),
  role: (element) => roleOf(element),
  ariaLabel: (element) => own.getAttribute(element, 'aria-label'),
  visible: (element) => isVisible(element),
  bbox: (element) => boxOf(element),
};

// Attribute values that are addresses are returned as absolute addresses; elements without the attribute have none.
function absolute(element, name) {
  const raw = own.getAttribute(element, name);
  if (raw === null) return null;
  try {
    return new URL(raw, own.baseURI(element)).href;
  } catch {
    return raw;
  }
}

// Those of the attributes that an element has, as written.
function writtenIn(element, attributes) {
  const written = attributes.map((name) => [name, own.getAttribute(element, name)]);
  return Object.fromEntries(written.filter(([, value]) => value !== null));
}

function query({ selector, fields, attributes, limit, visibleOnly }) {
  const { elements, ...unusable } = search(selector);
  if (!elements) return unusable;
  const elsewhere = elements.length === 0 && frames.length > 0;
  const wanted = visibleOnly ? elements.filter(isVisible) : elements;
  const rows = wanted.slice(0, limit).map((element) => {
    const row = {};
    for (const field of fields) {
      const value = FIELDS[field](element);
      if (value !== null && value !== undefined) row[field] = value;
    }
    return attributes.length > 0 ? { ...row, attributes: writtenIn(element, attributes) } : row;
  });
  return { count: wanted.length, elements: rows, elsewhere };
}
