// Replaces the content of a field as a person would, so that frameworks notice it.

// Types whose value is set as a whole, because it cannot be typed as text.
const WHOLE = ['color', 'date', 'time', 'datetime-local', 'month', 'range', 'week'];
const NOT_FILLABLE = ['button', 'checkbox', 'file', 'hidden', 'image', 'radio', 'reset', 'submit'];

// Text fields whose caret cannot be set to a position, but only moved there.
const UNSELECTABLE = ['number', 'email'];

async function fill({ selector, value, timeoutMs }, call) {
  return awaited({ selector, timeoutMs }, call, async (named, seen) => {
    const element = fieldOf(named);
    const judged = judgeField(element, element === named ? seen : null);
    if (!judged.done || judged.refused) return judged;
    if (isOver(call)) return LATE;
    own.scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    if (isRich(element) || isProxy(element)) {
      await beginEdit(element);
      return { done: true, editor: editorOf(element) };
    }
    const refused = replace(element, value);
    return { done: true, refused, reason: 'not_editable', value: contentOf(element) };
  });
}

// Prepares a field for typing: focuses it, and places the caret after its content or selects all of it.
async function enterField({ selector, all, timeoutMs }, call) {
  return awaited({ selector, timeoutMs }, call, async (named, seen) => {
    const element = fieldOf(named);
    const judged = judgeField(element, element === named ? seen : null);
    if (!judged.done || judged.refused) return judged;
    if (isOver(call)) return LATE;
    own.scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    own.call(element, 'focus');
    if (all) selectAll(element);
    else caretToEnd(element);
    admit(call, KEYS);
    if (isRich(element)) await heard();
    // A number field shows text that it cannot parse, and has no value then.
    const unread = own.get(element, 'validity')?.badInput;
    return { done: true, value: unread ? '?' : contentOf(element) };
  });
}

// Gives an element the focus, so that it receives keys.
async function focusOn({ selector, timeoutMs }, call) {
  return awaited({ selector, timeoutMs }, call, (named) => {
    if (!isVisible(named)) return { why: 'not_visible' };
    if (!isEnabled(named)) return { why: 'disabled' };
    if (isOver(call)) return LATE;
    own.call(fieldOf(named), 'focus');
    admit(call, KEYS);
    return { done: true };
  });
}

// The diagnostics of the element, if there are any, say whether it is visible and enabled.
function judgeField(element, diagnostics) {
  const refused = whyNot(element);
  if (refused) return { done: true, refused, reason: 'not_editable' };
  // The field of an editor that draws its text itself may have no size.
  const visible = own.get(element, 'editContext') ? isVisible(parentOf(element)) : diagnostics?.visible ?? isVisible(element);
  if (!visible) return { why: 'not_visible' };
  if (!(diagnostics?.enabled ?? isEnabled(element))) return { why: 'disabled' };
  return { done: true };
}

function caretToEnd(element) {
  if (!isRich(element)) {
    if (UNSELECTABLE.includes(own.get(element, 'type'))) own.getSelection().modify('move', 'forward', 'documentboundary');
    if (typeof own.get(element, 'selectionStart') !== 'number') return; // for dates, and for fields of editors
    const { length } = own.get(element, 'value');
    own.call(element, 'setSelectionRange', length, length);
    return;
  }
  const selection = own.getSelection();
  selection.selectAllChildren(element);
  selection.collapseToEnd();
}

// The field that an element stands for: a label for its control, and the content of a label or control as well.
function fieldOf(element) {
  const isField = own.matches(element, 'input, textarea, select') || isRich(element) || own.get(element, 'editContext');
  return (isField ? null : labelled(element)) ?? element;
}

// Why an element cannot be filled, however long one waits.
function whyNot(element) {
  const name = own.localName(element);
  const type = name === 'input' ? own.get(element, 'type') : null;
  if (NOT_FILLABLE.includes(type)) return `an input of type ${type} is not editable`;
  if (type || name === 'textarea') return own.get(element, 'readOnly') ? 'the field is read-only' : null;
  if (name === 'select') return 'a <select> is not editable: use select';
  return isRich(element) || own.get(element, 'editContext') ? null : `<${name}> is not editable`;
}

// Whether an element is edited as rich text, either itself or as a part of such an element.
function isRich(element) {
  return Boolean(own.get(element, 'isContentEditable'));
}

// The content of an element. An empty editable element contains a line break of its own.
function contentOf(element) {
  return isRich(element) ? own.get(element, 'innerText').replace(/^\n$/, '') : own.get(element, 'value');
}

// Sets the content. Returns a reason if the field does not accept such a value, and then changes nothing.
function replace(element, value) {
  const type = own.localName(element) === 'input' ? own.get(element, 'type') : null;
  const refused = type && refusalOf(type, value);
  if (refused) return refused;
  own.call(element, 'focus');
  if (WHOLE.includes(type)) {
    setValue(element, value.trim());
  } else {
    const before = contentOf(element);
    selectAll(element);
    // An editing command makes a trusted input event, as typing does.
    own.execCommand(value === '' ? 'delete' : 'insertText', false, value);
    // The command had no effect, because the element has no box for a caret, or the page prevented it.
    if (contentOf(element) === before && before !== value) setValue(element, value);
  }
  own.dispatchEvent(element, new Event('change', { bubbles: true, composed: true }));
  return null;
}

// Why a field of this type would not accept a value, determined with a field outside the document.
function refusalOf(type, value) {
  if (type !== 'number' && !WHOLE.includes(type)) return null; // any text is accepted
  const wanted = value.trim();
  if (wanted === '' && type !== 'range' && type !== 'color') return null;
  const probe = own.createElement('input');
  probe.type = type;
  probe.value = wanted;
  const isNumber = wanted !== '' && Number.isFinite(Number(wanted));
  const taken = type === 'color' ? probe.value.toLowerCase() === wanted.toLowerCase()
    : type === 'range' ? isNumber
    : probe.value !== '';
  return taken ? null : `${JSON.stringify(cut(value, 80))} is not a value of an input of type ${type}`;
}

function selectAll(element) {
  if (!isRich(element)) return own.call(element, 'select');
  const range = own.createRange();
  range.selectNodeContents(element);
  const selection = own.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return undefined;
}

// The isolated world has the browser's own setter, not one that a framework put on the element. React's value tracker
// therefore sees a new value when the event arrives.
function setValue(element, value) {
  own.set(element, 'value', value);
  own.dispatchEvent(element, new Event('input', { bubbles: true, composed: true }));
}
