// Chromium's own protocol over a WebSocket with nothing in between: what the others are compared with.
import { once } from "node:events";
import { join } from "node:path";

import WebSocket from "ws";

export const name = "raw CDP";

async function connect(address) {
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

export async function start({ executable, flags, url, resources }) {
  const args = [...flags, "--remote-debugging-port=0", `--user-data-dir=${join(resources.folder, "raw")}`, "about:blank"];
  const { send, event, close } = await connect((await resources.start(executable, args, /(ws:\S+)\n/))[1]);
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
  const ops = {
    create: { run: open, after: ({ browserContextId }) => send("Target.disposeBrowserContext", { browserContextId }) },
    goto: () => Promise.all([event("Page.domContentEventFired", sessionId), page("Page.navigate", { url })]),
    title: () => evaluate("document.title"),
    click: async () => {
      const [x, y] = await evaluate("(r => [r.x + r.width / 2, r.y + r.height / 2])(b.getBoundingClientRect())");
      const mouse = (type, button) => page("Input.dispatchMouseEvent", { type, x, y, button, clickCount: 1 });
      await Promise.all([mouse("mouseMoved", "none"), mouse("mousePressed", "left"), mouse("mouseReleased", "left")]);
    },
    fill: () => evaluate(`i.focus(), i.value = "helloworld", i.dispatchEvent(new Event("input", { bubbles: true })),
      i.dispatchEvent(new Event("change", { bubbles: true }))`),
    type: async () => {
      await evaluate("i.focus(), i.value = ''");
      const key = (type, text) => page("Input.dispatchKeyEvent", { type, key: text, text: type === "keyUp" ? undefined : text });
      await Promise.all([..."helloworld"].flatMap((text) => [key("keyDown", text), key("keyUp", text)]));
    },
    query: () => evaluate("[...document.querySelectorAll('.c a')].map(e => ({ text: e.innerText, href: e.href }))"),
    content: () => evaluate("document.documentElement.outerHTML"),
    screenshot: async () => Buffer.from((await page("Page.captureScreenshot", { optimizeForSpeed: true })).data, "base64"),
  };
  return { ops, stop: close };
}
