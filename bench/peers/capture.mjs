// Capture, over REST like any client.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { commands, connect } from "../cdp.mjs";
import { client } from "../http.mjs";
import { MIXED, WARM_UP } from "../operations.mjs";
import { sleep } from "../resources.mjs";

export const name = "ours";

/** Waits until the pool is full again. */
const refill = () => sleep(400);

/** Starts a server that keeps this many browsers ready. Returns its users by name, and its pid. */
export async function server(resources, { capture, executable, name, warm, sessions = 51 }) {
  const data = ["--data-dir", join(resources.folder, name)];
  const [, base] = await resources.start(capture, [
    "serve", "--listen", "127.0.0.1:0", ...data, "--browser-run-root", join(resources.folder, `${name}-run`),
    "--browser-executable", executable, "--browser-warm-pages", warm, "--drain-seconds", "0",
    "--egress-private", "--max-sessions", sessions, // the 50 connections, and one session over the bridge
  ], /capture listening on (\S+)\n/);
  const user = (name, connections) => {
    const quietly = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const added = execFileSync(capture, ["user", "add", name, "--max-sessions", sessions, ...data], quietly);
    return client(base, { authorization: `Bearer ${added.match(/bearer: (\S+)/)[1]}` }, connections);
  };
  return { user };
}

export async function start({ capture, executable, url, hundred, spinners, resources, folder = "" }) {
  const serve = (name, warm) => server(resources, { capture, executable, name: `${folder}${name}`, warm });
  const { user } = await serve("data", WARM_UP);
  const call = user("bench");
  const open = async () => `/v1/sessions/${(await call("POST", "/v1/sessions", { maxTtlSeconds: 900 })).session.id}`;
  const close = (session) => call("DELETE", session);
  const actIn = (session, type, payload) => call("POST", `${session}/actions`, { type, payload });

  const opened = [];
  const closeAll = async () => {
    for (const session of opened.splice(0)) await close(session);
    await refill();
  };
  const spin = async () => {
    for (let i = 0; i < 4; i++) await actIn(opened[opened.push(await open()) - 1], "goto", { url: spinners });
    await refill();
  };

  const asking = [];
  let crowded = false;
  const crowd = async () => {
    crowded = true;
    for (let i = 0; i < 49; i++) {
      const other = opened[opened.push(await open()) - 1];
      await actIn(other, "goto", { url });
      asking.push((async () => {
        for (; crowded; await sleep(200)) await actIn(other, "title");
      })());
    }
    await refill();
  };
  const disperse = async () => {
    crowded = false;
    await Promise.all(asking.splice(0));
    await closeAll();
  };

  let fresh;
  const freshen = async () => {
    fresh = await open();
    await refill();
  };

  const tenUsers = Array.from({ length: 10 }, (_, i) => user(`user${i}`, 10));
  const lean = (await serve("lean", 0)).user("first");
  const create = async (of) => ({ of, path: `/v1/sessions/${(await of("POST", "/v1/sessions", {})).session.id}` });
  const end = async (created) => {
    await Promise.all([created].flat().map(({ of, path }) => of("DELETE", path)));
    await sleep(1000); // browsers end, and others start
  };

  const { session: own } = await call("POST", "/v1/sessions", { maxTtlSeconds: 900, cdp: true });
  const bridge = await connect(own.connectUrl);
  const { targetInfos } = await bridge.send("Target.getTargets");
  const { targetId } = targetInfos.find(({ type }) => type === "page");
  const { sessionId } = await bridge.send("Target.attachToTarget", { targetId, flatten: true });
  const session = await open();
  const act = (type, payload) => actIn(session, type, payload);
  const title = async () => (await act("title")).title;
  const rendering = user("renders", 4);
  const render = async (kind, more) => {
    const made = await rendering("POST", `/v1/render/${kind}`, { url, ...more });
    assert.ok(kind === "content" ? made.html.length > 1000 : made.length > 1000, kind);
    return made;
  };
  const actions = MIXED.map((type) => ({ type, payload: type === "click" ? { selector: "#b" } : {} }));
  const ops = {
    create: { before: refill, run: open, after: (created) => close(created).then(refill) },
    createEmpty: { run: open, after: (created) => opened.push(created), end: closeAll }, // one create directly after another
    createFirst: { run: () => create(tenUsers[0]), after: end },
    createFirstEmpty: { run: () => create(lean), after: end },
    createUsers: { run: () => Promise.all(tenUsers.map(create)), after: end },
    createSessions: { run: () => Promise.all(Array.from({ length: 10 }, () => create(tenUsers[0]))), after: end },
    goto: () => act("goto", { url }),
    hundred: {
      before: freshen,
      run: () => actIn(fresh, "goto", { url: hundred, waitUntil: "load" }),
      after: () => close(fresh).then(freshen),
      end: () => close(fresh).then(refill),
    },
    ...commands((method, params) => bridge.send(method, params, sessionId)),
    title,
    click: () => act("click", { selector: "#b" }),
    fill: () => act("fill", { selector: "#i", value: "helloworld" }),
    type: () => act("type", { selector: "#i", text: "helloworld", clear: true }),
    snapshot: async () => (await act("snapshot")).snapshot,
    query: async () => (await act("query", { selector: ".c a", fields: ["text", "href"] })).elements,
    content: async () => (await act("content", { format: "html" })).content,
    screenshot: async () => Buffer.from((await act("screenshot")).bodyBase64, "base64"),
    renderImage: () => render("image", { fresh: true }),
    renderFour: () => Promise.all([1, 2, 3, 4].map((timestamp) => render("image", { fresh: true, timestamp }))),
    renderPdf: () => render("pdf", { fresh: true }),
    renderContent: () => render("content", { fresh: true }),
    renderKept: () => render("image", {}),
    batch: () => act("batch", { actions }),
    beside: { before: spin, run: title, end: closeAll },
    crowd: { before: crowd, run: title, end: disperse },
  };
  const stop = async () => {
    bridge.close();
    await close(`/v1/sessions/${own.id}`);
    await close(session);
  };
  return { ops, stop };
}
