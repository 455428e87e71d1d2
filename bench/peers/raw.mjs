// Chromium's own protocol over a WebSocket with nothing in between: the baseline for the other peers.
import { join } from "node:path";

import { commands, connect } from "../cdp.mjs";

export const name = "raw CDP";

export async function start({ executable, flags, url, hundred, resources }) {
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
  const dispose = ({ browserContextId }) => send("Target.disposeBrowserContext", { browserContextId });
  let fresh;
  const freshen = async () => fresh = await open();
  const { sessionId } = await open();
  const page = (method, params) => send(method, params, sessionId);
  const evaluate = async (expression) => (await page("Runtime.evaluate", { expression, returnByValue: true })).result.value;
  const ops = {
    create: { run: open, after: dispose },
    goto: () => Promise.all([event("Page.domContentEventFired", sessionId), page("Page.navigate", { url })]),
    hundred: {
      before: freshen,
      run: () => Promise.all([event("Page.loadEventFired", fresh.sessionId), send("Page.navigate", { url: hundred }, fresh.sessionId)]),
      after: () => dispose(fresh).then(freshen),
      end: () => dispose(fresh),
    },
    ...commands(page),
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
