// What a client reads of a page, and what the page tells it.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ browser, check }) => {
  const [page] = await browser.pages();
  await page.goto(site("/form.html"));

  await check("values come back", async () => {
    const values = [1, 1.5, "ü🙂", "", null, true, [1, [2]], { a: { b: "c" } }];
    assert.deepEqual(await page.evaluate((given) => given, values), values);
    for (const value of [-0, NaN, Infinity, 10n, undefined]) assert.deepEqual(await page.evaluate((given) => given, value), value);
    assert.equal(await page.evaluate(async () => (await Promise.resolve(7)) + 1), 8);
    await assert.rejects(page.evaluate(() => { throw new TypeError("of the page"); }), /of the page/);
    await assert.rejects(page.evaluate(() => Promise.reject(new Error("later"))), /later/);
  });

  await check("things of the page are held", async () => {
    const handle = await page.evaluateHandle(() => ({ deep: { name: document.title } }));
    assert.deepEqual(await handle.jsonValue(), { deep: { name: "Form" } });
    const deep = await handle.getProperty("deep");
    assert.equal(await deep.evaluate((it) => it.name), "Form");
    await handle.dispose();
    const prototype = await page.evaluateHandle(() => {
      globalThis.Mine = class {};
      globalThis.mine = [new globalThis.Mine(), new globalThis.Mine()];
      return globalThis.Mine.prototype;
    });
    assert.equal(await page.evaluate((all) => all.length, await page.queryObjects(prototype)), 2);
  });

  await check("elements are found", async () => {
    assert.equal((await page.$$("a")).length, 4);
    assert.deepEqual(await page.$$eval("a.more", (all) => all.map((each) => each.textContent)), ["More about forms", "Elsewhere"]);
    assert.notEqual(await page.$("::-p-xpath(//h1)"), null);
    assert.notEqual(await page.$("::-p-text(Elsewhere)"), null);
    assert.notEqual(await page.$("::-p-aria(Send)"), null);
    assert.equal(await page.$("#never"), null);
    assert.equal(await (await page.$("p[hidden]")).isVisible(), false);
    const box = await (await page.$("#send")).boundingBox();
    assert(box.width > 0 && box.height > 0);
    const names = ({ role, name, children = [] }) => [`${role} ${name}`, ...children.flatMap(names)];
    assert(names(await page.accessibility.snapshot()).includes("button Send"));
  });

  await check("what comes later is waited for", async () => {
    await page.evaluate(() => { setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<b id=late>late</b>"), 200); });
    assert.equal(await (await page.waitForSelector("#late")).evaluate((it) => it.innerText), "late");
    await assert.rejects(page.waitForSelector("#never", { timeout: 300 }), /#never/);
    await page.evaluate(() => { setTimeout(() => { globalThis.ready = 5; }, 100); });
    assert.equal(await (await page.waitForFunction(() => globalThis.ready)).jsonValue(), 5);
  });

  await check("the console and the errors of a page are told", async () => {
    const said = [];
    page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`thrown: ${error.message}`));
    await page.evaluate(() => {
      console.log("a line", 1);
      console.error("bad");
      setTimeout(() => { throw new Error("uncaught"); }, 0);
    });
    await until("all is told", () => said.length === 3);
    assert.deepEqual(said, ["log: a line 1", "error: bad", "thrown: Uncaught Error: uncaught"]);
    for (const event of ["console", "pageerror"]) page.removeAllListeners(event);
  });

  await check("a worker is found and asked", async () => {
    const created = new Promise((resolve) => page.once("workercreated", resolve));
    await page.evaluate(() => {
      const source = new Blob(["globalThis.answer = 42; postMessage('up')"]);
      globalThis.worker = new Worker(URL.createObjectURL(source));
    });
    const worker = await created;
    await until("it runs", async () => (await worker.evaluate(() => globalThis.answer)) === 42);
    const destroyed = new Promise((resolve) => page.once("workerdestroyed", resolve));
    await page.evaluate(() => globalThis.worker.terminate());
    await destroyed;
  });

  await check("scripts and styles are covered, and the page is measured", async () => {
    await Promise.all([page.coverage.startJSCoverage(), page.coverage.startCSSCoverage()]);
    await page.goto(site("/form.html"));
    await page.click("#send");
    const [scripts] = await Promise.all([page.coverage.stopJSCoverage(), page.coverage.stopCSSCoverage()]);
    assert(scripts.length > 0 && scripts.every(({ url }) => url === site("/form.html")));
    assert((await page.metrics()).Nodes > 10);
  });

  await check("the protocol itself can be spoken", async () => {
    const cdp = await page.createCDPSession();
    const { result } = await cdp.send("Runtime.evaluate", { expression: "document.title" });
    assert.equal(result.value, "Form");
    await assert.rejects(cdp.send("Nothing.ofThisName"), /Nothing.ofThisName/);
    await cdp.detach();
    await assert.rejects(cdp.send("Runtime.evaluate", { expression: "1" }));
    const whole = await browser.target().createCDPSession();
    assert.match((await whole.send("Browser.getVersion")).product, /Chrome/);
    await whole.detach();
    assert.equal(await page.title(), "Form");
  });
});
