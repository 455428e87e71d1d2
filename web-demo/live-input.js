/**
 * Mouse, wheel and keyboard on the live view, as actions of the session.
 *
 * One action runs at a time; further input waits, and waiting text or wheel input is merged. A fast user therefore fills
 * neither the session's queue nor the connection.
 */

import { byId } from './dom.js';
import { complain } from './messages.js';
import { picture } from './live-view.js';
import { createSession } from './sessions.js';

/** A longer way of the pointer is a drag; a shorter one may be an unsteady hand. */
const DRAG_PIXELS = 6;
/** More actions than this wait only when the session hangs; further input is then discarded. */
const MOST_WAITING = 32;
/** Further input of these types usually follows; a pause too short to be noticed collects it into one action. */
const MELTING = new Set(['type_text', 'scroll']);
const MELTING_MS = 40;
/** The factors of `WheelEvent.deltaMode`: pixels, lines, pages. */
const WHEEL_UNITS = [1, 16, 600];
const BUTTONS = ['left', 'middle', 'right'];
/**
 * Keys and chords (with Control) of the user's own browser, which a page should not intercept: reload, full screen, tools;
 * tabs, windows, address bar, pasting, zoom.
 */
const BROWSER_KEYS = new Set(['F5', 'F11', 'F12']);
const BROWSER_CHORDS = new Set(['r', 't', 'n', 'w', 'l', 'Tab', 'v', '+', '-', '0']);
const NOT_KEYS = new Set([
  'Shift',
  'Control',
  'Alt',
  'AltGraph',
  'Meta',
  'CapsLock',
  'Dead',
  'Process',
  'Unidentified',
]);
const NAMED_KEY = /^(Enter|Tab|Backspace|Delete|Escape|Insert|Home|End|Page(Up|Down)|Arrow\w+|ContextMenu|Pause|F\d+)$/;

/** @param {import('./workspace.js').Workspace} workspace */
export function mountLiveInput(workspace) {
  const canvas = byId('view');
  const queue = new InputQueue((action) => workspace.act(action));
  const send = (action) => {
    if (workspace.selected && !workspace.selected.ended) queue.push(action);
  };
  workspace.addEventListener('select', () => queue.clear());
  listenToPointer(canvas, send);
  listenToKeys(canvas, send);
  canvas.addEventListener('wheel', (event) => onWheel(event, send), { passive: false });
  byId('address-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const url = byId('address').value;
    const isLive = workspace.selected && !workspace.selected.ended;
    if (!isLive && !(await createSession(workspace))) return;
    send({ type: 'goto', payload: { url } });
    canvas.focus();
  });
}

class InputQueue {
  #waiting = [];
  #busy = false;

  constructor(act) {
    this.act = act;
  }

  push(action) {
    if (melted(this.#waiting.at(-1), action) || this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push(action);
    if (!this.#busy) this.#run();
  }

  clear() {
    this.#waiting = [];
  }

  async #run() {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      if (MELTING.has(this.#waiting[0].type)) await new Promise((resolve) => setTimeout(resolve, MELTING_MS));
      await this.act(this.#waiting.shift()).catch((error) => {
        this.clear(); // the waiting input was meant for a page on which this action had succeeded
        complain(error);
      });
    }
    this.#busy = false;
  }
}

/** Merges `next` into `last` where both together are one action. */
function melted(last, next) {
  if (last?.type !== next.type) return false;
  if (next.type === 'type_text') {
    last.payload.text += next.payload.text;
    return true;
  }
  if (next.type !== 'scroll' || last.payload.direction !== next.payload.direction) return false;
  last.payload.amount += next.payload.amount;
  return true;
}

function listenToPointer(canvas, send) {
  let from = null;
  canvas.addEventListener('pointerdown', (event) => {
    from = { x: event.clientX, y: event.clientY };
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  canvas.addEventListener('pointercancel', () => {
    from = null; // the finger scrolls the demo page itself
  });
  canvas.addEventListener('pointerup', (event) => {
    if (!from) return;
    const start = from;
    from = null;
    const dragged = Math.hypot(event.clientX - start.x, event.clientY - start.y) > DRAG_PIXELS;
    if (dragged && event.button === 0) send(drag(canvas, start, event));
    else if (!dragged && BUTTONS[event.button]) send(click(canvas, event));
  });
}

/** Converts a point of the window to a point in the session's page, in CSS pixels of that page. */
function pagePoint(canvas, { x, y }) {
  const box = canvas.getBoundingClientRect();
  const round = (value) => Math.round(value * 10) / 10;
  return {
    x: round(((x - box.left) * canvas.width) / box.width / picture.scale),
    y: round(((y - box.top) * canvas.height) / box.height / picture.scale),
  };
}

function click(canvas, event) {
  const payload = pagePoint(canvas, event);
  const modifiers = held(event);
  if (event.button !== 0) payload.button = BUTTONS[event.button];
  if (modifiers.length > 0) payload.modifiers = modifiers;
  return { type: 'click', payload };
}

function drag(canvas, start, event) {
  return { type: 'drag_mouse', payload: { from: pagePoint(canvas, start), to: pagePoint(canvas, event) } };
}

function onWheel(event, send) {
  // Control and the wheel zoom in the user's browser, and without a picture there is nothing to scroll
  if (event.ctrlKey || byId('view-frame').dataset.live !== 'true') return;
  event.preventDefault();
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  const turned = (sideways ? event.deltaX : event.deltaY) * WHEEL_UNITS[event.deltaMode];
  if (turned === 0) return;
  const direction = sideways ? (turned > 0 ? 'right' : 'left') : turned > 0 ? 'down' : 'up';
  send({ type: 'scroll', payload: { direction, amount: Math.abs(turned), ...pagePoint(event.currentTarget, event) } });
}

function listenToKeys(canvas, send) {
  canvas.addEventListener('keydown', (event) => {
    if (event.key === 'F6') {
      event.preventDefault();
      byId('address').focus();
      return;
    }
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    send(action);
  });
  canvas.addEventListener('paste', (event) => {
    event.preventDefault();
    const text = event.clipboardData.getData('text/plain');
    if (text) send({ type: 'type_text', payload: { text } });
  });
}

/** @param {KeyboardEvent} event @returns {{type: string, payload: object} | null} */
function keyAction(event) {
  const { key } = event;
  if (event.isComposing || NOT_KEYS.has(key) || BROWSER_KEYS.has(key)) return null;
  const commands = (event.ctrlKey || event.metaKey) && !event.getModifierState('AltGraph');
  if (commands && BROWSER_CHORDS.has(key)) return null;
  const isText = [...key].length === 1;
  if (isText && !commands && (!event.altKey || event.getModifierState('AltGraph'))) {
    return { type: 'type_text', payload: { text: key } };
  }
  if (!isText && !NAMED_KEY.test(key)) return null;
  // Shift is kept in `Control+Shift+Z`; in `Control+?` it only produces the character.
  const modifiers = held(event).filter((name) => name !== 'Shift' || !isText || /[a-z]/i.test(key));
  return { type: 'press', payload: { key: [...modifiers, key === ' ' ? 'Space' : key].join('+') } };
}

/** The session's browser runs on Linux, where Control has the role that Command has on a Mac. */
function held(event) {
  const modifiers = [];
  if (event.ctrlKey || event.metaKey) modifiers.push('Control');
  if (event.altKey) modifiers.push('Alt');
  if (event.shiftKey) modifiers.push('Shift');
  return modifiers;
}
