// Gives each session a clipboard of its own, although a browser has one for all of its sessions. What a page copies is
// reported to its session, and a paste inserts what the session copied last, or nothing. An event with any other
// content is stopped before the page receives it, since our listener was added before the page's scripts ran.

// Maximum characters of the text and the markup of one copy. A larger copy leaves the session's clipboard empty.
const CLIP_CHARS = 1_000_000;
// Maximum number of copies that a document reports per second. A page that copies more often empties the clipboard.
const CLIPS_A_SECOND = 10;
// How long an allowed paste may take to arrive.
const PASTE_COMES_MS = 2000;

const NOTHING = { text: '', html: null };

let allowed = null; // the content that the next paste may insert
let told = { since: 0, count: 0 };

function separateClipboard() {
  own.addEventListener(window, 'copy', watchCopy, { capture: true });
  own.addEventListener(window, 'cut', watchCopy, { capture: true });
  own.addEventListener(window, 'paste', guardPaste, { capture: true });
  return true;
}

// Allows one paste of what the session copied last. A page that reopened its document has removed our listeners.
function allowPaste(clip) {
  separateClipboard();
  allowed = { ...clip, until: performance.now() + PASTE_COMES_MS };
  return true;
}

// The page's listeners decide what is copied, so the content is checked after them at each place that the event passes.
// If none of these checks runs, the copy is not reported, and the session's clipboard is empty.
function watchCopy(event) {
  if (!event.isTrusted) return;
  let seen = null;
  const look = () => {
    const clip = clipOf(event);
    const isNew = clip.text !== seen?.text || clip.html !== seen.html;
    // Without a selection the browser copies nothing.
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

// Another session has copied since, so the page is given this session's copy instead. If the page does not handle it,
// only the text is inserted, because markup could carry a script from one site into another.
function pasteClip({ text, html }, target) {
  const data = new DataTransfer();
  if (text) data.setData('text/plain', text);
  if (html) data.setData('text/html', html);
  const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true, composed: true });
  if (own.dispatchEvent(target, paste) && text) own.execCommand('insertText', false, text);
}
