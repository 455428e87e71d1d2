// Functions of the client that pages call, and scripts that run before theirs.
import assert from "node:assert/strict";
import { elsewhere, site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const [page] = await browser.pages();
  await page.goto(site("/form.html"));

  await check("a page calls a function of the client", async () => {
    await page.exposeFunction("sum", (one, other) => one + other);
    assert.equal(await page.evaluate(() => globalThis.sum(1, 2)), 3);
    assert.equal(await page.evaluate(async () => (await Promise.all([1, 2, 3].map((each) => globalThis.sum(each, each)))).join()), "2,4,6");
  });

  await check("it is there in the next document, and in frames", async () => {
    await page.goto(site("/cdp-frames.html"));
    assert.equal(await page.evaluate(() => globalThis.sum(2, 2)), 4);
    const far = await page.waitForFrame((frame) => frame.url().startsWith(elsewhere("/")));
    await far.waitForSelector("h1");
    assert.equal(await far.evaluate(() => globalThis.sum(3, 3)), 6);
  });

  await check("an error of the client's is thrown in the page", async () => {
    await page.exposeFunction("fails", () => { throw new Error("in the client"); });
    assert.equal(await page.evaluate(() => globalThis.fails().catch((error) => error.message)), "in the client");
  });

  await check("it can be taken away", async () => {
    await page.removeExposedFunction("fails");
    assert.equal(await page.evaluate(() => typeof globalThis.fails), "undefined");
  });

  await check("a script of the client's runs before the page's, until it is taken away", async () => {
    const { identifier } = await page.evaluateOnNewDocument(() => { globalThis.first = document.querySelector("h1") === null; });
    await page.goto(site("/form.html"));
    assert.equal(await page.evaluate(() => globalThis.first), true);
    await page.removeScriptToEvaluateOnNewDocument(identifier);
    await page.reload();
    assert.equal(await page.evaluate(() => globalThis.first), undefined);
    await page.addScriptTag({ content: "globalThis.added = 1" });
    await page.addStyleTag({ content: "h1 { color: rgb(1, 2, 3) }" });
    assert.deepEqual(await page.evaluate(() => [globalThis.added, getComputedStyle(document.querySelector("h1")).color]), [1, "rgb(1, 2, 3)"]);
  });

  await check("an action over REST makes the page call the client", async () => {
    const called = [];
    await page.exposeFunction("clicked", (by) => { called.push(by); });
    await page.evaluate(() => document.querySelector("#send").addEventListener("click", () => globalThis.clicked("by REST")));
    await session.act("click", { selector: "#send" });
    await until("it is called", () => called.length > 0);
    assert.deepEqual(called, ["by REST"]);
  });

  await check("a thousand calls are all answered", async () => {
    assert.equal(await page.evaluate(async () => {
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, at) => globalThis.sum(at, 1)));
      return answers.every((answer, at) => answer === at + 1);
    }), true);
  });
});
