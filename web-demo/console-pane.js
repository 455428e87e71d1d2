/** What the shown page logs and which errors occur in it, as they happen, together with its dialogs, tabs and downloads. */

import { byId, element } from './dom.js';

/** @param {import('./workspace.js').Workspace} workspace */
export function mountConsolePane(workspace) {
  let listening = new AbortController();
  const show = () => {
    listening.abort();
    listening = new AbortController();
    const session = workspace.selected;
    render(session);
    session.addEventListener('line', ({ detail }) => update(session, detail), { signal: listening.signal });
  };
  workspace.addEventListener('select', show);
  byId('console-clear').addEventListener('click', () => workspace.selected?.clearLines());
}

function render(session) {
  byId('console-pane').replaceChildren(...session.lines.map(row));
  byId('console-empty').hidden = session.lines.length > 0;
  byId('console-clear').disabled = session.lines.length === 0;
}

function update(session, entry) {
  if (!entry) return render(session);
  const pane = byId('console-pane');
  const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
  pane.append(row(entry));
  while (pane.children.length > session.lines.length) pane.firstChild.remove();
  byId('console-empty').hidden = true;
  byId('console-clear').disabled = false;
  if (atEnd) pane.scrollTop = pane.scrollHeight; // a user who has scrolled up is reading, so the pane must not move
}

function row({ level, text, at, where, dropped }) {
  const parts = [
    element('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour12: false })),
    element('span', { class: 'level' }, level),
    element('span', { class: 'line-text' }, text),
  ];
  if (where) parts.push(element('span', { class: 'where', title: where }, where));
  if (dropped > 0) parts.push(element('span', { class: 'dropped' }, `${dropped} left out before this`));
  return element('li', { 'data-level': level }, ...parts);
}
