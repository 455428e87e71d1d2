/** Builds and finds elements. Text is always inserted as text, never as markup. */

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * An element with attributes, listeners (`onclick: …`) and children. An attribute whose value is `false`, `null` or
 * `undefined` is left out.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node|string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children);
  return node;
}

/** Copies text; where the browser does not permit that (plain HTTP), selects it in `source` instead. */
export async function copyText(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    source.focus?.();
    getSelection().selectAllChildren(source);
    source.select?.();
    return false;
  }
}
