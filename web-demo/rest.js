/** The REST calls of the page; everything else uses the channel. Errors have the fields of docs/api.md. */

/** A refusal by the server, or a missing answer (`code` is `network`). */
export class RestError extends Error {
  constructor(message, fields) {
    super(message);
    Object.assign(this, fields);
  }
}

/** Requests a single-use ticket. @param {string} token @param {{sessionId: string, mode: string}} [scope] */
export async function newTicket(token, scope) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify(scope ?? {});
  return (await call('/v1/stream/tickets', { method: 'POST', headers, body })).ticket;
}

/** The token of the only user of `capture serve --dev`, if the server is one. */
export async function devToken() {
  return (await call('/demo/config')).dev?.token;
}

/** The payload schema of each action: `{goto: schema, …}` in the server's order. */
export async function payloadSchemas() {
  const { schemas } = (await call('/asyncapi.json')).components;
  const payloads = Object.entries(schemas).filter(([name]) => name.startsWith('payload.'));
  return Object.fromEntries(payloads.map(([name, schema]) => [name.slice('payload.'.length), schema]));
}

async function call(path, init) {
  let reply;
  let body;
  try {
    reply = await fetch(path, { cache: 'no-store', ...init });
    body = await reply.json();
  } catch (cause) {
    throw new RestError('the server does not answer', { code: 'network', retryable: true, cause });
  }
  if (reply.ok) return body;
  throw new RestError(body.error ?? `the server answered ${reply.status}`, { retryable: reply.status >= 500, ...body });
}
