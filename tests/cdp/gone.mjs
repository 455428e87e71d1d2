// A client closes the session's page again and again while actions come: none waits long, none is lost, the session stays.
import assert from "node:assert/strict";
import { site } from "./capture.mjs";
import { until } from "./checks.mjs";

const TIMES = process.env.CAPTURE_LONG ? 200 : 20;
/** No action may take longer. */
export const FAST = 5_000;

export const ACTIONS = [
  ["goto", () => ({ url: site("/form.html") }), ({ title }) => assert.equal(title, "Form")],
  ["url", () => ({}), ({ url }) => assert.notEqual(url, "")],
  ["title", () => ({}), ({ title }) => assert.equal(typeof title, "string")],
  ["snapshot", () => ({}), ({ success }) => assert(success)],
];

/** `pages` tells the client's pages; each of them can be closed. */
export const tell = async ({ session, check, pages }) => {
  const shown = async () => {
    await until("the client sees the page", async () => (await pages()).length === 1);
    return (await pages())[0];
  };
  for (const awaited of [true, false]) {
    await check(`a page that ${awaited ? "was closed" : "is being closed"} costs no action`, async () => {
      for (let at = 0; at < TIMES; at += 1) {
        const [type, payload, judge] = ACTIONS[at % ACTIONS.length];
        const page = await shown();
        if (at % 3) await page.goto(site("/other.html"));
        const began = Date.now();
        const closed = page.close();
        if (awaited) await closed;
        judge(await session.act(type, payload()));
        const took = Date.now() - began;
        assert(took < FAST, `${type} took ${took} ms`);
        await closed;
      }
      assert.equal((await session.read()).status, "active");
    }, 200_000);
  }
};
