/** The form of an action: a field for each property of its payload's schema, with the common ones folded away. */

import { element } from './dom.js';
import { fieldOf } from './field.js';

/** Fields that many actions share; see docs/actions/README.md. */
const COMMON = ['screenshot', 'viewport', 'vw', 'vh', 'deviceScaleFactor', 'scaleFactor', 'emulateDevice'];

/**
 * @param {object} schema of the payload @param {object} payload
 * @param {(name: string, value: any) => void} change
 * @returns {Node[]}
 */
export function formFields(schema, payload, change) {
  const own = schema['x-fields'] ?? Object.keys(schema.properties).filter((name) => !COMMON.includes(name));
  const common = COMMON.filter((name) => name in schema.properties && !own.includes(name));
  const field = (name) => {
    const required = schema.required?.includes(name);
    return fieldOf(name, schema.properties[name], required, payload[name], (value) => change(name, value));
  };
  const fields = own.filter((name) => name in schema.properties).map(field);
  if (fields.length === 0) fields.push(element('p', { class: 'hint' }, 'This action takes nothing of its own.'));
  if (common.length === 0) return fields;
  const used = common.some((name) => payload[name] !== undefined);
  const more = element(
    'details',
    { class: 'more', open: used },
    element('summary', {}, 'More: picture afterwards, viewport'),
  );
  more.append(...common.map(field));
  return [...fields, more];
}
