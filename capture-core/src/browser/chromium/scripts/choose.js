// Choosing: options of a <select>, and what checking a box means.

// Chooses options by value, by label or by index, with the events a person's choice makes.
async function select({ selector, by, wanted, timeoutMs }) {
  return awaited({ selector, timeoutMs }, (named) => {
    const element = fieldOf(named);
    if (element.localName !== 'select') {
      return { done: true, refused: `<${element.localName}> is not a <select>`, reason: 'not_selectable' };
    }
    if (!isVisible(element)) return { why: 'not_visible' };
    if (!isEnabled(element)) return { why: 'disabled' };
    return choose(element, by, wanted);
  });
}

function choose(element, by, wanted) {
  const is = {
    value: (option, text) => option.value === text,
    label: (option, text) => collapse(option.label) === collapse(text),
    index: (option, index) => option.index === index,
  }[by];
  const chosen = wanted.map((each) => [...element.options].find((option) => is(option, each)));
  const refuse = (refused, reason) => ({ done: true, refused, reason });
  const missing = chosen.indexOf(undefined);
  if (missing >= 0) {
    // Options may still be on their way: the wait goes on until time is up.
    return { why: 'no_option', missing: `${by} ${JSON.stringify(wanted[missing])}` };
  }
  if (chosen.length > 1 && !element.multiple) return refuse('it takes one option only', 'single_select');
  const disabled = chosen.find((option) => option.disabled || option.parentElement.matches('optgroup:disabled'));
  if (disabled) return refuse(`the option ${JSON.stringify(cut(disabled.label, 80))} is disabled`, 'option_disabled');
  element.focus();
  for (const option of element.options) option.selected = chosen.includes(option);
  element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  element.dispatchEvent(new Event('change', { bubbles: true }));
  return { done: true, selected: [...element.selectedOptions].map((option) => option.value) };
}

// What is to be clicked so that a box becomes checked or not: itself, or the label of one that is hidden. `already` when
// there is nothing to do, `refused` when no click can do it.
function standIn(element, wanted) {
  const control = boxIn(element);
  if (!control) return { refused: `<${element.localName}> cannot be checked`, reason: 'not_checkable' };
  const now = isChecked(control);
  if (now === wanted) return { already: true, control: undefined };
  if (!wanted && isRadio(control)) {
    return { refused: 'a radio button is unchecked by checking another one', reason: 'cannot_uncheck' };
  }
  const label = [...(control.labels ?? [])].find(isVisible);
  return { control, target: isHittable(control) || !label ? control : label };
}

// The control a selector means: the element itself, the control of a label, or the only one inside.
function boxIn(element) {
  const isBox = (each) => each.matches('input[type=checkbox], input[type=radio]') || isAriaBox(each);
  if (isBox(element)) return element;
  if (element.localName === 'label') return element.control && isBox(element.control) ? element.control : null;
  return null;
}

function isAriaBox(element) {
  const roles = ['checkbox', 'radio', 'switch', 'menuitemcheckbox', 'menuitemradio'];
  return roles.includes((element.getAttribute('role') ?? '').trim().toLowerCase());
}

function isRadio(control) {
  return control.type === 'radio' || /radio$/i.test(control.getAttribute('role') ?? '');
}

function isChecked(control) {
  if (control.localName === 'input') return control.checked && !control.indeterminate;
  return control.getAttribute('aria-checked') === 'true';
}

// Hidden boxes are often drawn by their label: without size, transparent, or out of the way.
function isHittable(control) {
  if (!isVisible(control)) return false;
  const box = boxOf(control);
  const style = getComputedStyle(control);
  return box.width > 1 && box.height > 1 && style.opacity !== '0' && style.pointerEvents !== 'none';
}

// Whether a box is as wanted, once the page has reacted to the click.
async function checkedAs({ selector, checked, timeoutMs }) {
  return awaited({ selector, timeoutMs }, (element) => {
    const control = boxIn(element);
    return control && isChecked(control) === checked ? { done: true } : { why: 'not_as_wanted' };
  });
}
