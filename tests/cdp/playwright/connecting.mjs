// How a client gets in, and how it is kept out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chromium } from "playwright-core";
import { Session } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  await check("the browser says what it is", () => {
    assert.match(browser.version(), /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal(browser.browserType().name(), "chromium");
    assert.equal(browser.isConnected(), true);
  });

  await check("one context is there, with one page", () => {
    assert.equal(browser.contexts().length, 1);
    assert.equal(browser.contexts()[0].browser(), browser);
    assert.deepEqual(browser.contexts()[0].pages().map((page) => page.url()), ["about:blank"]);
  });

  await check("each reading of the session has another address", async () => {
    const urls = [session.firstUrl, await session.connectUrl(), await session.connectUrl()];
    assert.equal(new Set(urls).size, 3);
  });

  await check("one address can be used several times", async () => {
    const url = await session.connectUrl();
    const clients = [await chromium.connectOverCDP(url), await chromium.connectOverCDP(url)];
    for (const client of clients) assert.equal(client.contexts()[0].pages().length, 1);
    for (const client of clients) await client.close();
  });

  await check("options and headers of the client change nothing", async () => {
    const endpointURL = await session.connectUrl();
    const client = await chromium.connectOverCDP({ endpointURL, headers: { "x-of-the-client": "1" }, slowMo: 1 });
    assert.equal(client.contexts().length, 1);
    await client.close();
  });

  await check("a client that asks over http is told the address", async () => {
    const url = (await session.connectUrl()).replace(/^ws/, "http");
    const client = await chromium.connectOverCDP(url, { timeout: 15_000 });
    assert.equal(client.contexts().length, 1);
    await client.close();
  });

  await check("a token nobody minted is refused", async () => {
    const url = await session.connectUrl();
    const forged = [url.slice(0, -3) + (url.endsWith("AAA") ? "BBB" : "AAA"), url.replace(/token=.*/, "token=v1.x"), url.replace(/\?.*/, "")];
    for (const each of forged) await assert.rejects(chromium.connectOverCDP(each, { timeout: 10_000 }), each);
  });

  await check("a session's end ends its connections, and none is made after it", async () => {
    const other = await Session.create();
    const url = await other.connectUrl();
    const client = await chromium.connectOverCDP(url);
    const gone = once(client, "disconnected");
    await other.close();
    await gone;
    assert.equal(client.isConnected(), false);
    assert.equal(await other.connectUrl(), undefined);
    await assert.rejects(chromium.connectOverCDP(url, { timeout: 10_000 }));
  }, 40_000);

  await check("twenty clients come and go", async () => {
    for (let at = 0; at < 20; at += 1) {
      const client = await playwright(session);
      assert.equal(client.contexts()[0].pages().length, 1);
      await client.close();
    }
    assert.equal(await browser.contexts()[0].pages()[0].evaluate(() => 6 * 7), 42);
  }, 60_000);
});
