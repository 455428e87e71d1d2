// Replacing the content of a field the way a person would, so that frameworks notice.

// Types whose value is set as a whole: nobody types a colour.
const WHOLE = ['color', 'date', 'time', 'datetime-local', 'month', 'range', 'week'];
const NOT_FILLABLE = ['button', 'checkbox', 'file', 'hidden', 'image', 'radio', 'reset', 'submit'];

async function fill({ selector, value, timeoutMs }) {
  let refused = null;
  let target = null;
  let matches = [];
  const seen = await until(timeoutMs, () => {
    const { elements, invalid } = search(selector);
    if (invalid) return { done: true, invalid };
    matches = elements;
    const no = (why) => ({ done: false, why, diagnostics: diagnostics(elements) });
    if (!elements[0]) return no('not_found');
    const element = fieldOf(elements[0]);
    refused = whyNot(element);
    if (refused) return { done: true, refused, diagnostics: diagnostics(elements) };
    if (!isVisible(element)) return no('not_visible');
    if (!isEnabled(element)) return no('disabled');
    target = element;
    return { done: true };
  });
  if (!target || seen.refused || seen.invalid) return seen;
  target.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  refused = replace(target, value);
  return { done: true, refused, diagnostics: diagnostics(matches), value: contentOf(target) };
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

function contentOf(element) {
  return element.isContentEditable ? element.innerText : element.value;
}

// Sets the content; a reason when the browser does not take the value.
function replace(element, value) {
  element.focus();
  if (element.localName === 'input' && WHOLE.includes(element.type)) return setWhole(element, value);
  const before = contentOf(element);
  selectAll(element);
  // An editing command makes the same trusted input event as typing does.
  document.execCommand(value === '' ? 'delete' : 'insertText', false, value);
  if (contentOf(element) === before && before !== value && !element.isContentEditable) setValue(element, value);
  element.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
  return null;
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

function setWhole(element, value) {
  const before = element.value;
  setValue(element, value.trim());
  const taken = element.type === 'color' ? element.value.toLowerCase() === value.trim().toLowerCase() : element.value !== '';
  if (!taken && value.trim() !== '') {
    element.value = before;
    return `${JSON.stringify(cut(value, 80))} is not a value of an input of type ${element.type}`;
  }
  element.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
  return null;
}

// The isolated world has the browser's own setter, not one a framework put on the element: React's value tracker
// therefore sees that the value is new when the event arrives.
function setValue(element, value) {
  element.value = value;
  element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
}
