/** The page as the `snapshot` action reads it. Each element that can be acted on is a button that puts its ref into the composer. */

import { byId, element } from './dom.js';
import { explain } from './messages.js';

/** Matches `  - button "Sign in" [disabled] [ref=e3]: text`. The name is a JSON string, so a `[ref=…]` in it does not count. */
const LINE = /^( *)- ([^\s":]+)((?: "(?:[^"\\]|\\.)*")?)((?: \[[^\]]*\])*)(.*)$/;
const REF = / \[ref=(e\d+)\]/;

/** @param {import('./workspace.js').Workspace} workspace @param {(selector: string) => void} choose */
export function mountSnapshotTree(workspace, choose) {
  byId('snapshot-refresh').addEventListener('click', () => refresh(workspace, choose));
  for (const change of ['select', 'ended']) workspace.addEventListener(change, () => showReadiness(workspace));
  workspace.addEventListener('select', () => say('Read the page to see what is on it.'));
  showReadiness(workspace);
}

async function refresh(workspace, choose) {
  const session = workspace.selected;
  const button = byId('snapshot-refresh');
  button.disabled = true;
  try {
    const payload = byId('snapshot-interactive').checked ? { interactive: true } : {};
    const { snapshot, truncated } = await workspace.act({ type: 'snapshot', payload });
    if (session === workspace.selected) show(snapshot, truncated, choose);
  } catch (error) {
    if (session === workspace.selected) say(explain(error).text);
  }
  showReadiness(workspace);
}

function show(snapshot, truncated, choose) {
  const lines = snapshot.split('\n').filter((line) => line !== '');
  byId('snapshot-tree').replaceChildren(...lines.map((line) => node(line, choose)));
  if (lines.length === 0) say('There is nothing on this page.');
  if (truncated) byId('snapshot-tree').append(element('p', { class: 'hint' }, 'The rest was left out.'));
}

function node(text, choose) {
  const [, indent, role, name, marks, rest] = LINE.exec(text) ?? ['', '', '', '', '', text];
  const row = element('div', { class: 'node' });
  row.style.paddingInlineStart = `${indent.length / 2}em`;
  const ref = REF.exec(marks)?.[1];
  if (ref) {
    const attributes = { type: 'button', class: 'ref', 'data-ref': ref, 'aria-label': `Use @${ref}: ${role}${name}` };
    row.append(element('button', { ...attributes, onclick: () => choose(`@${ref}`) }, `@${ref}`), ' ');
  }
  row.append(
    element('span', { class: 'role' }, role),
    name,
    element('span', { class: 'marks' }, marks.replace(REF, '')),
    rest,
  );
  return row;
}

function showReadiness(workspace) {
  byId('snapshot-refresh').disabled = !workspace.selected || workspace.selected.ended;
}

function say(text) {
  byId('snapshot-tree').replaceChildren(element('p', { class: 'empty' }, text));
}
