/**
 * One field of an action's form, made from its JSON schema.
 *
 * A field reports its value with `change(value)`: `undefined` where it is empty or equal to the default. It validates
 * only what the browser validates; everything else is for the server to accept or refuse.
 */

import { element } from './dom.js';

/** Fields whose text may have line breaks. */
const LONG_TEXTS = new Set(['text', 'value']);

/** @typedef {{name: string, schema: object, shape: object, id: string, value: any, change: (value: any) => void}} Field */

/**
 * @param {string} name @param {object} schema of the payload's property @param {boolean} required
 * @param {any} value @param {(value: any) => void} change
 */
export function fieldOf(name, schema, required, value, change) {
  const shape = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  const field = { name, schema, shape, id: `field-${name}`, value, change };
  const make = KINDS[kindOf(name, shape)];
  const hint = element('p', { class: 'hint', id: `${field.id}-hint` }, ...prose(schema.description ?? ''));
  const control = make(field);
  control.setAttribute('aria-describedby', hint.id);
  const label = element(
    'label',
    { for: field.id },
    name,
    ...(required ? [element('span', { class: 'required' }, ' required')] : []),
  );
  if (control.type === 'checkbox')
    return element('div', { class: 'field field-check field-short' }, control, label, hint);
  if (control.tagName === 'FIELDSET') return (control.append(hint), control);
  const isShort = control.type === 'number' || control.tagName === 'SELECT';
  return element('div', { class: isShort ? 'field field-short' : 'field' }, label, control, hint);
}

function kindOf(name, { type, items, enum: words }) {
  if (words) return 'word';
  if (type === 'array' && items?.enum) return 'words';
  if (type === 'array' && [items?.type].flat().includes('string')) return 'lines';
  if (type === 'array' || type === 'object') return 'json';
  if (type === 'boolean') return 'flag';
  if (type === 'integer' || type === 'number') return 'number';
  return LONG_TEXTS.has(name) ? 'longText' : 'text';
}

const KINDS = {
  text(field) {
    const input = element('input', { ...shared(field), type: 'text', placeholder: field.schema.default });
    return bound(input, field, field.value ?? '', (text) => text || undefined);
  },

  longText(field) {
    return bound(
      element('textarea', { ...shared(field), rows: 2 }),
      field,
      field.value ?? '',
      (text) => text || undefined,
    );
  },

  number(field) {
    const { minimum, exclusiveMinimum, maximum, type } = field.shape;
    const bounds = { min: minimum ?? exclusiveMinimum, max: maximum, step: type === 'integer' ? 1 : 'any' };
    const input = element('input', { ...shared(field), ...bounds, type: 'number', placeholder: field.schema.default });
    return bound(input, field, field.value ?? '', (text) => (text === '' ? undefined : Number(text)));
  },

  flag(field) {
    const usual = field.schema.default ?? false;
    const input = element('input', { ...shared(field), type: 'checkbox' });
    input.checked = field.value ?? usual;
    input.addEventListener('change', () => field.change(input.checked === usual ? undefined : input.checked));
    return input;
  },

  word(field) {
    const usual = field.schema.default;
    const options = field.shape.enum.map((word) => element('option', { value: word }, word));
    const none = element('option', { value: '' }, usual === undefined ? '–' : `default: ${usual}`);
    return bound(
      element('select', shared(field), none, ...options),
      field,
      field.value ?? '',
      (word) => word || undefined,
    );
  },

  words(field) {
    const group = element('fieldset', { class: 'field choices' }, element('legend', {}, field.name));
    const boxes = field.shape.items.enum.map((word) => {
      const box = element('input', { type: 'checkbox', value: word, 'data-field': `${field.name}.${word}` });
      box.checked = Array.isArray(field.value) && field.value.includes(word);
      group.append(element('label', {}, box, word));
      return box;
    });
    group.addEventListener('change', () => {
      const chosen = boxes.filter(({ checked }) => checked).map(({ value }) => value);
      field.change(chosen.length > 0 ? chosen : undefined);
    });
    return group;
  },

  lines(field) {
    const input = element('textarea', { ...shared(field), rows: 2, placeholder: 'one a line' });
    const text = Array.isArray(field.value) ? field.value.join('\n') : '';
    return bound(input, field, text, (lines) =>
      lines === '' ? undefined : lines.split('\n').filter((line) => line !== ''),
    );
  },

  json(field) {
    const input = element('textarea', { ...shared(field), rows: 2, class: 'code', placeholder: example(field.shape) });
    return bound(input, field, field.value === undefined ? '' : JSON.stringify(field.value), (text) => {
      input.setCustomValidity('');
      if (text.trim() === '') return undefined;
      try {
        return JSON.parse(text);
      } catch (error) {
        input.setCustomValidity(`not JSON: ${error.message}`);
        return undefined;
      }
    });
  },
};

function shared({ name, id }) {
  return { id, 'data-field': name, autocomplete: 'off', spellcheck: 'false' };
}

/** Sets a control to a value, and reports its value after each edit, with the browser's validation message beside it. */
function bound(control, field, value, read) {
  control.value = value;
  control.addEventListener('input', () => {
    field.change(read(control.value));
    control.setAttribute('aria-invalid', String(!control.validity.valid));
    control.title = control.validationMessage;
  });
  return control;
}

function example({ type, items, required = [] }) {
  if (type === 'array')
    return items?.properties?.payload ? '[{"type": "title"}]' : '[{"x": 10, "y": 10}, {"x": 90, "y": 10}]';
  return `{${required.map((name) => `"${name}": 100`).join(', ')}}`;
}

/** Renders text that contains `code`. */
export function prose(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}
