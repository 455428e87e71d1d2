/** The results of all actions in the shown session, newest first, whichever client sent them, and the running actions. */

import { pretty } from './answer.js';
import { byId, element } from './dom.js';

/** @param {import('./workspace.js').Workspace} workspace */
export function mountResults(workspace) {
  let listening = new AbortController();
  const show = () => {
    listening.abort();
    listening = new AbortController();
    const { signal } = listening;
    const session = workspace.selected;
    byId('results').replaceChildren(...session.results.map(item));
    showEmptiness(session);
    showRunning(session);
    session.addEventListener('result', ({ detail }) => prepend(session, detail), { signal });
    for (const change of ['running', 'step']) session.addEventListener(change, () => showRunning(session), { signal });
  };
  workspace.addEventListener('select', show);
  setInterval(() => workspace.selected?.running.size && showRunning(workspace.selected), 200);
}

function prepend(session, result) {
  byId('results').prepend(item(result));
  while (byId('results').children.length > session.results.length) byId('results').lastChild.remove();
  showEmptiness(session);
}

function showEmptiness(session) {
  byId('results-empty').hidden = session.results.length > 0;
  byId('results-count').textContent = session.results.length > 0 ? String(session.results.length) : '';
}

function showRunning(session) {
  const rows = [...session.running.values()].map(({ type, since, steps }) => {
    const done = steps.length > 0 ? `, ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} done` : '';
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    return element('p', {}, element('code', {}, type), ` running for ${seconds} s${done}`);
  });
  byId('running').replaceChildren(...rows);
}

function item(result) {
  if (result.missing) {
    const text = 'Events are missing here: the server’s log did not reach back far enough.';
    return element('li', { class: 'missing' }, text);
  }
  const { seq, type, success, durationMs, result: body, steps, at } = result;
  const details = element(
    'details',
    {},
    element(
      'summary',
      {},
      element('span', { class: 'dot', title: success ? 'success' : 'failed' }),
      element('code', {}, type),
      element('span', { class: 'brief' }, brief(body, success, steps)),
      element('span', { class: 'by' }, who(result)),
      element('span', { class: 'took' }, `${durationMs} ms`),
      element('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour12: false })),
    ),
  );
  details.addEventListener('toggle', () => fill(details, body), { once: true });
  return element('li', { 'data-seq': seq, 'data-type': type, 'data-success': String(success) }, details);
}

/** Fills a result only when it is opened, because laying out all of them would be slow. */
function fill(details, body) {
  details.append(element('pre', { class: 'json', tabindex: 0 }, pretty(body)));
}

function who({ by, ours }) {
  if (ours) return 'you';
  return by === undefined ? 'REST' : 'other';
}

function brief(body, success, steps) {
  if (!success) return body?.message ?? body?.error ?? 'failed';
  if (steps.length > 0) return `${steps.filter((step) => step.success).length} of ${steps.length} steps ended well`;
  if (body?.bytes !== undefined) return `${(body.bytes / 1024).toFixed(1)} KiB`;
  return String(body?.title || body?.url || body?.elementText || body?.key || '');
}
