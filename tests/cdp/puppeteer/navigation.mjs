// Where pages go, and where they may not.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ browser, check }) => {
  const [page] = await browser.pages();

  await check("a page is opened", async () => {
    const response = await page.goto(site("/form.html"));
    assert.equal(response.status(), 200);
    assert.equal(page.url(), site("/form.html"));
    assert.equal(await page.title(), "Form");
    assert.match(await page.content(), /<h1>A form<\/h1>/);
  });

  await check("a page that is not there says so", async () => {
    assert.equal((await page.goto(site("/status/404"))).status(), 404);
    assert.equal(await page.title(), "Status 404");
  });

  await check("a redirect is followed and told", async () => {
    const response = await page.goto(site("/redirect"));
    assert.equal(response.url(), site("/form.html"));
    assert.deepEqual(response.request().redirectChain().map((request) => request.url()), [site("/redirect")]);
  });

  await check("there and back again", async () => {
    await page.goto(site("/other.html"));
    await page.goBack();
    assert.equal(await page.title(), "Form");
    await page.goForward();
    assert.equal(await page.title(), "Other");
    assert.equal((await page.reload()).status(), 200);
  });

  await check("a link is followed", async () => {
    const [response] = await Promise.all([page.waitForNavigation(), page.click("a")]);
    assert.equal(response.url(), site("/form.html"));
    assert.equal(await page.title(), "Form");
  });

  await check("an anchor is no new document", async () => {
    await page.evaluate(() => { globalThis.here = true; });
    assert.equal(await page.goto(site("/form.html#send")), null);
    assert.equal(await page.evaluate(() => globalThis.here && location.hash), "#send");
    await Promise.all([page.waitForNavigation(), page.evaluate(() => history.pushState({}, "", "/pushed"))]);
    assert.equal(page.url(), site("/pushed"));
  });

  await check("each state of loading can be waited for", async () => {
    for (const waitUntil of ["domcontentloaded", "load", "networkidle0", "networkidle2"]) {
      assert.equal((await page.goto(site("/other.html"), { waitUntil })).status(), 200);
    }
  });

  await check("a page that never answers is given up", async () => {
    await assert.rejects(page.goto(site("/never"), { timeout: 500 }), /timeout of 500 ms/);
    assert.equal((await page.goto(site("/slow/300"))).status(), 200);
  });

  await check("nobody there is an error", async () => {
    await assert.rejects(page.goto("http://127.0.0.1:1/", { timeout: 10_000 }), /net::ERR_/);
    assert.equal((await page.goto(site("/form.html"))).status(), 200);
  });

  await check("content can be set", async () => {
    await page.setContent("<title>Set</title><p>by the client</p>");
    assert.equal(await page.$eval("p", (it) => it.textContent), "by the client");
    await page.goto("data:text/html,<title>Data</title>");
    assert.equal(await page.title(), "Data");
    await page.goto("about:blank");
  });

  for (const address of ["file:///etc/passwd", "chrome://version", "devtools://devtools/bundled/inspector.html", "view-source:file:///etc/passwd"]) {
    await check(`${address} is not opened`, async () => {
      await assert.rejects(page.goto(address, { timeout: 10_000 }));
      assert.doesNotMatch(await page.content(), /root:|Chromium/);
      await page.goto(site("/form.html"));
      await page.evaluate((to) => { location.href = to; }, address);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(page.url(), site("/form.html"));
      assert.equal(await page.title(), "Form");
    });
  }
});
