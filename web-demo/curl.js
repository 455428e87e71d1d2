/** Formats an action as a curl command. */

/**
 * The token is read from the environment, because a copied command may be pasted anywhere.
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

/** Quotes for a POSIX shell: between single quotes only the quote itself is special. */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
