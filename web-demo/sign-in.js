/** Signs in a driver with a bearer token: typed, pasted, remembered for this tab, or the one of `--dev`. */

import { byId } from './dom.js';
import { complain, hush } from './messages.js';
import { devToken, newTicket } from './rest.js';

const REMEMBERED = 'capture.token';

/**
 * Resolves once the user has signed in with a token the server accepts.
 * @returns {Promise<{token: string, isDev: boolean}>}
 */
export async function signIn(showForm) {
  const dev = await devToken().catch(complain);
  if (dev) return { token: dev, isDev: true };
  const remembered = sessionStorage.getItem(REMEMBERED);
  if (remembered && (await isAccepted(remembered))) return { token: remembered, isDev: false };
  showForm();
  return { token: await askForToken(), isDev: false };
}

/** Forgets the token and starts over. */
export function signOut() {
  sessionStorage.removeItem(REMEMBERED);
  location.reload();
}

function askForToken() {
  const form = byId('sign-in');
  return new Promise((resolve) => {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const token = byId('token').value.trim() || tokenOf(byId('user').value.trim(), byId('secret').value);
      byId('sign-in-button').disabled = true;
      const accepted = await isAccepted(token);
      byId('sign-in-button').disabled = false;
      if (!accepted) return;
      if (byId('remember').checked) sessionStorage.setItem(REMEMBERED, token);
      form.reset(); // the secret must not stay in the page
      resolve(token);
    });
  });
}

function tokenOf(user, secret) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${secret}`)));
}

/** Checks a token by requesting a ticket, which is the cheapest request and is discarded. */
async function isAccepted(token) {
  try {
    await newTicket(token);
    hush();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}
