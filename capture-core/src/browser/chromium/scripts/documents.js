// Documents that are not HTML, as far as reading them requires: drawings, and XML, which the browser shows in a
// document that it generates. That document contains the XML itself, without displaying it.

const XML_SOURCE = 'webkit-xml-viewer-source-xml';
const XHTML = 'http://www.w3.org/1999/xhtml';
const UNREAD = new Set(['defs', 'metadata', 'script', 'style', 'symbol']);
// XML has no styles, so every element begins a line.
const PLAIN = { display: 'block', whiteSpaceCollapse: 'collapse' };

// The element that contains the XML which this document shows; null for other documents.
function xmlSource() {
  return own.get(document, 'contentType') === 'text/html' ? null : own.getElementById(document, XML_SOURCE);
}

// The markup of the document; for displayed XML its own markup and not the browser's.
function markup() {
  const source = xmlSource();
  const written = (node) => new XMLSerializer().serializeToString(node);
  if (source) return [...own.childNodes(source)].map(written).join('');
  const [doctype, root] = [own.doctype(), own.documentElement()];
  return (doctype ? written(doctype) : '') + (root ? own.outerHTML(root) : '');
}

// An element that is not HTML in the form that the writers take: without a name that would have a meaning in HTML. Null
// for elements that are not readable.
function foreign(element) {
  if (UNREAD.has(own.localName(element))) return null;
  const style = own.namespaceURI(element) === SVG ? getComputedStyle(element) : PLAIN;
  return style.display === 'none' ? null : { name: '', style: PLAIN };
}
