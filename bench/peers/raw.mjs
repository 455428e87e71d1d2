// Chromium's own protocol over a WebSocket, nothing in between: what every other column is compared with.
import { join } from "node:path";

import WebSocket from "ws";

import { mixed } from "../operations.mjs";

export const name = "raw CDP";

async function connect(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 1 << 28 });
  const replies = new Map();
  const waiting = new Set();
  let last = 0;
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    if (message.id) {
      const { resolve, reject } = replies.get(message.id);
      replies.delete(message.id);
      if (message.error) reject(new Error(JSON.stringify(message.error)));
      else resolve(message.result);
    }
    for (const wait of waiting) {
      if (message.method === wait.method && message.sessionId === wait.sessionId) {
        waiting.delete(wait);
        wait.resolve();
      }
    }
  });
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    replies.set(++last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
  });
  const event = (method, sessionId) => new Promise((resolve) => waiting.add({ method, sessionId, resolve }));
  return { send, event, close: () => socket.close() };
}

export async function start({ executable, flags, url, resources }) {
  const args = [...flags, "--remote-debugging-port=0", `--user-data-dir=${join(resources.folder, "raw")}`, "about:blank"];
  const [address] = await resources.start(executable, args, "stderr", /ws:\/\/\S+/);
  const { send, event, close } = await connect(address);

  const open = async () => {
    const { browserContextId } = await send("Target.createBrowserContext");
    const { targetId } = await send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const size = { width: 1440, height: 900, deviceScaleFactor: 1, mobile: false };
    await Promise.all([send("Page.enable", {}, sessionId), send("Emulation.setDeviceMetricsOverride", size, sessionId)]);
    return { browserContextId, sessionId };
  };
  const { sessionId } = await open();
  const page = (method, params) => send(method, params, sessionId);
  const evaluate = async (expression) => (await page("Runtime.evaluate", { expression, returnByValue: true })).result.value;

  const title = () => evaluate("document.title");
  const click = async () => {
    const [x, y] = await evaluate("(r => [r.x + r.width / 2, r.y + r.height / 2])(b.getBoundingClientRect())");
    const mouse = (type, button) => page("Input.dispatchMouseEvent", { type, x, y, button, clickCount: 1 });
    await Promise.all([mouse("mouseMoved", "none"), mouse("mousePressed", "left"), mouse("mouseReleased", "left")]);
  };
  const ops = {
    create: { run: open, after: ({ browserContextId }) => send("Target.disposeBrowserContext", { browserContextId }) },
    goto: async () => {
      const loaded = event("Page.domContentEventFired", sessionId);
      await page("Page.navigate", { url });
      await loaded;
    },
    title,
    click,
    fill: () => evaluate(`i.focus(); i.value = "helloworld";
      for (const type of ["input", "change"]) i.dispatchEvent(new Event(type, { bubbles: true }))`),
    query: () => evaluate("[...document.querySelectorAll('.c a')].map(({ innerText, href }) => ({ text: innerText, href }))"),
    content: () => evaluate("document.documentElement.outerHTML"),
    screenshot: async () => Buffer.from((await page("Page.captureScreenshot", { optimizeForSpeed: true })).data, "base64"),
    singles: () => mixed((type) => (type === "title" ? title() : click())),
  };
  return { ops, stop: close };
}
