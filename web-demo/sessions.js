/** The pane of all sessions: create one, watch one, close one. Several can be watched at once; one of them is shown. */

import { clockText } from './countdown.js';
import { byId, element } from './dom.js';
import { complain, hush, shortId } from './messages.js';

/** Sessions created by other clients cause no event, so the list is read again in this interval. */
const REFRESH_MS = 10_000;

/** @param {import('./workspace.js').Workspace} workspace */
export function mountSessions(workspace) {
  byId('sessions-refresh').addEventListener('click', () => workspace.refresh().catch(complain));
  byId('create-form').addEventListener('submit', (event) => {
    event.preventDefault();
    createSession(workspace);
  });
  workspace.addEventListener('sessions', () => render(workspace));
  workspace.addEventListener('select', hush); // the message was about the session that was shown before
  setInterval(() => tick(workspace), 500);
  render(workspace);
  keepFresh(workspace);
}

async function keepFresh(workspace) {
  await workspace.refresh().catch(() => {}); // the status chip already shows a lost connection
  setTimeout(() => keepFresh(workspace), REFRESH_MS);
}

/** Creates a session with the options in the form, and shows it. Returns whether that succeeded. */
export async function createSession(workspace) {
  const button = byId('create');
  const options = { maxTtlSeconds: byId('ttl').valueAsNumber || undefined };
  for (const name of ['proxy', 'bypassBotDetection', 'cdp']) options[name] = byId('create-form').elements[name].checked;
  button.disabled = true;
  button.textContent = 'Creating…';
  try {
    await workspace.create(options);
    hush();
    return true;
  } catch (error) {
    complain(error);
    return false;
  } finally {
    button.disabled = false;
    button.textContent = 'Create session';
  }
}

function render(workspace) {
  const sessions = [...workspace.sessions.values()].reverse();
  const focused = document.activeElement?.closest('#sessions button')?.dataset;
  byId('sessions').replaceChildren(...sessions.map((session) => item(workspace, session)));
  byId('sessions-empty').hidden = sessions.length > 0;
  // Rendering must not take the keyboard focus away.
  const kind = focused?.watch ? 'watch' : 'close';
  if (focused)
    byId('sessions')
      .querySelector(`[data-${kind}="${CSS.escape(focused[kind])}"]`)
      ?.focus();
}

function item(workspace, session) {
  const { id } = session;
  const shown = session === workspace.selected;
  const watch = element('button', {
    type: 'button',
    'data-watch': id,
    disabled: shown,
    onclick: () => workspace.watch(id),
  });
  watch.textContent = shown ? 'Shown' : session.stop || session.ended ? 'Show' : 'Watch';
  watch.setAttribute('aria-label', `${watch.textContent} session ${shortId(id)}`);
  const name = element('code', { title: id }, shortId(id));
  const state = element('span', { class: 'session-state' }, stateText(session));
  const tools = [watch];
  if (!session.ended) tools.push(closeButton(workspace, id));
  else if (!shown) tools.push(removeButton(workspace, id));
  const attributes = {
    'data-session': id,
    'data-status': session.view?.status ?? 'unknown',
    'aria-current': shown && 'true',
  };
  return element('li', attributes, element('div', { class: 'session-name' }, name, state), ...tools);
}

function closeButton(workspace, id) {
  const label = `Close session ${shortId(id)}`;
  const close = element('button', { type: 'button', 'data-close': id, class: 'quiet', 'aria-label': label }, 'Close');
  close.addEventListener('click', () => {
    close.disabled = true;
    workspace.close(id).catch((error) => {
      close.disabled = false;
      complain(error);
    });
  });
  return close;
}

function removeButton(workspace, id) {
  const label = `Take ended session ${shortId(id)} off the list`;
  const onclick = () => workspace.forget(id);
  return element(
    'button',
    { type: 'button', 'data-forget': id, class: 'icon', 'aria-label': label, title: label, onclick },
    '×',
  );
}

function stateText(session) {
  if (session.ended) return session.view.closeReason?.replace('_', ' ') ?? session.view.status;
  return session.remainingMs === null ? 'starting' : `${clockText(session.remainingMs)} left`;
}

function tick(workspace) {
  for (const node of byId('sessions').children) {
    const session = workspace.sessions.get(node.dataset.session);
    const state = node.querySelector('.session-state');
    const text = session ? stateText(session) : '';
    if (state.textContent !== text) state.textContent = text;
  }
}
