// New pages, and contexts of the client's own.
import assert from "node:assert/strict";
import { once } from "node:events";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ browser, check }) => {
  const [context] = browser.contexts();

  await check("a new page opens beside the session's", async () => {
    const page = await context.newPage();
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    assert.equal(context.pages().length, 2);
    assert.equal(context.pages()[0].url(), "about:blank");
    await page.close();
    assert.equal(page.isClosed(), true);
    assert.equal(context.pages().length, 1);
  });

  await check("eight pages at once keep to themselves", async () => {
    const pages = await Promise.all(Array.from({ length: 8 }, () => context.newPage()));
    await Promise.all(pages.map((page, at) => page.goto(site(`/other.html?${at}`))));
    await Promise.all(pages.map((page, at) => page.evaluate((mine) => { globalThis.mine = mine; }, at)));
    const read = await Promise.all(pages.map((page) => page.evaluate(() => [location.search, globalThis.mine])));
    assert.deepEqual(read, pages.map((_, at) => [`?${at}`, at]));
    await Promise.all(pages.map((page) => page.close()));
  }, 40_000);

  await check("a window a page opens is a page with an opener", async () => {
    const page = await context.newPage();
    await page.goto(site("/popups.html"));
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#open")]);
    await popup.waitForLoadState();
    assert.equal(popup.url(), site("/other.html"));
    assert.equal(await popup.opener(), page);
    await Promise.all([popup.waitForEvent("close"), page.click("#close")]);
    await page.close();
  });

  await check("a context of the client's own shares nothing with the session's", async () => {
    await context.addCookies([{ name: "kept", value: "by the session", url: site("/") }]);
    const own = await browser.newContext();
    assert.equal(browser.contexts().length, 2);
    await own.addCookies([{ name: "own", value: "1", url: site("/") }]);
    const page = await own.newPage();
    await page.goto(site("/other.html"));
    assert.equal(await page.evaluate(() => document.cookie), "own=1");
    await page.evaluate(() => localStorage.setItem("own", "1"));
    const { cookies, origins } = await own.storageState();
    assert.deepEqual(cookies.map(({ name, value }) => [name, value]), [["own", "1"]]);
    assert.deepEqual(origins[0].localStorage, [{ name: "own", value: "1" }]);
    assert.deepEqual((await context.cookies(site("/"))).map(({ name }) => name), ["kept"]);
    const closed = once(page, "close");
    await own.close();
    await closed;
    assert.equal(browser.contexts().length, 1);
    await context.clearCookies();
    assert.deepEqual(await context.cookies(), []);
  });

  await check("a context begins with the storage it is given", async () => {
    const origins = [{ origin: new URL(site("/")).origin, localStorage: [{ name: "given", value: "before" }] }];
    const own = await browser.newContext({ storageState: { cookies: [], origins } });
    const page = await own.newPage();
    await page.goto(site("/other.html"));
    assert.equal(await page.evaluate(() => localStorage.given), "before");
    await own.close();
  });

  await check("a context is another device", async () => {
    const device = { viewport: { width: 411, height: 731 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
    const own = await browser.newContext({ ...device, userAgent: "Of the client", locale: "de-DE", timezoneId: "Asia/Tokyo", colorScheme: "dark" });
    const page = await own.newPage();
    await page.goto(site("/agent"));
    assert.equal(await page.textContent("body"), "Of the client");
    const seen = await page.evaluate(() => ({
      width: screen.width,
      ratio: devicePixelRatio,
      touch: navigator.maxTouchPoints > 0,
      language: navigator.language,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
    }));
    assert.deepEqual(seen, { width: 411, ratio: 2, touch: true, language: "de-DE", zone: "Asia/Tokyo", dark: true });
    await own.close();
  });

  await check("a context with a proxy of the client's is refused", async () => {
    await assert.rejects(browser.newContext({ proxy: { server: "http://127.0.0.1:9" } }), /proxy/i);
    assert.equal(browser.contexts().length, 1);
  });

  await check("ten contexts come and go", async () => {
    for (let at = 0; at < 10; at += 1) {
      const own = await browser.newContext();
      const page = await own.newPage();
      assert.equal(await page.evaluate((at) => at + 1, at), at + 1);
      await own.close();
    }
    assert.equal(context.pages().length, 1);
  }, 40_000);

  await check("a client without defaults leaves the session's page as it is", async () => {
    const [page] = context.pages();
    await page.emulateMedia({ media: "print" });
    const print = () => page.evaluate(() => matchMedia("print").matches);
    assert.equal(await print(), true);
    await page.emulateMedia({ media: null });
    assert.equal(await print(), false);
    assert.deepEqual(await page.evaluate(() => [innerWidth, innerHeight]), [1440, 900]);
  });
});
