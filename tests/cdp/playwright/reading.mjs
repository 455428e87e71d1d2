// What a client reads of a page, and what the page tells it.
import assert from "node:assert/strict";
import { stat, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ browser, check }) => {
  const [context] = browser.contexts();
  const [page] = context.pages();
  await page.goto(site("/form.html"));

  await check("values of every kind come back", async () => {
    const values = [1, -0, 1.5, NaN, Infinity, "ü🙂", "", null, undefined, true, [1, [2]], { a: { b: "c" } }, new Date(0), 10n];
    assert.deepEqual(await page.evaluate((given) => given, values), values);
    assert.equal(await page.evaluate(async () => (await Promise.resolve(7)) + 1), 8);
    await assert.rejects(page.evaluate(() => { throw new TypeError("of the page"); }), /TypeError: of the page/);
    await assert.rejects(page.evaluate(() => Promise.reject(new Error("later"))), /later/);
  });

  await check("things of the page are held", async () => {
    const handle = await page.evaluateHandle(() => ({ deep: { name: document.title } }));
    assert.deepEqual(await handle.jsonValue(), { deep: { name: "Form" } });
    const deep = await handle.getProperty("deep");
    assert.equal(await deep.evaluate((it) => it.name), "Form");
    await handle.dispose();
    await assert.rejects(handle.jsonValue());
  });

  await check("elements are found", async () => {
    assert.equal(await page.locator("a").count(), 4);
    assert.deepEqual(await page.locator("a.more").allTextContents(), ["More about forms", "Elsewhere"]);
    assert.equal(await page.getByPlaceholder("Your name").getAttribute("id"), "name");
    assert.equal(await page.locator("xpath=//h1").innerText(), "A form");
    assert.equal(await page.isVisible("text=never seen"), false);
    const box = await page.locator("#send").boundingBox();
    assert(box.width > 0 && box.height > 0);
    assert.match(await page.locator("main").ariaSnapshot(), /heading "A form"/);
  });

  await check("what comes later is waited for", async () => {
    await page.evaluate(() => setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<b id=late>late</b>"), 200));
    assert.equal(await page.locator("#late").innerText(), "late");
    await assert.rejects(page.waitForSelector("#never", { timeout: 300 }), /Timeout 300ms/);
    await page.evaluate(() => setTimeout(() => { globalThis.ready = 5; }, 100));
    assert.equal(await (await page.waitForFunction(() => globalThis.ready)).jsonValue(), 5);
  });

  await check("the console and the errors of a page are told", async () => {
    const said = [];
    page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`thrown: ${error.message}`));
    await page.evaluate(() => {
      console.log("a line", 1, { two: 2 });
      console.error("bad");
      setTimeout(() => { throw new Error("uncaught"); }, 0);
    });
    await page.waitForEvent("pageerror").catch(() => {});
    assert.deepEqual(said, ["log: a line 1 {two: 2}", "error: bad", "thrown: uncaught"]);
    page.removeAllListeners();
  });

  await check("a worker is found and asked", async () => {
    const [worker] = await Promise.all([
      page.waitForEvent("worker"),
      page.evaluate(() => {
        const source = new Blob(["globalThis.answer = 42; postMessage('up')"]);
        globalThis.worker = new Worker(URL.createObjectURL(source));
      }),
    ]);
    assert.equal(await worker.evaluate(() => globalThis.answer), 42);
    await Promise.all([worker.waitForEvent("close"), page.evaluate(() => globalThis.worker.terminate())]);
  });

  await check("scripts are covered", async () => {
    await page.coverage.startJSCoverage();
    await page.goto(site("/form.html"));
    await page.click("#send");
    const covered = await page.coverage.stopJSCoverage();
    assert.deepEqual(covered.map(({ url }) => url), [site("/form.html"), site("/form.html")]);
  });

  await check("a trace is written where the client is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "capture-cdp-"));
    await context.tracing.start({ screenshots: true, snapshots: true });
    await page.click("#send");
    await context.tracing.stop({ path: join(folder, "trace.zip") });
    assert((await stat(join(folder, "trace.zip"))).size > 1_000);
    await rm(folder, { recursive: true });
  });

  await check("the protocol itself can be spoken", async () => {
    const cdp = await context.newCDPSession(page);
    const { result } = await cdp.send("Runtime.evaluate", { expression: "document.title" });
    assert.equal(result.value, "Form");
    await assert.rejects(cdp.send("Nothing.ofThisName"), /Nothing.ofThisName/);
    await cdp.detach();
    await assert.rejects(cdp.send("Runtime.evaluate", { expression: "1" }));
    const whole = await browser.newBrowserCDPSession();
    assert.match((await whole.send("Browser.getVersion")).product, /Chrome/);
    await whole.detach();
    assert.equal(await page.title(), "Form");
  });
});
