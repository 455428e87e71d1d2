// Service workers: they are found, asked, and found again by the next client.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const [page] = await browser.pages();
  const address = site("/service-worker.js");
  const asked = async (browser) => {
    const target = await browser.waitForTarget((target) => target.type() === "service_worker", { timeout: 5000 });
    const worker = await target.worker();
    return worker.evaluate(() => [self.location.href, self.answer]);
  };

  await check("a worker that a page registers is told and asked", async () => {
    await page.goto(site("/service-worker"));
    // Chromium 156 crashes now and then, also without us, when a worker that is just starting is asked.
    await page.waitForFunction(() => document.title === "Ready", { timeout: 5000 });
    assert.deepEqual(await asked(browser), [address, 42]);
  });

  await check("what it answers is told to come from it", async () => {
    const [response] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/from-the-worker")),
      page.evaluate(() => fetch("/from-the-worker").then((response) => response.text())),
    ]);
    assert.equal(response.fromServiceWorker(), true);
    assert.equal(await response.text(), "by the worker");
  });

  await check("actions see what it answers", async () => {
    assert.equal((await session.act("goto", { url: site("/from-the-worker") })).status, 200);
    assert.match(JSON.stringify(await session.act("content")), /by the worker/);
  });

  await check("another client finds it", async () => {
    const other = await puppeteer(session);
    assert.deepEqual(await asked(other), [address, 42]);
    await other.disconnect();
  });
});
