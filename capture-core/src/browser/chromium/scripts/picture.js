// Prepares pictures: lazy content is scrolled into view before the whole page is pictured, and the page is not notified
// that its window is enlarged for the picture.

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

own.addEventListener(window, 'resize', keepQuiet, BEFORE_ALL);
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
  if (quiet === current) quiet = null;
  return true;
}

// The size of the whole document, once lazy content has had `millis` to be fetched.
async function extent({ most, millis }, call) {
  const waiting = awaitedInView();
  if (waiting.length > 0) await bringIntoView(waiting, Math.min(extentNow().height, most), performance.now() + millis, call);
  return extentNow();
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

// Scrolls window by window, as far down as is pictured, and back to the old position.
async function bringIntoView(waiting, height, end, call) {
  const goesOn = () => performance.now() < end && !isOver(call);
  const before = { left: scrollX, top: scrollY, behavior: 'instant' };
  const { left, top } = rangesOf(own.scroller());
  for (let at = 0; at < height && goesOn(); at += innerHeight) {
    scrollTo({ left: left.least, top: top.least + at, behavior: 'instant' });
    await frame();
    await nextTask(); // observers of the view are called after the frame
  }
  if (!isOver(call)) scrollTo(before);
  const isFetched = (element) => own.localName(element) !== 'img' || own.get(element, 'complete');
  while (goesOn() && !waiting.every(isFetched)) await frame();
}

function nextTask() {
  return new Promise((resolve) => setTimeout(resolve));
}
