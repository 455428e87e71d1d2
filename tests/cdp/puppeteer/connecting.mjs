// How a client gets in, and how it is kept out.
import assert from "node:assert/strict";
import library from "puppeteer-core";
import { Session } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  await check("the browser says what it is", async () => {
    assert.match(await browser.version(), /Chrome\/\d+\.\d+\.\d+\.\d+$/);
    assert.match(await browser.userAgent(), /^Mozilla/);
    assert.equal(browser.connected, true);
    assert.equal(browser.process(), null);
    assert.match(browser.wsEndpoint(), /\/cdp\?token=v1\./);
  });

  await check("one context is there, with one page", async () => {
    assert.deepEqual(browser.browserContexts(), [browser.defaultBrowserContext()]);
    assert.deepEqual((await browser.pages()).map((page) => page.url()), ["about:blank"]);
    assert.equal(browser.targets().filter((target) => target.type() === "page").length, 1);
  });

  await check("one address can be used several times", async () => {
    const browserWSEndpoint = await session.connectUrl();
    const clients = [await library.connect({ browserWSEndpoint }), await library.connect({ browserWSEndpoint })];
    for (const client of clients) assert.equal((await client.pages()).length, 1);
    for (const client of clients) await client.disconnect();
  });

  await check("options and headers of the client change nothing", async () => {
    const client = await puppeteer(session, { headers: { "x-of-the-client": "1" }, slowMo: 1, defaultViewport: null, acceptInsecureCerts: false });
    const [page] = await client.pages();
    assert.equal(page.viewport(), null);
    assert.equal(await page.evaluate(() => 6 * 7), 42);
    await client.disconnect();
  });

  await check("a token nobody minted is refused", async () => {
    const url = await session.connectUrl();
    const forged = [url.slice(0, -3) + (url.endsWith("AAA") ? "BBB" : "AAA"), url.replace(/token=.*/, "token=v1.x"), url.replace(/\?.*/, "")];
    // What Puppeteer rejects with here is an event, not an error.
    for (const browserWSEndpoint of forged) assert.equal(await library.connect({ browserWSEndpoint }).then(() => "in", () => "out"), "out");
  });

  await check("a session's end ends its connections, and none is made after it", async () => {
    const other = await Session.create();
    const browserWSEndpoint = await other.connectUrl();
    const client = await library.connect({ browserWSEndpoint });
    const gone = new Promise((resolve) => client.once("disconnected", resolve));
    await other.close();
    await gone;
    assert.equal(client.connected, false);
    assert.equal(await other.connectUrl(), undefined);
    assert.equal(await library.connect({ browserWSEndpoint }).then(() => "in", () => "out"), "out");
  }, 40_000);

  await check("twenty clients come and go", async () => {
    for (let at = 0; at < 20; at += 1) {
      const client = await puppeteer(session);
      assert.equal((await client.pages()).length, 1);
      await client.disconnect();
    }
    assert.equal(await (await browser.pages())[0].evaluate(() => 6 * 7), 42);
  }, 60_000);
});
