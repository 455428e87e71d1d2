// Ours, over REST like any client.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { client } from "../http.mjs";
import { mixed, WARM_UP } from "../operations.mjs";
import { sleep } from "../resources.mjs";

export const name = "ours";

/** Time for the pool to be full again. */
const REFILL_MS = 400;

export async function start({ capture, executable, url, spinners, resources }) {
  const data = ["--data-dir", join(resources.folder, "data")];
  const user = ["user", "add", "bench", "--max-sessions", "50", ...data];
  const token = execFileSync(capture, user, { encoding: "utf8" }).match(/bearer: (\S+)/)[1];
  const [, base] = await resources.start(capture, [
    "serve", "--listen", "127.0.0.1:0", ...data, "--browser-run-root", join(resources.folder, "run"),
    "--browser-executable", executable, "--browser-warm-pages", String(WARM_UP), "--drain-seconds", "0",
  ], "stdout", /capture listening on (\S+)/);
  const call = client(base, { authorization: `Bearer ${token}` });

  const open = async () => `/v1/sessions/${(await call("POST", "/v1/sessions", { maxTtlSeconds: 900 })).session.id}`;
  const close = (session) => call("DELETE", session);
  const actIn = (session, type, payload) => call("POST", `${session}/actions`, { type, payload });

  const opened = [];
  const closeOpened = async () => {
    for (const session of opened.splice(0)) await close(session);
    await sleep(REFILL_MS);
  };
  const openSpinners = async () => {
    for (let i = 0; i < 4; i++) {
      opened.push(await open());
      await actIn(opened.at(-1), "goto", { url: spinners });
    }
    await sleep(REFILL_MS);
  };

  const session = await open();
  const act = (type, payload) => actIn(session, type, payload);
  const title = async () => (await act("title")).title;
  const click = () => act("click", { selector: "#b" });
  const steps = [];
  await mixed((type) => steps.push(type === "title" ? { type } : { type, payload: { selector: "#b" } }));

  const ops = {
    create: {
      before: () => sleep(REFILL_MS),
      run: open,
      after: async (created) => {
        await close(created);
        await sleep(REFILL_MS);
      },
    },
    // One right after the other; the warm-up takes what the pool holds.
    createEmpty: { run: open, after: (created) => opened.push(created), end: closeOpened },
    goto: () => act("goto", { url }),
    title,
    click,
    fill: () => act("fill", { selector: "#i", value: "helloworld" }),
    query: async () => (await act("query", { selector: ".c a", fields: ["text", "href"] })).elements,
    content: async () => (await act("content", { format: "html" })).content,
    screenshot: async () => Buffer.from((await act("screenshot")).bodyBase64, "base64"),
    singles: () => mixed((type) => (type === "title" ? title() : click())),
    batch: () => act("batch", { actions: steps }),
    titleBeside: { before: openSpinners, run: title, end: closeOpened },
  };
  return { ops, stop: () => close(session) };
}
