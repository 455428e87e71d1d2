// The built-in controls of players (<audio controls>, <video controls>). The browser keeps them in a shadow root of its
// own, which scripts do not see; the browser passes it into our world like closed roots (`closed.rs`). Only snapshots
// look into it: for selectors, players stay closed.

const PLAYERS = new Set(['audio', 'video']);

const rootOfPlayer = new WeakMap();

function isPlayer(element) {
  return PLAYERS.has(own.localName(element));
}

// The built-in controls of a player; none until the browser was asked about it.
function builtInControls(player) {
  if (!own.get(player, 'controls')) return [];
  const root = rootOfPlayer.get(player);
  if (root) return [...own.childNodes(root)];
  if (mayHave.size < MOST_ASKED) mayHave.add(player);
  return [];
}

// The player to whose controls an element belongs; otherwise the element itself.
function playerAround(element) {
  const host = own.host(element);
  return host && rootOfPlayer.has(host) ? host : element;
}

// Whether the player hides these controls, as it does while it plays and the mouse is elsewhere.
function isHiddenByPlayer(element) {
  const player = playerAround(element);
  return player !== element && isVisible(player) && !isVisible(element);
}

// What a player does, in the order in which it is written.
function statesOfPlayer(player) {
  const states = [own.get(player, 'ended') ? 'ended' : own.get(player, 'paused') ? 'paused' : 'playing'];
  if (own.get(player, 'muted')) states.push('muted');
  return states;
}

// The position and the length, as far as they are known: `0:07 / 3:20`.
function timeOfPlayer(player) {
  const [at, length] = [own.get(player, 'currentTime'), own.get(player, 'duration')];
  if (Number.isNaN(length)) return '';
  return Number.isFinite(length) ? `${clockTime(at)} / ${clockTime(length)}` : clockTime(at);
}

function clockTime(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}
