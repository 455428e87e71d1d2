/** An action as a command line. */

/**
 * The token is read from the environment: what is copied may be pasted anywhere.
 * @param {string} origin @param {string} sessionId @param {object} action
 */
export function curlCommand(origin, sessionId, action) {
  return [
    `curl -sS -X POST ${quoted(`${origin}/v1/sessions/${sessionId}/actions`)}`,
    '-H "Authorization: Bearer $CAPTURE_TOKEN"',
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(action))}`,
  ].join(' \\\n  ');
}

/** For a POSIX shell: nothing is special between single quotes but the quote itself. */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
