// A client that goes and comes again finds everything where it was.
import assert from "node:assert/strict";
import { once } from "node:events";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

const left = async (browser) => {
  const gone = once(browser, "disconnected");
  await browser.close();
  await gone;
};

await story(playwright, async ({ session, browser, check }) => {
  let client = browser;
  let page = browser.contexts()[0].pages()[0];
  const again = async () => {
    await left(client);
    client = await playwright(session);
    page = client.contexts()[0].pages()[0];
  };

  await check("the page is where it was, in the state it was in", async () => {
    await page.goto(site("/form.html"));
    await page.fill("#name", "Ada");
    await page.evaluate(() => {
      globalThis.kept = { by: "the page" };
      document.title = "Renamed";
      document.cookie = "kept=1";
      localStorage.kept = "2";
    });
    await again();
    assert.equal(page.url(), site("/form.html"));
    assert.equal(await page.title(), "Renamed");
    assert.equal(await page.inputValue("#name"), "Ada");
    assert.deepEqual(await page.evaluate(() => [globalThis.kept.by, document.cookie, localStorage.kept]), ["the page", "kept=1", "2"]);
  });

  await check("the page can be worked with as before", async () => {
    await page.click("#send");
    assert.equal(await page.textContent("#out"), "hello Ada");
    await page.exposeFunction("again", () => "called");
    assert.equal(await page.evaluate(() => globalThis.again()), "called");
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    await page.goBack();
    assert.equal(await page.title(), "Form");
  });

  await check("pages the client made in the session's context are there too", async () => {
    for (let at = 0; at < 3; at += 1) {
      const made = await client.contexts()[0].newPage();
      await made.goto(site(`/other.html?${at}`));
    }
    await again();
    const urls = client.contexts()[0].pages().map((each) => each.url());
    assert.deepEqual(urls.sort(), [site("/form.html"), ...[0, 1, 2].map((at) => site(`/other.html?${at}`))]);
    for (const each of client.contexts()[0].pages()) {
      if (each.url() !== site("/form.html")) await each.close();
    }
    page = client.contexts()[0].pages()[0];
    assert.equal(page.url(), site("/form.html"));
  });

  await check("contexts of its own go with it", async () => {
    const own = await client.newContext();
    await (await own.newPage()).goto(site("/other.html"));
    const raw = await client.newBrowserCDPSession();
    const { browserContextId } = (await raw.send("Target.getTargets")).targetInfos.find(({ url }) => url === site("/other.html"));
    await again();
    const { targetInfos } = await (await client.newBrowserCDPSession()).send("Target.getTargets");
    assert.equal(targetInfos.some((target) => target.browserContextId === browserContextId), false);
    assert.equal(client.contexts().length, 1);
  });

  await check("what it routed is not routed any more", async () => {
    await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "<title>Made up</title>" }));
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Made up");
    await again();
    await page.reload();
    assert.equal(await page.title(), "Other");
  });

  await check("a request it kept waiting goes on without it", async () => {
    let held;
    const asked = new Promise((resolve) => { held = resolve; });
    await page.route("**/form.html", () => held());
    page.evaluate((to) => { location.href = to; }, site("/form.html")).catch(() => {});
    await asked;
    await again();
    await page.waitForURL(site("/form.html"));
    assert.equal(await page.title(), "Form");
  });

  await check("the session goes on while nobody is connected", async () => {
    await left(client);
    await session.act("goto", { url: site("/other.html") });
    client = await playwright(session);
    page = client.contexts()[0].pages()[0];
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
