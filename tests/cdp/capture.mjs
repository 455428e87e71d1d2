// A session with `cdp: true`, as its user has it over REST. Knows nothing of the libraries that connect to it.
import assert from "node:assert/strict";

const env = (name) => {
  assert(process.env[name], `${name} is not set`);
  return process.env[name];
};

/** `http://host:port` of the server. */
export const ADDRESS = env("CAPTURE_ADDRESS");
/** The address of a page of the fixture site. */
export const site = (path) => env("SITE") + path;
/** The same on another site: `localhost` is not the site of `127.0.0.1`. */
export const elsewhere = (path) => site(path).replace("127.0.0.1", "localhost");

const call = async (method, path, body) => {
  const headers = { authorization: `Bearer ${env("CAPTURE_TOKEN")}`, "content-type": "application/json" };
  const options = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(60_000) };
  const reply = await fetch(ADDRESS + path, options);
  return { status: reply.status, ...(await reply.json()) };
};

const done = (reply) => {
  assert.equal(reply.success, true, JSON.stringify(reply));
  return reply;
};

export class Session {
  /** Created and paid for as any other; closed by the story. */
  static async create(maxTtlSeconds = 300) {
    const options = { cdp: true, maxTtlSeconds, ...JSON.parse(env("CAPTURE_OPTIONS")) };
    const { session } = done(await call("POST", "/v1/sessions", options));
    assert.match(session.connectUrl, /^wss?:\/\/[^/]+\/cdp\?token=v1\./);
    return new Session(session.id, session.connectUrl);
  }

  constructor(id, firstUrl) {
    Object.assign(this, { id, firstUrl });
  }

  /** As it is now; `connectUrl` only while it is active. */
  async read() {
    return done(await call("GET", `/v1/sessions/${this.id}`)).session;
  }

  /** Another address to connect to. */
  async connectUrl() {
    return (await this.read()).connectUrl;
  }

  /** The reply of an action, whatever it is. */
  async tried(type, payload = {}) {
    return call("POST", `/v1/sessions/${this.id}/actions`, { type, payload });
  }

  /** The reply of an action that must succeed. */
  async act(type, payload) {
    return done(await this.tried(type, payload));
  }

  /** The text of the first match on the active page. */
  async text(selector) {
    return (await this.act("query", { selector })).elements[0].text;
  }

  /** Where the active page is. */
  async where() {
    return (await this.act("url")).url;
  }

  async close() {
    return done(await call("DELETE", `/v1/sessions/${this.id}`)).session;
  }
}
