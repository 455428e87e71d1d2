// Replaces the content of an editor. The editor keeps the text itself, and the document only shows it. So the text is
// selected, the editor is notified, new text is inserted by the browser's own input, and then the editor's content is
// checked.

// A value of this length may be shown in part, because editors render what is in view.
const SHOWN_IN_PART = 1000;

let editing = null;
let held = false; // whether the field itself had text before it was changed

// Hidden fields through which a code editor receives its keys. Their content is not that of the document.
function isProxy(element) {
  if (own.get(element, 'editContext')) return true;
  if (own.localName(element) !== 'textarea') return false;
  const holder = own.parentElement(element);
  const isClipped = holder && getComputedStyle(holder).overflow !== 'visible' && isTiny(holder);
  return isClipped || isTiny(element) || getComputedStyle(element).opacity === '0';
}

// The kind of an edited element: a hidden field, a part of something larger, or the whole edited content.
function editorOf(element) {
  if (isProxy(element)) return 'proxy';
  const parent = own.parentElement(element);
  return parent && isRich(parent) ? 'part' : 'rich';
}

// Whether the element is too small to show a single character.
function isTiny(element) {
  return own.clientWidth(element) <= 3 || own.clientHeight(element) <= 3;
}

async function beginEdit(element) {
  editing = element;
  held = Boolean(own.get(element, 'value'));
  own.call(element, 'focus');
  if (isRich(element)) selectAll(element);
  await heard();
}

// Waits until the page has been notified of a selection, which the browser does later than it is made.
async function heard() {
  await frame();
  await new Promise((resolve) => setTimeout(resolve));
}

// Waits for editors that check the selection only at intervals (Slate: every 100 ms).
async function heardSelection() {
  await new Promise((resolve) => setTimeout(resolve, 120));
  await heard();
  return true;
}

// Gives the editor several lines as a paste, because keys would be taken as commands and would be indented again.
// Returns whether the editor accepts it.
function offerPaste({ text }, call) {
  if (isOver(call)) return false;
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true, composed: true });
  return !own.dispatchEvent(own.isConnected(editing) ? editing : own.activeElement(document), paste);
}

// Checks twice whether the editor has the value, because some restore what they did not accept. Otherwise returns what
// it shows.
async function edited({ value, timeoutMs }, call) {
  return until(timeoutMs, call, async () => {
    let shows = '';
    const arrived = () => {
      shows = isProxy(editing) ? shownAround(editing) : contentOf(editing);
      return holds(editing, shows, value);
    };
    await heard();
    if (arrived()) await heard();
    const done = arrived();
    // An empty editor may show a placeholder, or contain zero-width characters.
    const empty = done && squeezed(value) === '';
    return { done, value: empty || (done && isProxy(editing)) ? value : cut(shows.replace(/\n$/, ''), 100_000) };
  });
}

// The words without what is not compared: white space, and zero-width characters that editors insert.
function squeezed(text) {
  return text.replace(/[\s\u200b-\u200d\u2060\ufeff]+/g, '');
}

function holds(element, shows, value) {
  const [seen, wanted] = [squeezed(shows), squeezed(value)];
  if (isProxy(element)) {
    const holdsItself = own.get(element, 'value') === value && (value !== '' || held);
    return holdsItself || proxyShows(seen, value);
  }
  // The lines of a part become elements beside it.
  if (editorOf(element) === 'part' && squeezed(textAround(element)).includes(wanted)) return wanted.startsWith(seen);
  if (seen === wanted || squeezed(writtenText(element)) === wanted) return true;
  return wanted.length > SHOWN_IN_PART && seen.length > SHOWN_IN_PART / 4 && wanted.endsWith(seen);
}

// A code editor shows line numbers beside its lines, and only the lines in view. Its last line, which has the caret, is
// among them.
function proxyShows(seen, value) {
  const lines = value.split('\n').map(squeezed).filter(Boolean);
  if (lines.length === 0) return /^[\d]*$/.test(seen);
  if (!seen.includes(lines.at(-1))) return false;
  return lines.length > 20 || seen.replace(/\d/g, '').length <= lines.join('').replace(/\d/g, '').length;
}

// The text of the whole edited content that contains a part.
function textAround(element) {
  let host = element;
  for (let at = own.parentElement(element); at && isRich(at); at = own.parentElement(at)) host = at;
  return own.get(host, 'innerText');
}

// The text of an element without placeholders and other parts that cannot be edited.
function writtenText(element) {
  let text = '';
  for (const node of childrenOf(element)) {
    if (own.isText(node)) text += node.data;
    else if (own.isElement(node) && own.get(node, 'isContentEditable') !== false) text += writtenText(node);
  }
  return text;
}

// The lines of the editor to which a hidden field belongs: those of the nearest ancestor that is large enough to read.
function shownAround(element) {
  for (let at = parentOf(element); at; at = parentOf(at)) {
    const { width, height } = own.getBoundingClientRect(at);
    const lines = own.querySelector(at, '.CodeMirror-code, .view-lines, .ace_text-layer, [role=presentation] .view-line');
    if (width > 50 && height > 15) return own.get(lines ?? at, 'innerText') ?? '';
  }
  return '';
}
