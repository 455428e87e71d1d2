// Documents that are not HTML, as far as reading them goes: drawings, and XML, which the browser shows in a document of its own
// making. The XML itself stands in that, undisplayed.

const XML_SOURCE = 'webkit-xml-viewer-source-xml';
const XHTML = 'http://www.w3.org/1999/xhtml';
const UNREAD = new Set(['defs', 'metadata', 'script', 'style', 'symbol']);
// XML has no looks: every element begins a line.
const PLAIN = { display: 'block', whiteSpaceCollapse: 'collapse' };

// What holds the XML this document shows; null where it shows something else.
function xmlSource() {
  return own.get(document, 'contentType') === 'text/html' ? null : own.getElementById(document, XML_SOURCE);
}

// The markup of the document: of XML that is shown its own, not the browser's.
function markup() {
  const source = xmlSource();
  const written = (node) => new XMLSerializer().serializeToString(node);
  if (source) return [...own.childNodes(source)].map(written).join('');
  const [doctype, root] = [own.doctype(), own.documentElement()];
  return (doctype ? written(doctype) : '') + (root ? own.outerHTML(root) : '');
}

// An element that is not HTML, as the writers take it: without a name that would mean something in HTML. Null for what
// is not there to be read.
function foreign(element) {
  if (UNREAD.has(own.localName(element))) return null;
  const style = own.namespaceURI(element) === SVG ? getComputedStyle(element) : PLAIN;
  return style.display === 'none' ? null : { name: '', style: PLAIN };
}
