// Functions of the client that pages call, and scripts that run before theirs.
import assert from "node:assert/strict";
import { elsewhere, site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const [context] = browser.contexts();
  const [page] = context.pages();
  await page.goto(site("/form.html"));

  await check("a page calls a function of the client", async () => {
    await page.exposeFunction("sum", (one, other) => one + other);
    assert.equal(await page.evaluate(() => globalThis.sum(1, 2)), 3);
    assert.equal(await page.evaluate(async () => (await Promise.all([1, 2, 3].map((each) => globalThis.sum(each, each)))).join()), "2,4,6");
  });

  await check("it is there in the next document, and in frames", async () => {
    await page.goto(site("/cdp-frames.html"));
    assert.equal(await page.evaluate(() => globalThis.sum(2, 2)), 4);
    await page.frameLocator("#far").locator("h1").waitFor();
    const far = page.frames().find((frame) => frame.url().startsWith(elsewhere("/")));
    assert.equal(await far.evaluate(() => globalThis.sum(3, 3)), 6);
  });

  await check("it is told who calls", async () => {
    await page.exposeBinding("who", (source, name) => [source.page === page, source.frame.url(), name]);
    assert.deepEqual(await page.evaluate(() => globalThis.who("me")), [true, site("/cdp-frames.html"), "me"]);
  });

  await check("an error of the client's is thrown in the page", async () => {
    await page.exposeFunction("fails", () => { throw new Error("in the client"); });
    assert.equal(await page.evaluate(() => globalThis.fails().catch((error) => error.message)), "in the client");
  });

  await check("a context's function is on each of its pages", async () => {
    await context.exposeFunction("everywhere", () => "yes");
    const other = await context.newPage();
    await other.goto(site("/other.html"));
    for (const each of [page, other]) assert.equal(await each.evaluate(() => globalThis.everywhere()), "yes");
    await other.close();
  });

  await check("a script of the client's runs before the page's", async () => {
    await page.addInitScript(() => { globalThis.first = document.querySelector("h1") === null; });
    await page.goto(site("/form.html"));
    assert.equal(await page.evaluate(() => globalThis.first), true);
    await page.addScriptTag({ content: "globalThis.added = 1" });
    await page.addStyleTag({ content: "h1 { color: rgb(1, 2, 3) }" });
    assert.deepEqual(await page.evaluate(() => [globalThis.added, getComputedStyle(document.querySelector("h1")).color]), [1, "rgb(1, 2, 3)"]);
  });

  await check("an action over REST makes the page call the client", async () => {
    const called = new Promise((resolve) => page.exposeFunction("clicked", resolve));
    await page.evaluate(() => document.querySelector("#send").addEventListener("click", () => globalThis.clicked("by REST")));
    await session.act("click", { selector: "#send" });
    assert.equal(await called, "by REST");
  });

  await check("the client turns the page's clock", async () => {
    const other = await context.newPage();
    await other.clock.install({ time: new Date("2030-01-02T03:04:05Z") });
    await other.goto(site("/other.html"));
    await other.evaluate(() => setTimeout(() => { globalThis.rang = new Date().toISOString(); }, 3_600_000));
    await other.clock.fastForward("01:00:00");
    assert.match(await other.evaluate(() => globalThis.rang), /^2030-01-02T04:04/);
    await other.close();
  });

  await check("a thousand calls are all answered", async () => {
    assert.equal(await page.evaluate(async () => {
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, at) => globalThis.sum(at, 1)));
      return answers.every((answer, at) => answer === at + 1);
    }), true);
  });
});
