// A client and actions over REST on the same page.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const ours = async () => (await browser.pages())[0];
  let page = await ours();

  await check("where the client goes the session is", async () => {
    await page.goto(site("/form.html"));
    assert.equal(await session.where(), site("/form.html"));
    assert.equal((await session.act("title")).title, "Form");
  });

  await check("where the session goes the client is", async () => {
    const [reply] = await Promise.all([session.act("goto", { url: site("/other.html") }), page.waitForNavigation()]);
    assert.deepEqual([reply.status, reply.title], [200, "Other"]);
    assert.equal(page.url(), site("/other.html"));
    assert.equal(await page.title(), "Other");
  });

  await check("one fills in, the other sends", async () => {
    await page.goto(site("/form.html"));
    await session.act("fill", { selector: "#name", value: "by REST" });
    await page.click("#send");
    assert.equal(await session.text("#out"), "hello by REST");
    await page.locator("#name").fill("by the client");
    await session.act("click", { selector: "#send" });
    assert.equal(await page.$eval("#out", (it) => it.textContent), "hello by the client");
  });

  await check("both at once, fifty times each", async () => {
    const fifty = (act) => Array.from({ length: 50 }).reduce((before) => before.then(act), Promise.resolve());
    await Promise.all([
      fifty(async () => assert.equal((await session.act("title")).title, "Form")),
      fifty(async () => assert.equal(await page.title(), "Form")),
    ]);
  }, 40_000);

  await check("requests of the session are answered by the client that intercepts them", async () => {
    await page.setRequestInterception(true);
    page.on("request", (request) => request.respond({ contentType: "text/html", body: "<title>Made up</title>" }));
    assert.equal((await session.act("goto", { url: site("/made-up.html") })).title, "Made up");
    page.removeAllListeners("request");
    await page.setRequestInterception(false);
    await page.goto(site("/form.html"));
  });

  await check("pages the client makes are never the session's", async () => {
    const own = await browser.createBrowserContext();
    const made = [await browser.newPage(), await own.newPage()];
    for (const each of made) {
      await each.goto(site("/popups.html"));
      await each.bringToFront();
      assert.equal(await session.where(), site("/form.html"));
    }
    const popped = new Promise((resolve) => made[0].once("popup", resolve));
    await made[0].click("#open");
    assert.equal(await session.where(), site("/form.html"));
    assert.equal((await session.act("screenshot")).contentType, "image/png");
    await (await popped).close();
    await made[0].close();
    await own.close();
    assert.equal(await session.where(), site("/form.html"));
  });

  await check("a page of ours that the client closes is replaced by a blank one", async () => {
    for (let at = 0; at < 5; at += 1) {
      const before = page;
      await page.close();
      await until("a blank one is there", async () => (await browser.pages()).length === 1);
      page = await ours();
      assert.notEqual(page, before);
      assert.equal(page.url(), "about:blank");
      await until("the session is on it", async () => (await session.where()) === "about:blank");
      await page.goto(site("/other.html"));
      assert.equal(await session.where(), site("/other.html"));
    }
    assert.equal((await session.act("goto", { url: site("/form.html") })).title, "Form");
    assert.equal(await page.title(), "Form");
  }, 40_000);

  await check("after the client the session's page is as it was", async () => {
    await page.setViewport({ width: 500, height: 400, deviceScaleFactor: 2 });
    await page.setUserAgent({ userAgent: "Of the client" });
    await browser.disconnect();
    // The server hears of it a moment later.
    await until("the window is as it was", async () => {
      const { width, height } = await session.act("screenshot");
      return width === 1440 && height === 900;
    });
    await session.act("goto", { url: site("/agent") });
    assert.match((await session.act("content")).content, /Mozilla/);
  });
});
