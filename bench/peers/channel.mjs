// Capture, over the streaming channel: one WebSocket with JSON.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import WebSocket from "ws";

import { MIXED } from "../operations.mjs";

export const name = "ours, channel";

/** Sends requests by id, each with a key of its own. */
function talk(socket) {
  const waiting = new Map();
  let ids = 0;
  socket.on("message", (text) => {
    const { id, result, error } = JSON.parse(text);
    if (!waiting.has(id)) return;
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  });
  return (method, sessionId, params) => new Promise((resolve, reject) => {
    const id = ++ids;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ id, method, sessionId, key: `k${id}`, params }));
  });
}

export async function start({ capture, executable, url, resources }) {
  const data = ["--data-dir", join(resources.folder, "channel")];
  const added = execFileSync(capture, ["user", "add", "bench", ...data], { encoding: "utf8" });
  const [, base] = await resources.start(capture, [
    "serve", "--listen", "127.0.0.1:0", ...data, "--browser-run-root", join(resources.folder, "run-channel"),
    "--browser-executable", executable, "--browser-warm-pages", 0, "--drain-seconds", "0", "--egress-private",
  ], /capture listening on (\S+)\n/);
  const headers = { authorization: `Bearer ${added.match(/bearer: (\S+)/)[1]}` };
  const socket = new WebSocket(`${base.replace("http", "ws")}/v1/stream`, "capture.v1.json", { headers });
  await new Promise((open, failed) => socket.on("open", open).on("error", failed));
  const ask = talk(socket);
  const { session } = await ask("session.create", undefined, { maxTtlSeconds: 900 });
  const act = (type, payload) => ask("session.act", session.id, { type, payload });
  const actions = MIXED.map((type) => ({ type, payload: type === "click" ? { selector: "#b" } : {} }));
  const ops = {
    goto: () => act("goto", { url }),
    title: async () => (await act("title")).title,
    click: () => act("click", { selector: "#b" }),
    fill: () => act("fill", { selector: "#i", value: "helloworld" }),
    query: async () => (await act("query", { selector: ".c a", fields: ["text", "href"] })).elements,
    content: async () => (await act("content", { format: "html" })).content,
    batch: () => act("batch", { actions }),
  };
  return { ops, stop: async () => {
    await ask("session.close", session.id);
    socket.close();
  } };
}
