// Prevents late effects. A busy page does what it was asked as soon as it is free, possibly long after the action was
// answered. Scripts then do nothing any more, and input does not reach the page.

// Every call has a time `due`, after which nothing may be done to the page, and a time `until`, after which it takes no
// input of the action. Both are times of this document's clock.
let epoch = 0; // Increased when the current action is given up.

// The answer of a script that is too late.
const LATE = { done: false, why: 'late' };

function isOver(call) {
  return call.epoch !== epoch || performance.now() >= call.due;
}

// Calls a script. Its times are `due`, and how much `more` time the input of the action has.
function run(name, [due, more], ...given) {
  const told = (value) => ({ value, now: performance.now() });
  const value = scripts[name](...given, { due, until: due + more, epoch });
  return value instanceof Promise ? value.then(told) : told(value);
}

// Returns only the time of this clock, which is part of every answer.
function clock() {
  return true;
}

const KEYS = ['keydown', 'keypress', 'keyup'];
const CLICKS = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];
const MOUSE = [
  ...CLICKS,
  'pointermove', 'pointerover', 'pointerenter', 'pointerout', 'pointerleave',
  'mousemove', 'mouseover', 'mouseenter', 'mouseout', 'mouseleave',
];
const WHEEL = ['wheel'];
const BEFORE_ALL = { capture: true, passive: false };

// The accepted input: sent since `from` and handled before `until`, with the number of events that came too `late`.
let admitted = null;
let shutOut = null; // Input of actions that were given up: sent since `from` and before `to`.
let open = Infinity; // The time until which nothing has to be kept out.

// Accepts the input of one more action from now on.
function admit(call, types) {
  disarm();
  shut();
  admitted = { from: performance.now(), until: call.until, late: 0 };
  if (!shutOut) open = call.until;
  watchInput(types);
}

// Sees every event of input first. One listener stops late events and watches clicks, because each listener costs time
// with every event.
function seeInput(event) {
  if (isKeptOut(event)) stop(event);
  else if (watch && CLICKS.includes(event.type)) seeClick(event);
}

// Whether an event is late. Events carry the time at which they were sent, whenever they are handled.
function isKeptOut(event) {
  if (performance.now() <= open || !event.isTrusted) return false;
  const sent = event.timeStamp;
  const isLate = admitted && sent >= admitted.from && sent <= admitted.until && performance.now() > admitted.until;
  if (isLate) admitted.late += 1;
  return isLate || Boolean(shutOut && sent >= shutOut.from && sent <= shutOut.to);
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Adds listeners that run before those of the page; `document.open()` removes all of them. The wheel is watched only
// while one is turned, because the browser does not scroll by itself while it has to ask a listener.
function watchInput(types) {
  for (const type of types) own.addEventListener(window, type, seeInput, BEFORE_ALL);
}

watchInput([...KEYS, ...MOUSE]);

function shut() {
  own.removeEventListener(window, 'wheel', seeInput, BEFORE_ALL);
  if (!admitted) return;
  shutOut = { from: shutOut?.from ?? admitted.from, to: performance.now() };
  admitted = null;
  open = -Infinity;
}

// Accepts input for the focused element or for a point. Returns whether that is a frame, whose document must be told
// too.
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

// Ends an action whose input was handled; returns how many events came too late.
function rest() {
  const late = admitted?.late ?? 0;
  admitted = null;
  if (!shutOut) open = Infinity;
  own.removeEventListener(window, 'wheel', seeInput, BEFORE_ALL);
  disarm();
  return late;
}

// Ends an action that was given up.
function halt() {
  epoch += 1;
  hearAgain();
  shut();
  disarm();
  return true;
}
