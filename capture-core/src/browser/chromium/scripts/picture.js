// Prepares pictures: lazy content is scrolled into view before the whole page is pictured, and the page is not notified
// that its window is enlarged for the picture. Where an element scrolls in place of the document, the window is made so
// high that the element shows everything.

// Content that the browser or the page fetches when it comes into view.
const WAITING = 'img[loading=lazy i], iframe[loading=lazy i], [data-src], [data-srcset], [data-original], [data-lazy], [data-lazy-src]';
// Maximum time for which a picture may keep the page from being notified of a resize.
const MOST_QUIET_MS = 15_000;

let quiet = null;
let toldSize = sizeNow(); // the size of which the page was notified last

function sizeNow() {
  return `${innerWidth} ${innerHeight}`;
}

// A window that is resized and restored by the browser counts as unchanged.
function keepQuiet(event) {
  if (!event.isTrusted) return;
  if (quiet && performance.now() > quiet.until) quiet = null;
  if (quiet) event.stopImmediatePropagation();
  else toldSize = sizeNow();
}

// The scroller of the page is at its beginning while the window is higher, which the page is not told either.
function keepScrollQuiet(event) {
  if (event.isTrusted && quiet?.inner === event.target) event.stopImmediatePropagation();
}

own.addEventListener(window, 'resize', keepQuiet, BEFORE_ALL);
own.addEventListener(window, 'scroll', keepScrollQuiet, BEFORE_ALL);
if (window.visualViewport) own.addEventListener(visualViewport, 'resize', keepQuiet, BEFORE_ALL);

// Before a picture of a part of the document: returns the position of the window in it, and whether it is shown
// unmagnified.
async function beforePicture(_, call) {
  if (toldSize !== sizeNow()) await frame(); // the page is about to be notified
  toldSize = sizeNow();
  if (!isOver(call)) quiet = { until: performance.now() + MOST_QUIET_MS };
  const { left, top } = rangesOf(own.scroller());
  const isPlain = !window.visualViewport || visualViewport.scale === 1;
  return { x: scrollX - left.least, y: scrollY - top.least, width: innerWidth, height: innerHeight, isPlain };
}

// Before the window is made higher for a picture of the whole page. Returns whether there is something that scrolls in
// place of the document.
async function beforeHigher(_, call) {
  if (toldSize !== sizeNow()) await frame(); // the page is about to be notified
  toldSize = sizeNow();
  const scroller = scrollerInsteadOfDocument();
  if (!scroller || isOver(call)) return false;
  const position = { left: own.scrollLeft(scroller), top: own.scrollTop(scroller), behavior: 'instant' };
  quiet = { until: performance.now() + MOST_QUIET_MS, inner: scroller, position, height: own.clientHeight(scroller) };
  own.scrollTo(scroller, { top: rangesOf(scroller).top.least, behavior: 'instant' });
  return true;
}

// Whether the scroller has grown with the window, once the page has had time to fill it.
async function isHigher() {
  await frame();
  await frame();
  return Boolean(quiet?.inner) && own.clientHeight(quiet.inner) > quiet.height;
}

// If the window shows the whole part, nothing is resized.
function hearAgain() {
  quiet = null;
  return true;
}

// After a picture that exceeded the window: waits for the frame in which the page would be notified that its window has
// its old size. A real resize comes later.
async function afterPicture() {
  const current = quiet;
  await frame();
  await frame();
  if (current?.inner) {
    own.scrollTo(current.inner, current.position);
    await frame();
    await frame();
  }
  if (quiet === current) quiet = null;
  return true;
}

// The size of the whole document, once lazy content has had `millis` to be fetched, and the height of what is `hidden`
// by an element that scrolls in its place. The window has this `width` then. With `whole`, everything is brought into
// view, because pages also fetch, write and show things that nothing announces.
async function extent({ most, millis, whole = false }, call) {
  const end = performance.now() + millis;
  if (whole && paintEverything(() => performance.now() < end && !isOver(call))) await frame();
  const scroller = scrollerInsteadOfDocument();
  const waiting = awaitedInView();
  const height = scroller ? own.scrollHeight(scroller) : extentNow().height;
  const isHigher = height > (scroller ? own.clientHeight(scroller) : innerHeight);
  if (waiting.length > 0 || (whole && isHigher)) {
    await bringIntoView(scroller, Math.min(height, most), end, call);
    const fetched = whole ? () => picturesShown() : () => waiting;
    while (performance.now() < end && !isOver(call) && !fetched().every(isFetched)) await frame();
  }
  const hidden = scroller ? Math.max(0, own.scrollHeight(scroller) - own.clientHeight(scroller)) : 0;
  return { ...extentNow(), window: { width: innerWidth, height: innerHeight }, hidden };
}

// The element that scrolls while the document does not, if it takes at least half of the window.
function scrollerInsteadOfDocument() {
  const { width, height } = extentNow();
  if (width > innerWidth || height > innerHeight) return null;
  const { scroller } = mainScroller({ dx: 0, dy: 1 });
  if (!scroller || scroller === own.scroller()) return null;
  return areaInView(scroller) * 2 >= innerWidth * innerHeight ? scroller : null;
}

function extentNow() {
  const parts = [own.documentElement(), own.body()].filter(Boolean);
  const width = Math.max(...parts.map(own.scrollWidth), innerWidth);
  const height = Math.max(...parts.map(own.scrollHeight), innerHeight);
  return { width, height };
}

// Pictures that are not loaded because they have not been in view.
function awaitedInView() {
  return [...own.querySelectorAll(document, WAITING)].filter((element) => {
    if (own.getClientRects(element).length === 0) return false;
    if (own.get(element, 'loading') === 'lazy') return own.localName(element) !== 'img' || !own.get(element, 'complete');
    const address = absolute(element, 'data-src') ?? absolute(element, 'data-original') ?? absolute(element, 'data-lazy-src');
    return address === null || address !== own.get(element, 'currentSrc');
  });
}

function picturesShown() {
  return [...own.querySelectorAll(document, 'img')].filter((image) => own.getClientRects(image).length > 0);
}

function isFetched(element) {
  return own.localName(element) !== 'img' || own.get(element, 'complete');
}

// Has the browser paint what it leaves out until it comes into view; returns whether there is any.
function paintEverything(goesOn) {
  let changed = false;
  for (const place of roots()) {
    for (const element of own.querySelectorAll(place, '*')) {
      if (!goesOn()) return changed;
      if (getComputedStyle(element).contentVisibility !== 'auto') continue;
      own.get(element, 'style')?.setProperty('content-visibility', 'visible', 'important');
      changed = true;
    }
  }
  return changed;
}

// Scrolls window by window, as far down as is pictured, and back to the old position.
async function bringIntoView(inner, height, end, call) {
  const goesOn = () => performance.now() < end && !isOver(call);
  const go = (place) => (inner ? own.scrollTo(inner, place) : scrollTo(place));
  const [x, y] = inner ? placeOfScroller(inner) : [scrollX, scrollY];
  const { left, top } = rangesOf(inner ?? own.scroller());
  const step = inner ? Math.max(1, own.clientHeight(inner)) : innerHeight;
  for (let at = 0; at < height && goesOn(); at += step) {
    go({ left: left.least, top: top.least + at, behavior: 'instant' });
    await frame();
    await nextTask(); // observers of the view are called after the frame
  }
  if (isOver(call)) return;
  go({ left: x, top: y, behavior: 'instant' });
  await frame();
  await nextTask(); // the page has heard that it is back, and may have changed its header
}

function nextTask() {
  return new Promise((resolve) => setTimeout(resolve));
}
