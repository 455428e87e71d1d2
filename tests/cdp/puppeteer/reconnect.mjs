// A client that goes and comes again finds everything where it was.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  let client = browser;
  let [page] = await browser.pages();
  const again = async () => {
    await client.disconnect();
    assert.equal(client.connected, false);
    client = await puppeteer(session);
    // A page that loads is not listed before its document is there.
    await until("the page is there", async () => ([page] = await client.pages()).length > 0);
  };

  await check("the page is where it was, in the state it was in", async () => {
    await page.goto(site("/form.html"));
    await page.type("#name", "Ada");
    await page.evaluate(() => {
      globalThis.kept = { by: "the page" };
      document.title = "Renamed";
      document.cookie = "kept=1";
      localStorage.kept = "2";
    });
    await again();
    assert.equal(page.url(), site("/form.html"));
    assert.equal(await page.title(), "Renamed");
    assert.equal(await page.$eval("#name", (it) => it.value), "Ada");
    assert.deepEqual(await page.evaluate(() => [globalThis.kept.by, document.cookie, localStorage.kept]), ["the page", "kept=1", "2"]);
  });

  await check("the page can be worked with as before", async () => {
    await page.click("#send");
    assert.equal(await page.$eval("#out", (it) => it.textContent), "hello Ada");
    await page.exposeFunction("again", () => "called");
    assert.equal(await page.evaluate(() => globalThis.again()), "called");
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    await page.goBack();
    assert.equal(await page.title(), "Form");
  });

  await check("pages the client made are there too, those in contexts of its own went with it", async () => {
    const own = await client.createBrowserContext();
    for (const [at, context] of [client, client, own].entries()) await (await context.newPage()).goto(site(`/other.html?${at}`));
    await again();
    assert.deepEqual((await client.pages()).map((each) => each.url()).sort(), [site("/form.html"), ...[0, 1].map((at) => site(`/other.html?${at}`))]);
    assert.equal(client.browserContexts().length, 1);
    for (const each of await client.pages()) if (each.url() !== site("/form.html")) await each.close();
    [page] = await client.pages();
    assert.equal(page.url(), site("/form.html"));
  });

  await check("what it intercepted is not intercepted any more", async () => {
    await page.setRequestInterception(true);
    page.on("request", (request) => request.respond({ contentType: "text/html", body: "<title>Made up</title>" }));
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Made up");
    await again();
    await page.reload();
    assert.equal(await page.title(), "Other");
  });

  await check("a request it kept waiting goes on without it", async () => {
    await page.setRequestInterception(true);
    const asked = new Promise((resolve) => page.once("request", resolve));
    page.goto(site("/form.html")).catch(() => {});
    await asked;
    await again();
    await until("it has gone on", () => page.url() === site("/form.html"));
    assert.equal(await page.title(), "Form");
  });

  await check("the session goes on while nobody is connected", async () => {
    await client.disconnect();
    await session.act("goto", { url: site("/other.html") });
    client = await puppeteer(session);
    [page] = await client.pages();
    assert.equal(page.url(), site("/other.html"));
    assert.equal(await page.title(), "Other");
  });

  await check("ten times in a row", async () => {
    for (let at = 0; at < 10; at += 1) {
      await page.evaluate((it) => { globalThis.count = it; }, at);
      await again();
      assert.equal(await page.evaluate(() => globalThis.count), at);
    }
  }, 40_000);
});
