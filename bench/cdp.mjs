// Measures the CDP protocol over a WebSocket: Chromium's own, or that of the server's bridge.
import assert from "node:assert/strict";
import { once } from "node:events";

import WebSocket from "ws";

const MEGABYTES = 50;

export async function connect(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 1 << 28 });
  const waiting = new Map();
  const settled = (key) => new Promise((resolve, reject) => waiting.set(key, { resolve, reject }));
  let last = 0;
  socket.on("message", (text) => {
    const { id, method, sessionId, error, result } = JSON.parse(text);
    const key = id ?? method + sessionId;
    if (error) waiting.get(key)?.reject(new Error(error.message));
    else waiting.get(key)?.resolve(result);
    waiting.delete(key);
  });
  await once(socket, "open");
  const send = (method, params = {}, sessionId) => {
    socket.send(JSON.stringify({ id: ++last, method, params, sessionId }));
    return settled(last);
  };
  return { send, event: (method, sessionId) => settled(method + sessionId), close: () => socket.close() };
}

/** Small commands one by one and many at once, and a reply of 50 MB. */
export function commands(page) {
  const evaluate = async (expression) => (await page("Runtime.evaluate", { expression, returnByValue: true })).result.value;
  return {
    command: () => evaluate("1 + 1"),
    commands: () => Promise.all(Array.from({ length: 32 }, (_, k) => evaluate(`${k} + 1`))),
    bulk: async () => assert.equal((await evaluate(`"x".repeat(${MEGABYTES}e6)`)).length, MEGABYTES * 1e6),
  };
}
