// Pictures: what waits to come into view is brought into view before the whole page is pictured, and the page does not hear that
// its window is made larger for it.

// What is fetched when it comes into view, by the browser or by the page.
const WAITING = 'img[loading=lazy i], iframe[loading=lazy i], [data-src], [data-srcset], [data-original], [data-lazy], [data-lazy-src]';
// How long a picture may keep a page from hearing that it was resized.
const MOST_QUIET_MS = 15_000;

let quiet = null;
let toldSize = sizeNow(); // What the page was told last.

function sizeNow() {
  return `${innerWidth} ${innerHeight}`;
}

// A window the browser resizes and resizes back is no resize.
function keepQuiet(event) {
  if (!event.isTrusted) return;
  if (quiet && performance.now() > quiet.until) quiet = null;
  if (quiet) event.stopImmediatePropagation();
  else toldSize = sizeNow();
}

own.addEventListener(window, 'resize', keepQuiet, BEFORE_ALL);
if (window.visualViewport) own.addEventListener(visualViewport, 'resize', keepQuiet, BEFORE_ALL);

// Before a picture of a part of the document: where its window is in it, and whether that is shown as it is.
async function beforePicture(_, call) {
  if (toldSize !== sizeNow()) await frame(); // it is about to be told
  toldSize = sizeNow();
  if (!isOver(call)) quiet = { until: performance.now() + MOST_QUIET_MS };
  const { left, top } = rangesOf(own.scroller());
  const isPlain = !window.visualViewport || visualViewport.scale === 1;
  return { x: scrollX - left.least, y: scrollY - top.least, width: innerWidth, height: innerHeight, isPlain };
}

// Where the window shows all of it, nothing is resized.
function hearAgain() {
  quiet = null;
  return true;
}

// After a picture that went beyond the window: in the next frame the page would be told that its window is as it was before. What
// resizes it in earnest comes later.
async function afterPicture() {
  const current = quiet;
  await frame();
  await frame();
  if (quiet === current) quiet = null;
  return true;
}

// The size of the whole document, once what waits to come into view has had `millis` to be fetched.
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

// Pictures that are not there yet, because they have not been in view.
function awaitedInView() {
  return [...own.querySelectorAll(document, WAITING)].filter((element) => {
    if (own.getClientRects(element).length === 0) return false;
    if (own.get(element, 'loading') === 'lazy') return own.localName(element) !== 'img' || !own.get(element, 'complete');
    const address = absolute(element, 'data-src') ?? absolute(element, 'data-original') ?? absolute(element, 'data-lazy-src');
    return address === null || address !== own.get(element, 'currentSrc');
  });
}

// Window by window, as far down as is pictured, and back to where it stood.
async function bringIntoView(waiting, height, end, call) {
  const goesOn = () => performance.now() < end && !isOver(call);
  const before = { left: scrollX, top: scrollY, behavior: 'instant' };
  const { left, top } = rangesOf(own.scroller());
  for (let at = 0; at < height && goesOn(); at += innerHeight) {
    scrollTo({ left: left.least, top: top.least + at, behavior: 'instant' });
    await frame();
    await nextTask(); // what is in view is told after the frame
  }
  if (!isOver(call)) scrollTo(before);
  const isFetched = (element) => own.localName(element) !== 'img' || own.get(element, 'complete');
  while (goesOn() && !waiting.every(isFetched)) await frame();
}

function nextTask() {
  return new Promise((resolve) => setTimeout(resolve));
}
