/**
 * Assembles the page: for a driver, who signs in, or for an observer of one session, who opened a link.
 *
 * docs/channel.md defines the protocol; README.md in this folder lists the files.
 */

import { Batch } from './batch.js';
import { Channel } from './channel.js';
import { Composer } from './composer.js';
import { mountConsolePane } from './console-pane.js';
import { mountCountdown } from './countdown.js';
import { byId } from './dom.js';
import { mountLiveInput } from './live-input.js';
import { mountLiveView } from './live-view.js';
import { complain, endOf, hush, say } from './messages.js';
import { newTicket, payloadSchemas } from './rest.js';
import { mountResults } from './results.js';
import { mountSessions } from './sessions.js';
import { mountShare, takeObserverLink } from './share.js';
import { signIn, signOut } from './sign-in.js';
import { mountSnapshotTree } from './snapshot-tree.js';
import { mountStatus } from './status.js';
import { Workspace } from './workspace.js';

/** Messages for close codes after which the channel gives up; other codes are shown as numbers. */
const GIVEN_UP = {
  4501: 'The server no longer accepts this user and secret. Sign in again.',
  4529: 'This user has too many connections. Close another page, then connect again.',
};

async function drive() {
  const { token, isDev } = await signIn(() => showPage('sign-in'));
  const { channel, workspace } = connect({
    ticket: () => newTicket(token),
    onGivenUp({ code, error }) {
      if (error?.code && error.code !== 'unauthorized') complain(error);
      else say({ kind: 'error', text: GIVEN_UP[code] ?? `The server closed the connection for good (${code}).` });
    },
  });
  mountWatching(workspace);
  mountLiveInput(workspace);
  mountSessions(workspace);
  mountShare(workspace, token);
  await mountActing(workspace).catch(complain);
  byId('sign-out').hidden = isDev;
  byId('sign-out').addEventListener('click', signOut);
  showPage('drive');
  channel.connect();
}

/** Mounts the panes that need the list of actions. */
async function mountActing(workspace) {
  const composer = new Composer(workspace, await payloadSchemas());
  new Batch(workspace, composer);
  mountSnapshotTree(workspace, (selector) => {
    composer.select(selector);
    byId('announcement').textContent = `${selector} is in the composer`;
  });
}

/** @param {{sessionId: string, ticket: string|null}} link */
function observe({ sessionId, ticket }) {
  let unused = ticket;
  let why = 'This link does not work any more: it works once, and for 30 seconds.';
  const { channel, workspace } = connect({
    async ticket() {
      if (!unused) throw Object.assign(new Error('the ticket is used'), { retryable: false });
      [ticket, unused] = [unused, null];
      return ticket;
    },
    onConnected: () => (why = 'The connection was lost, and the link worked once.'),
    onGivenUp() {
      if (workspace.selected.ended) return;
      say({ kind: 'warning', text: `${why} Ask for a new one.` });
      byId('view-note').textContent = 'Nothing to see without a working link.';
    },
  });
  mountWatching(workspace);
  byId('view').removeAttribute('tabindex');
  byId('view').setAttribute('role', 'img');
  byId('address').readOnly = true;
  showPage('observe');
  workspace.watch(sessionId);
  channel.connect();
}

/** Opens the only connection, and the workspace of the sessions on it. */
function connect({ ticket, onConnected = () => {}, onGivenUp }) {
  const showStatus = mountStatus(() => channel);
  const channel = new Channel({
    url: `${location.origin.replace(/^http/, 'ws')}/v1/stream`,
    ticket,
    onStatus(status) {
      showStatus(status);
      if (status.state === 'connected') {
        workspace.welcome(status.hello);
        onConnected();
      }
      if (status.state === 'lost') onGivenUp(status);
    },
  });
  const workspace = new Workspace(channel);
  return { channel, workspace };
}

/** Mounts the panes that a driver and an observer share. */
function mountWatching(workspace) {
  mountCountdown(workspace);
  mountLiveView(workspace);
  mountResults(workspace);
  mountConsolePane(workspace);
  workspace.addEventListener('ended', ({ detail }) => say(endOf(detail.view)));
  workspace.addEventListener('refused', ({ detail }) => complain(detail));
}

/** @param {'sign-in'|'drive'|'observe'} name */
function showPage(name) {
  document.body.dataset.page = name;
}

byId('message-close').addEventListener('click', hush);
// The user pasted an observer's link into this tab.
addEventListener('hashchange', () => location.hash.startsWith('#watch=') && location.reload());
const link = takeObserverLink();
if (link) observe(link);
else drive().catch(complain);
