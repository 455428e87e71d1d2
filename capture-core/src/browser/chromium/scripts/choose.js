// Choosing options of a <select>, and checking boxes.

// Chooses options by value, by label or by index, with the events that a person's choice causes.
async function select({ selector, by, wanted, timeoutMs }, call) {
  return awaited({ selector, timeoutMs }, call, (named) => {
    const element = fieldOf(named);
    if (own.localName(element) !== 'select') {
      return { done: true, refused: `<${own.localName(element)}> is not a <select>`, reason: 'not_selectable' };
    }
    if (!isVisible(element)) return { why: 'not_visible' };
    if (!isEnabled(element)) return { why: 'disabled' };
    return isOver(call) ? LATE : choose(element, by, wanted);
  });
}

function choose(element, by, wanted) {
  const is = {
    value: (option, text) => own.get(option, 'value') === text,
    label: (option, text) => collapse(own.get(option, 'label')) === collapse(text),
    index: (option, index) => own.get(option, 'index') === index,
  }[by];
  const chosen = wanted.map((each) => [...own.get(element, 'options')].find((option) => is(option, each)));
  const refuse = (refused, reason) => ({ done: true, refused, reason });
  const missing = chosen.indexOf(undefined);
  if (missing >= 0) {
    // The options may still be loading, so the wait continues until time is up.
    return { why: 'no_option', missing: `${by} ${JSON.stringify(wanted[missing])}` };
  }
  if (chosen.length > 1 && !own.get(element, 'multiple')) return refuse('it takes one option only', 'single_select');
  const isDisabled = (option) => {
    return own.get(option, 'disabled') || own.matches(own.parentElement(option), 'optgroup:disabled');
  };
  const disabled = chosen.find(isDisabled);
  if (disabled) {
    const label = JSON.stringify(cut(own.get(disabled, 'label'), 80));
    return refuse(`the option ${label} is disabled`, 'option_disabled');
  }
  own.call(element, 'focus');
  for (const option of own.get(element, 'options')) own.set(option, 'selected', chosen.includes(option));
  own.dispatchEvent(element, new Event('input', { bubbles: true, composed: true }));
  own.dispatchEvent(element, new Event('change', { bubbles: true }));
  return { done: true, selected: [...own.get(element, 'selectedOptions')].map((option) => own.get(option, 'value')) };
}

// The element to click so that a box becomes checked or unchecked: the box itself, or the label of a hidden box. The
// result is `already` when there is nothing to do, and `refused` when no click can do it.
function standIn(element, wanted) {
  const control = boxIn(element);
  if (!control) return { refused: `<${own.localName(element)}> cannot be checked`, reason: 'not_checkable' };
  const known = internalsOf(control);
  if (known?.role && !known.isFresh) return { refused: 'it is to be asked about', reason: 'not_checkable' };
  const now = isChecked(control);
  if (now === wanted) {
    outdate(control);
    return { already: true, control: undefined };
  }
  if (!wanted && isRadio(control)) {
    return { refused: 'a radio button is unchecked by checking another one', reason: 'cannot_uncheck' };
  }
  const label = [...(own.get(control, 'labels') ?? [])].find(isVisible);
  return { control, target: isHittable(control) || !label ? control : label };
}

// The box that a selector means: the element itself, the box that contains it, or the box of its label.
function boxIn(element) {
  const isBox = (each) => own.matches(each, 'input[type=checkbox], input[type=radio]') || isAriaBox(each);
  if (isBox(element)) return element;
  return [labelled(element), controlOf(element)].find((control) => control && isBox(control)) ?? null;
}

// Whether a box, or a label of it, can be seen.
function boxCanBeSeen(element) {
  const control = boxIn(element);
  return isVisible(element) || [...((control && own.get(control, 'labels')) ?? [])].some(isVisible);
}

function isAriaBox(element) {
  const roles = ['checkbox', 'radio', 'switch', 'menuitemcheckbox', 'menuitemradio'];
  return roles.includes((own.getAttribute(element, 'role') ?? internalsOf(element)?.role ?? '').trim().toLowerCase());
}

function isRadio(control) {
  return own.get(control, 'type') === 'radio' || /radio$/i.test(own.getAttribute(control, 'role') ?? '');
}

function isChecked(control) {
  if (own.localName(control) === 'input') return own.get(control, 'checked') && !own.get(control, 'indeterminate');
  return (own.getAttribute(control, 'aria-checked') ?? internalsOf(control)?.checked) === 'true';
}

// Hidden boxes are often drawn by their label: they have no size, are transparent, or are positioned off the screen.
function isHittable(control) {
  if (!isVisible(control)) return false;
  const box = boxOf(control);
  const style = getComputedStyle(control);
  return box.width > 1 && box.height > 1 && style.opacity !== '0' && style.pointerEvents !== 'none';
}

// Whether a box has the wanted state, once the page has reacted to the click.
async function checkedAs({ selector, checked, timeoutMs }, call) {
  return awaited({ selector, timeoutMs, canBeSeen: boxCanBeSeen }, call, (element) => {
    const control = boxIn(element);
    if (control) outdate(control);
    return control && isChecked(control) === checked ? { done: true } : { why: 'not_as_wanted' };
  });
}
