// Where pages go, and where they may not.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ browser, check }) => {
  const [page] = browser.contexts()[0].pages();

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
    assert.equal(response.request().redirectedFrom().url(), site("/redirect"));
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
    await page.click("text=Back to the form");
    await page.waitForURL("**/form.html");
    assert.equal(await page.title(), "Form");
  });

  await check("an anchor is no new document", async () => {
    await page.evaluate(() => { globalThis.here = true; });
    assert.equal(await page.goto(site("/form.html#send")), null);
    assert.equal(await page.evaluate(() => globalThis.here && location.hash), "#send");
    await page.evaluate(() => history.pushState({}, "", "/pushed"));
    assert.equal(page.url(), site("/pushed"));
  });

  await check("each state of loading is told", async () => {
    const seen = [];
    page.on("domcontentloaded", () => seen.push("domcontentloaded"));
    page.on("load", () => seen.push("load"));
    for (const waitUntil of ["commit", "domcontentloaded", "load", "networkidle"]) {
      await page.goto(site("/other.html"), { waitUntil });
    }
    await page.waitForLoadState("networkidle");
    assert.deepEqual(seen.slice(-2), ["domcontentloaded", "load"]);
    page.removeAllListeners();
  });

  await check("a page that never answers is given up", async () => {
    await assert.rejects(page.goto(site("/never"), { timeout: 500 }), /Timeout 500ms/);
    assert.equal((await page.goto(site("/slow/300"))).status(), 200);
  });

  await check("nobody there is an error", async () => {
    await assert.rejects(page.goto("http://127.0.0.1:1/", { timeout: 10_000 }), /net::ERR_/);
    await page.waitForURL("chrome-error://chromewebdata/");
    assert.equal((await page.goto(site("/form.html"))).status(), 200);
  });

  await check("content can be set", async () => {
    await page.setContent("<title>Set</title><p>by the client</p>");
    assert.equal(await page.textContent("p"), "by the client");
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
