// What comes too late. A page that was busy does what it was asked whenever it is free again, be it long after the action
// was answered: then scripts do nothing any more, and input does not reach the page.

// Every call has a `due`, after which nothing may be done to the page, and an `until`, after which it takes no input of the
// action. Both are times of this document's clock.
let epoch = 0; // Raised when the action under way is given up.

// What a script answers instead.
const LATE = { done: false, why: 'late' };

function isOver(call) {
  return call.epoch !== epoch || performance.now() >= call.due;
}

// Calls a script. Its times are `due`, and how much `more` the input of the action has.
function run(name, [due, more], ...given) {
  const told = (value) => ({ value, now: performance.now() });
  const value = scripts[name](...given, { due, until: due + more, epoch });
  return value instanceof Promise ? value.then(told) : told(value);
}

// Every answer tells what this clock shows; this one nothing else.
function clock() {
  return true;
}

const KEYS = ['keydown', 'keypress', 'keyup'];
const MOUSE = [
  'pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu',
  'pointermove', 'pointerover', 'pointerenter', 'pointerout', 'pointerleave',
  'mousemove', 'mouseover', 'mouseenter', 'mouseout', 'mouseleave',
];
const WHEEL = ['wheel'];
const BEFORE_ALL = { capture: true, passive: false };

let admitted = null; // The input that may come: sent since `from`, and handled before `until`. How much of it came too `late`.
let shutOut = null; // Input of actions that did not end by themselves: sent since `from` and before `to`.
let open = Infinity; // Until when nothing has to be kept out.

// From now on the page takes the input of one more action.
function admit(call, types) {
  disarm();
  shut();
  admitted = { from: performance.now(), until: call.until, late: 0 };
  if (!shutOut) open = call.until;
  watchInput(types);
}

// Events carry the time they were sent at, whenever they are handled.
function keepOut(event) {
  if (performance.now() <= open || !event.isTrusted) return;
  const sent = event.timeStamp;
  const isLate = admitted && sent >= admitted.from && sent <= admitted.until && performance.now() > admitted.until;
  if (!isLate && !(shutOut && sent >= shutOut.from && sent <= shutOut.to)) return;
  if (isLate) admitted.late += 1;
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Before any listener of the page; `document.open()` takes it away with those. A wheel is watched only while one is turned, since
// the browser does not scroll by itself where it has to ask.
function watchInput(types) {
  for (const type of types) own.addEventListener(window, type, keepOut, BEFORE_ALL);
}

watchInput([...KEYS, ...MOUSE]);

function shut() {
  own.removeEventListener(window, 'wheel', keepOut, BEFORE_ALL);
  if (!admitted) return;
  shutOut = { from: shutOut?.from ?? admitted.from, to: performance.now() };
  admitted = null;
  open = -Infinity;
}

// The input of an action goes where the focus is, or to a point; whether that is a frame, whose document is to be told too.
function admitInput({ x, y }, call) {
  admit(call, x === undefined ? KEYS : MOUSE);
  const taker = x === undefined ? focused() : elementAt(x, y);
  return { framed: Boolean(taker) && FRAMES.has(own.localName(taker)) };
}

function focused() {
  let element = own.activeElement(document);
  for (;;) {
    const root = element && own.shadowRoot(element);
    const inner = root && own.activeElement(root);
    if (!inner) return element;
    element = inner;
  }
}

// The action has ended and its input was handled; how much of that came too late.
function rest() {
  const late = admitted?.late ?? 0;
  admitted = null;
  if (!shutOut) open = Infinity;
  own.removeEventListener(window, 'wheel', keepOut, BEFORE_ALL);
  disarm();
  return late;
}

// The action was given up.
function halt() {
  epoch += 1;
  hearAgain();
  shut();
  disarm();
  return true;
}
