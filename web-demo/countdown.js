/** The header of the page: the remaining time of the shown session, as a ring and mm:ss, and its cost. */

import { byId } from './dom.js';
import { complain } from './messages.js';

/** Short enough that no second is skipped. */
const TICK_MS = 200;
const SOON_MS = 60_000;
const NOW_MS = 10_000;
/** Remaining seconds that screen readers announce, once each; announcing every second would drown everything else. */
const ANNOUNCED_SECONDS = [60, 30, 10];

/** @param {number|null} ms */
export function clockText(ms) {
  if (ms === null) return '--:--';
  const seconds = Math.ceil(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

/** @param {import('./workspace.js').Workspace} workspace */
export function mountCountdown(workspace) {
  let saidAt = null;
  const tick = () => {
    show(workspace.selected);
    const seconds = Math.ceil((workspace.selected?.remainingMs ?? 0) / 1000);
    if (seconds === saidAt || !ANNOUNCED_SECONDS.includes(seconds)) return;
    saidAt = seconds;
    byId('announcement').textContent = `${seconds} seconds left`;
  };
  setInterval(tick, TICK_MS);
  workspace.addEventListener('select', tick);
  byId('renew').addEventListener('click', () => workspace.renew(Number(byId('ttl').value)).catch(complain));
}

function show(session) {
  const remaining = session?.remainingMs ?? null;
  const credits = session?.credits ?? null;
  setText('countdown', clockText(remaining));
  setText('credits', credits === null ? '–' : String(credits));
  setText('credits-unit', credits === 1 ? 'credit' : 'credits');
  setText('credits-note', session?.ended ? 'billed' : 'so far');
  byId('clock').dataset.urgency = urgency(session, remaining);
  byId('renew').disabled = !session || session.ended;
  const part = remaining === null || !session.totalMs ? 0 : Math.min(1, remaining / session.totalMs);
  byId('ring').setAttribute('stroke-dasharray', `${(part * 100).toFixed(2)} 100`);
}

function urgency(session, remaining) {
  if (remaining === null || session.ended) return 'none';
  if (remaining <= NOW_MS) return 'now';
  return remaining <= SOON_MS ? 'soon' : 'calm';
}

/** Writes a text only if it changed, so that screen readers and observers of the page are not notified in vain. */
function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}
