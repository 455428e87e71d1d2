// New pages, and contexts of the client's own.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ browser, check }) => {
  const context = browser.defaultBrowserContext();

  await check("a new page opens beside the session's", async () => {
    const page = await browser.newPage();
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    assert.equal((await browser.pages()).length, 2);
    assert.equal(page.browserContext(), context);
    await page.close();
    assert.equal(page.isClosed(), true);
    assert.equal((await browser.pages()).length, 1);
  });

  await check("eight pages at once keep to themselves", async () => {
    const pages = await Promise.all(Array.from({ length: 8 }, () => browser.newPage()));
    await Promise.all(pages.map((page, at) => page.goto(site(`/other.html?${at}`))));
    const read = await Promise.all(pages.map((page) => page.evaluate(() => location.search)));
    assert.deepEqual(read, pages.map((_, at) => `?${at}`));
    await Promise.all(pages.map((page) => page.close()));
  }, 40_000);

  await check("targets come, change and go", async () => {
    const seen = [];
    const note = (what) => (target) => target.type() === "page" && seen.push(`${what} ${target.url()}`);
    for (const what of ["created", "changed", "destroyed"]) browser.on(`target${what}`, note(what));
    const page = await browser.newPage();
    await page.goto(site("/other.html"));
    await page.close();
    await until("its end is told", () => seen.some((each) => each.startsWith("destroyed")));
    assert.deepEqual([seen[0], seen.at(-1)], ["created about:blank", `destroyed ${site("/other.html")}`]);
    assert(seen.includes(`changed ${site("/other.html")}`));
    for (const what of ["created", "changed", "destroyed"]) browser.removeAllListeners(`target${what}`);
  });

  await check("a window a page opens is a page with an opener", async () => {
    const page = await browser.newPage();
    await page.goto(site("/popups.html"));
    const [popup] = await Promise.all([new Promise((resolve) => page.once("popup", resolve)), page.click("#open")]);
    await until("it is there", () => popup.url() === site("/other.html"));
    assert.equal(popup.target().opener(), page.target());
    const closed = new Promise((resolve) => popup.once("close", resolve));
    await page.click("#close");
    await closed;
    await page.close();
  });

  await check("a context of the client's own shares nothing with the session's", async () => {
    await browser.setCookie({ name: "kept", value: "by the session", domain: new URL(site("/")).hostname });
    const own = await browser.createBrowserContext();
    assert.equal(browser.browserContexts().length, 2);
    await own.setCookie({ name: "own", value: "1", domain: new URL(site("/")).hostname });
    const page = await own.newPage();
    await page.goto(site("/other.html"));
    assert.equal(await page.evaluate(() => document.cookie), "own=1");
    assert.deepEqual((await own.cookies()).map(({ name, value }) => [name, value]), [["own", "1"]]);
    assert.deepEqual((await browser.cookies()).map(({ name }) => name), ["kept"]);
    await own.close();
    assert.equal(page.isClosed(), true);
    assert.equal(browser.browserContexts().length, 1);
    await browser.deleteCookie(...(await browser.cookies()));
    assert.deepEqual(await browser.cookies(), []);
  });

  await check("a page is another device", async () => {
    const page = await browser.newPage();
    await page.setUserAgent({ userAgent: "Of the client" });
    await page.setViewport({ width: 411, height: 731, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
    await page.emulateTimezone("Asia/Tokyo");
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.goto(site("/agent"));
    assert.equal(await page.$eval("body", (body) => body.innerText), "Of the client");
    const seen = await page.evaluate(() => ({
      width: screen.width,
      ratio: devicePixelRatio,
      touch: navigator.maxTouchPoints > 0,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
    }));
    assert.deepEqual(seen, { width: 411, ratio: 2, touch: true, zone: "Asia/Tokyo", dark: true });
    await page.close();
  });

  await check("a context with a proxy of the client's is refused", async () => {
    await assert.rejects(browser.createBrowserContext({ proxyServer: "http://127.0.0.1:9" }), /proxy/i);
    assert.equal(browser.browserContexts().length, 1);
  });

  await check("the session's context cannot be closed", async () => {
    await assert.rejects(context.close());
    assert.equal((await browser.pages()).length, 1);
  });

  await check("ten contexts come and go", async () => {
    for (let at = 0; at < 10; at += 1) {
      const own = await browser.createBrowserContext();
      const page = await own.newPage();
      assert.equal(await page.evaluate((given) => given + 1, at), at + 1);
      await own.close();
    }
    assert.equal((await browser.pages()).length, 1);
  }, 40_000);
});
