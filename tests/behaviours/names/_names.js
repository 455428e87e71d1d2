// Puts a field for every property an element, a form or the document has into the form `#f`, hidden, before what it holds: in a
// form, and in the document for forms and pictures, the names of fields stand before the DOM's own.
{
  const names = new Set();
  for (const kind of [HTMLFormElement, HTMLInputElement, HTMLSelectElement, HTMLElement, Element, Node, EventTarget, Object]) {
    for (const name of Object.getOwnPropertyNames(kind.prototype)) names.add(name);
  }
  const form = document.querySelector('#f');
  const end = document.createElement('p');
  for (const name of names) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.setAttribute('name', name);
    end.append(field);
  }
  HTMLElement.prototype.prepend.call(form, end);
}
