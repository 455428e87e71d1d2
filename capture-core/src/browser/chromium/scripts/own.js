// The DOM's methods and properties, taken from their prototypes once. A page cannot change the prototypes of our world,
// but the names that it gives to fields, forms, frames and pictures shadow the properties of a form or the document:
// `<form><input name=matches></form>` makes `form.matches` a field. Scripts must therefore use `own.matches(form, …)`;
// a test fails if one reads a property of an element or of the document directly.

const own = (() => {
  const { call } = Function.prototype;
  const method = (prototype, name) => call.bind(prototype[name]);
  const getter = (prototype, name) => call.bind(Object.getOwnPropertyDescriptor(prototype, name).get);
  const [element, node, page] = [Element.prototype, Node.prototype, Document.prototype];
  const nodeType = getter(node, 'nodeType');

  // Properties that elements, documents and shadow roots each define themselves.
  const shared = (take, name, fragment = DocumentFragment.prototype) => {
    const takers = [element, page, fragment].map((each) => (name in each ? take(each, name) : () => null));
    const [ofElement, ofPage, ofFragment] = takers;
    return (root, ...given) => {
      const type = nodeType(root);
      return (type === 1 ? ofElement : type === 9 ? ofPage : ofFragment)(root, ...given);
    };
  };
  const ofPage = (name) => {
    const asked = method(page, name);
    return (...given) => asked(document, ...given);
  };
  const inPage = (name) => {
    const read = getter(page, name);
    return () => read(document);
  };

  // Properties of only some kinds of elements; undefined for an element of another kind.
  const get = (object, name) => Reflect.get(Object.getPrototypeOf(object), name, object);
  const getRootNode = method(node, 'getRootNode');
  const openRootOf = getter(element, 'shadowRoot');
  let closedRoots = null;

  return {
    __proto__: null,
    get,
    set: (object, name, value) => Reflect.set(Object.getPrototypeOf(object), name, value, object),
    call: (object, name, ...given) => get(object, name).apply(object, given),

    // Properties of nodes.
    nodeType,
    isElement: (object) => nodeType(object) === 1,
    isText: (object) => nodeType(object) === 3,
    childNodes: getter(node, 'childNodes'),
    firstChild: getter(node, 'firstChild'),
    nextSibling: getter(node, 'nextSibling'),
    parentElement: getter(node, 'parentElement'),
    isConnected: getter(node, 'isConnected'),
    baseURI: getter(node, 'baseURI'),
    textContent: getter(node, 'textContent'),
    contains: method(node, 'contains'),
    getRootNode,
    // The host of the shadow root that contains a node.
    host: (object) => {
      const top = getRootNode(object);
      return nodeType(top) === 11 ? get(top, 'host') ?? null : null;
    },
    dispatchEvent: method(EventTarget.prototype, 'dispatchEvent'),
    addEventListener: method(EventTarget.prototype, 'addEventListener'),
    removeEventListener: method(EventTarget.prototype, 'removeEventListener'),

    // Properties of elements.
    localName: getter(element, 'localName'),
    namespaceURI: getter(element, 'namespaceURI'),
    id: getter(element, 'id'),
    classList: getter(element, 'classList'),
    attributes: getter(element, 'attributes'),
    innerHTML: getter(element, 'innerHTML'),
    outerHTML: getter(element, 'outerHTML'),
    // Includes closed roots, once they are known.
    shadowRoot: (object) => openRootOf(object) ?? closedRoots?.get(object) ?? null,
    knowRoot: (host, root) => {
      closedRoots ??= new WeakMap();
      closedRoots.set(host, root);
    },
    assignedSlot: getter(element, 'assignedSlot'),
    scrollTop: getter(element, 'scrollTop'),
    scrollLeft: getter(element, 'scrollLeft'),
    scrollWidth: getter(element, 'scrollWidth'),
    scrollHeight: getter(element, 'scrollHeight'),
    clientTop: getter(element, 'clientTop'),
    clientLeft: getter(element, 'clientLeft'),
    clientWidth: getter(element, 'clientWidth'),
    clientHeight: getter(element, 'clientHeight'),
    getAttribute: method(element, 'getAttribute'),
    hasAttribute: method(element, 'hasAttribute'),
    hasAttributes: method(element, 'hasAttributes'),
    matches: method(element, 'matches'),
    closest: method(element, 'closest'),
    checkVisibility: method(element, 'checkVisibility'),
    getBoundingClientRect: method(element, 'getBoundingClientRect'),
    getClientRects: method(element, 'getClientRects'),
    scrollIntoView: method(element, 'scrollIntoView'),
    scrollTo: method(element, 'scrollTo'),
    scrollBy: method(element, 'scrollBy'),

    // Properties of elements, documents and shadow roots.
    children: shared(getter, 'children'),
    querySelector: shared(method, 'querySelector'),
    querySelectorAll: shared(method, 'querySelectorAll'),
    getElementById: shared(method, 'getElementById'),
    activeElement: shared(getter, 'activeElement', ShadowRoot.prototype),
    elementFromPoint: shared(method, 'elementFromPoint', ShadowRoot.prototype),

    // Properties of the document.
    body: inPage('body'),
    doctype: inPage('doctype'),
    documentElement: inPage('documentElement'),
    scroller: () => get(document, 'scrollingElement') ?? get(document, 'documentElement'),
    title: inPage('title'),
    createElement: ofPage('createElement'),
    createRange: ofPage('createRange'),
    evaluate: ofPage('evaluate'),
    execCommand: ofPage('execCommand'),
    // The animations of the document or of a shadow root; a tree outside a document has none.
    animations: (tree) => (nodeType(tree) === 9 || get(tree, 'host') ? get(tree, 'getAnimations').call(tree) : []),
    getSelection: ofPage('getSelection'),
  };
})();
