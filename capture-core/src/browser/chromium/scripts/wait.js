// Waits for changes of the document instead of polling.

// Interval for checking what mutations do not report (media queries, transitions, scrolling by the page).
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

// Resolves after the next frame, or after a while if there is none.
function frame() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 250);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Calls `look` until its answer is `done`, or only another frame or a closed root can have the element, or time is up;
// returns its last answer. The last call may be slightly late and must change nothing then; in that case what was
// missing before is returned.
async function until(timeoutMs, call, look) {
  const end = Math.min(performance.now() + timeoutMs, call.due);
  for (let before = null; ; ) {
    const looked = await look();
    const seen = looked.why === LATE.why ? before ?? looked : looked;
    before = seen;
    const left = end - performance.now();
    if (seen.done || seen.elsewhere || seen.hosts > 0 || left <= 0 || isOver(call)) return seen;
    await change(Math.min(LOOK_AGAIN_MS, left));
  }
}

// Maximum number of matches that are checked for a visible one.
const CHOSEN_FROM = 200;

// The match to use: the first visible one, or the first if none is visible.
function chosen(elements, canBeSeen) {
  if (elements.length < 2 || canBeSeen(elements[0])) return elements[0];
  return elements.slice(1, CHOSEN_FROM).find(canBeSeen) ?? elements[0];
}

// Waits until the element of a selector satisfies `judge`, which answers `{ done: true, … }`, `{ why }` for what is
// still missing, or `LATE` if it would have to change something too late; it is also given the element's diagnostics.
// If nothing matches and there are frames, the caller must ask these next.
async function awaited({ selector, timeoutMs, absent = false, canBeSeen = isVisible }, call, judge) {
  return until(timeoutMs, call, async () => {
    const { elements, ...unusable } = search(selector);
    if (!elements) return { done: true, ...unusable };
    const element = chosen(elements, canBeSeen);
    const seen = diagnostics(elements, element);
    if (!element) {
      const why = absent ? null : 'not_found';
      return { done: absent, why, elsewhere: frames.length > 0, hosts: absent ? 0 : noteHosts(), diagnostics: seen };
    }
    const { coveredBy, ...judged } = await judge(element, seen);
    return { done: false, ...judged, diagnostics: coveredBy ? { ...seen, coveredBy } : seen };
  });
}

// The `wait_for_selector` action.
async function wait({ selector, state, timeoutMs }, call) {
  const absent = state === 'hidden' || state === 'detached';
  return awaited({ selector, timeoutMs, absent }, call, (element) => {
    const visible = isVisible(element);
    if ({ attached: true, visible, hidden: !visible, detached: false }[state]) return { done: true };
    if (state === 'detached') return { why: 'still_there' };
    return { why: visible ? 'still_visible' : 'not_visible' };
  });
}

// Scrolls an element into view for a picture and returns its position in the viewport.
async function reveal({ selector, timeoutMs }, call) {
  return awaited({ selector, timeoutMs }, call, (element) => {
    if (!isVisible(element)) return { why: 'not_visible' };
    if (isOver(call)) return LATE;
    own.scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    return { done: true, area: boxOf(element) };
  });
}
