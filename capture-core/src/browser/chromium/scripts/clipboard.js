// A browser has one clipboard for all of its sessions. Here it becomes one for each: what a page copies is told to its
// session, and a paste brings what the session copied last, or nothing. An event that carries anything else is stopped
// before the page hears of it: our listener is there before the page's scripts are.

// Text and markup of one copy, in characters; a larger one leaves the session's clipboard empty.
const CLIP_CHARS = 1_000_000;
// Copies a document tells of in a second; a page that copies without end empties the clipboard.
const CLIPS_A_SECOND = 10;
// How long a paste that was allowed may take to come.
const PASTE_COMES_MS = 2000;

const NOTHING = { text: '', html: null };

let allowed = null; // what the next paste may bring
let told = { since: 0, count: 0 };

function separateClipboard() {
  own.addEventListener(window, 'copy', watchCopy, { capture: true });
  own.addEventListener(window, 'cut', watchCopy, { capture: true });
  own.addEventListener(window, 'paste', guardPaste, { capture: true });
  return true;
}

// Lets one paste bring what the session copied last. A page that opened its document anew has lost our listeners.
function allowPaste(clip) {
  separateClipboard();
  allowed = { ...clip, until: performance.now() + PASTE_COMES_MS };
  return true;
}

// The page's listeners decide what is copied: each place the event passes is looked at after them. Where none of these
// looks comes, the page keeps to itself what it copied, and the session's clipboard is empty.
function watchCopy(event) {
  if (!event.isTrusted) return;
  let seen = null;
  const look = () => {
    const clip = clipOf(event);
    const isNew = clip.text !== seen?.text || clip.html !== seen.html;
    // Where nothing is selected the browser copies nothing.
    if (isNew && (clip.text || event.defaultPrevented)) tellCopied(clip);
    seen = clip;
  };
  const places = event.composedPath();
  const phases = [{ capture: true }, { capture: false }];
  for (const place of places) for (const phase of phases) own.addEventListener(place, event.type, look, phase);
  setTimeout(() => {
    for (const place of places) for (const phase of phases) own.removeEventListener(place, event.type, look, phase);
    if (!seen) tellCopied(NOTHING);
  });
}

function clipOf(event) {
  const data = event.clipboardData;
  if (event.defaultPrevented) return { text: data.getData('text/plain'), html: data.getData('text/html') || null };
  return { text: selectedText(event.composedPath()[0]), html: null };
}

function selectedText(target) {
  const start = target instanceof Element ? own.get(target, 'selectionStart') : null;
  if (typeof start !== 'number') return String(own.getSelection());
  if (own.get(target, 'type') === 'password') return '';
  return own.get(target, 'value').slice(start, own.get(target, 'selectionEnd'));
}

function tellCopied(clip) {
  const now = performance.now();
  if (now - told.since > 1000) told = { since: now, count: 0 };
  told.count += 1;
  if (told.count > CLIPS_A_SECOND) return;
  const fits = clip.text.length + (clip.html?.length ?? 0) <= CLIP_CHARS && told.count < CLIPS_A_SECOND;
  globalThis.captureCopied?.(JSON.stringify(fits ? clip : NOTHING));
}

function guardPaste(event) {
  if (!event.isTrusted) return;
  const clip = allowed && performance.now() < allowed.until ? allowed : null;
  allowed = null;
  if (clip && isSameClip(event.clipboardData, clip)) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  if (clip?.text || clip?.html) pasteClip(clip, event.composedPath()[0]);
}

// Whether the browser's clipboard still holds what this session copied.
function isSameClip(data, { text, html }) {
  if (!text || data.getData('text/plain') !== text) return false;
  if (data.types.some((type) => type !== 'text/plain' && type !== 'text/html')) return false;
  return html === null || data.getData('text/html') === html;
}

// Another session has copied since: the page is given this session's copy instead. Where it does not take it over, the
// text alone goes in, since markup could carry a script from one site into another.
function pasteClip({ text, html }, target) {
  const data = new DataTransfer();
  if (text) data.setData('text/plain', text);
  if (html) data.setData('text/html', html);
  const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true, composed: true });
  if (own.dispatchEvent(target, paste) && text) own.execCommand('insertText', false, text);
}
