// Replacing the content of a field the way a person would, so that frameworks notice.

// Types whose value is set as a whole: nobody types a colour.
const WHOLE = ['color', 'date', 'time', 'datetime-local', 'month', 'range', 'week'];
const NOT_FILLABLE = ['button', 'checkbox', 'file', 'hidden', 'image', 'radio', 'reset', 'submit'];

async function fill({ selector, value, timeoutMs }) {
  return awaited({ selector, timeoutMs }, (named) => {
    const element = fieldOf(named);
    const judged = judgeField(element);
    if (!judged.done || judged.refused) return judged;
    element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
    const refused = replace(element, value);
    return { done: true, refused, reason: 'not_editable', value: contentOf(element) };
  });
}

// Prepares a field for typing: focused, the caret behind its content, or all of it selected.
async function enterField({ selector, all, timeoutMs }) {
  return awaited({ selector, timeoutMs }, (named) => {
    const element = fieldOf(named);
    const judged = judgeField(element);
    if (!judged.done || judged.refused) return judged;
    element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
    element.focus();
    if (all) selectAll(element);
    else caretToEnd(element);
    return { done: true, value: contentOf(element) };
  });
}

// Gives an element the focus, so that keys reach it.
async function focusOn({ selector, timeoutMs }) {
  return awaited({ selector, timeoutMs }, (named) => {
    if (!isVisible(named)) return { why: 'not_visible' };
    if (!isEnabled(named)) return { why: 'disabled' };
    fieldOf(named).focus();
    return { done: true };
  });
}

function judgeField(element) {
  const refused = whyNot(element);
  if (refused) return { done: true, refused, reason: 'not_editable' };
  if (!isVisible(element)) return { why: 'not_visible' };
  if (!isEnabled(element)) return { why: 'disabled' };
  return { done: true };
}

function caretToEnd(element) {
  if (!element.isContentEditable) {
    try {
      element.setSelectionRange(element.value.length, element.value.length);
    } catch {
      // Number and email fields have no selection; the browser puts the caret where it likes.
    }
    return;
  }
  const selection = document.getSelection();
  selection.selectAllChildren(element);
  selection.collapseToEnd();
}

// A label stands for its control.
function fieldOf(element) {
  return element.localName === 'label' && element.control ? element.control : element;
}

// Why an element cannot be filled, whatever one waits for.
function whyNot(element) {
  if (element.localName === 'input') {
    if (NOT_FILLABLE.includes(element.type)) return `an input of type ${element.type} is not editable`;
    return element.readOnly ? 'the field is read-only' : null;
  }
  if (element.localName === 'textarea') return element.readOnly ? 'the field is read-only' : null;
  if (element.localName === 'select') return 'a <select> is not editable: use select';
  return element.isContentEditable ? null : `<${element.localName}> is not editable`;
}

// What is empty holds a line break of its own.
function contentOf(element) {
  return element.isContentEditable ? element.innerText.replace(/^\n$/, '') : element.value;
}

// Sets the content; a reason when the field takes no such value, and then nothing has happened.
function replace(element, value) {
  const refused = element.localName === 'input' ? refusalOf(element.type, value) : null;
  if (refused) return refused;
  element.focus();
  if (element.localName === 'input' && WHOLE.includes(element.type)) {
    setValue(element, value.trim());
  } else {
    const before = contentOf(element);
    selectAll(element);
    // An editing command makes the same trusted input event as typing does.
    document.execCommand(value === '' ? 'delete' : 'insertText', false, value);
    const same = element.isContentEditable ? sameWords(before, value) : before === value;
    // Not taken: the element has no box to hold a caret, or the page has a say in it.
    if (contentOf(element) === before && !same) setValue(element, value);
  }
  element.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
  return null;
}

// Why a field of this type would not take a value; asked of a field nobody sees.
function refusalOf(type, value) {
  const wanted = value.trim();
  if (wanted === '' && type !== 'range' && type !== 'color') return null;
  const probe = document.createElement('input');
  probe.type = type;
  probe.value = wanted;
  const isNumber = wanted !== '' && Number.isFinite(Number(wanted));
  const taken = type === 'color' ? probe.value.toLowerCase() === wanted.toLowerCase()
    : type === 'range' ? isNumber
    : type === 'number' || WHOLE.includes(type) ? probe.value !== '' : true;
  return taken ? null : `${JSON.stringify(cut(value, 80))} is not a value of an input of type ${type}`;
}

function selectAll(element) {
  if (!element.isContentEditable) return element.select();
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = document.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return undefined;
}

// The isolated world has the browser's own setter, not one a framework put on the element: React's value tracker
// therefore sees that the value is new when the event arrives.
function setValue(element, value) {
  if (element.isContentEditable) element.textContent = value;
  else element.value = value;
  element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
}
