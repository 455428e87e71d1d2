// Reading the page: its title and address, its elements, its size.

function page() {
  const navigation = performance.getEntriesByType('navigation')[0];
  return { url: location.href, title: document.title, status: navigation?.responseStatus || null };
}

// Tells what the main frame's document is once its markup has been read, before it is painted for the first time: asking
// then would wait for that. On the window, so that the page's own listeners on the document have had their say.
if (self === top) {
  addEventListener('DOMContentLoaded', () => captureReport(JSON.stringify(page())), { once: true });
}

// The size of the whole document, for a picture of it.
function extent() {
  const root = document.documentElement;
  const body = document.body;
  const width = Math.max(root?.scrollWidth ?? 0, body?.scrollWidth ?? 0, innerWidth);
  const height = Math.max(root?.scrollHeight ?? 0, body?.scrollHeight ?? 0, innerHeight);
  return { width, height };
}

// How far the document is scrolled.
function offset() {
  return { x: scrollX, y: scrollY };
}

const FIELDS = {
  text: (element) => textOf(element),
  html: (element) => element.innerHTML,
  href: (element) => absolute(element, 'href'),
  src: (element) => absolute(element, 'src'),
  alt: (element) => element.getAttribute('alt'),
  title: (element) => element.getAttribute('title'),
  value: (element) => (typeof element.value === 'string' ? element.value : element.getAttribute('value')),
  name: (element) => element.getAttribute('name'),
  id: (element) => element.id || null,
  className: (element) => element.getAttribute('class'),
  tag: (element) => element.localName,
  role: (element) => roleOf(element),
  ariaLabel: (element) => element.getAttribute('aria-label'),
  visible: (element) => isVisible(element),
  bbox: (element) => boxOf(element),
};

// Attribute values that are addresses come out absolute; elements without the attribute have none.
function absolute(element, name) {
  const raw = element.getAttribute(name);
  if (raw === null) return null;
  try {
    return new URL(raw, element.baseURI).href;
  } catch {
    return raw;
  }
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
    if (attributes.length > 0) {
      row.attributes = {};
      for (const name of attributes) {
        const value = element.getAttribute(name);
        if (value !== null) row.attributes[name] = value;
      }
    }
    return row;
  });
  return { count: wanted.length, elements: rows, elsewhere };
}
