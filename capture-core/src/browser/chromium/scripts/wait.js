// Waiting, woken by changes of the document rather than by a clock.

// What mutations do not show (media queries, transitions, scrolling by the page) is looked at this often.
const LOOK_AGAIN_MS = 100;

// Resolves at the next change of the document, or after a while.
function change(milliseconds) {
  return new Promise((resolve) => {
    const observer = new MutationObserver(done);
    const timer = setTimeout(done, Math.max(0, milliseconds));
    function done() {
      observer.disconnect();
      clearTimeout(timer);
      resolve();
    }
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}

// Resolves after the next frame, or after a while where no frame comes.
function frame() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 250);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Calls `look` until it answers with something `done`, or time is up; then its last answer.
async function until(timeoutMs, look) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    const left = end - performance.now();
    if (seen.done || left <= 0) return seen;
    await change(Math.min(LOOK_AGAIN_MS, left));
  }
}

// The elements a selector names, or why it cannot be understood.
function search(selector) {
  try {
    return { elements: findAll(selector) };
  } catch (error) {
    return { elements: [], invalid: String(error.message ?? error) };
  }
}

// wait_for_selector.
async function wait({ selector, state, timeoutMs }) {
  return until(timeoutMs, () => {
    const { elements, invalid } = search(selector);
    if (invalid) return { done: true, invalid };
    const visible = elements.length > 0 && isVisible(elements[0]);
    const done = { attached: elements.length > 0, visible, hidden: !visible, detached: elements.length === 0 }[state];
    const why = elements.length === 0 ? 'not_found' : visible ? 'still_visible' : 'not_visible';
    return { done, why: done ? null : why, diagnostics: diagnostics(elements) };
  });
}

// Brings an element into view for a picture and tells where it is in the document.
async function reveal({ selector, timeoutMs }) {
  const seen = await until(timeoutMs, () => {
    const { elements, invalid } = search(selector);
    if (invalid) return { done: true, invalid };
    const visible = elements.length > 0 && isVisible(elements[0]);
    const why = elements.length === 0 ? 'not_found' : 'not_visible';
    return { done: visible, why: visible ? null : why, diagnostics: diagnostics(elements), element: elements[0] };
  });
  const { element, ...rest } = seen;
  if (!seen.done || seen.invalid) return rest;
  element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const { x, y, width, height } = boxOf(element);
  return { ...rest, area: { x: x + scrollX, y: y + scrollY, width, height } };
}
