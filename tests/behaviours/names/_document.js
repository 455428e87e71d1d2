// Pictures, forms and frames named after every property of the document and of the window.
{
  const names = new Set();
  for (const kind of [Document, Node, EventTarget, Object, Window]) {
    for (const name of Object.getOwnPropertyNames(kind.prototype)) names.add(name);
  }
  for (const name of Object.getOwnPropertyNames(window)) if (/^[a-z]/.test(name)) names.add(name);
  for (const name of ['capture', 'captureReport', 'own']) names.add(name);
  const holder = document.createElement('div');
  const [body] = [document.body];
  for (const name of names) {
    const picture = document.createElement('form');
    picture.setAttribute('name', name);
    picture.id = name;
    holder.append(picture);
  }
  for (const name of ['body', 'capture', 'captureReport', 'innerWidth', 'scrollX', 'querySelectorAll', 'title']) {
    const frame = document.createElement('iframe');
    frame.name = name;
    frame.width = frame.height = 10;
    holder.append(frame);
  }
  body.append(holder);
}
