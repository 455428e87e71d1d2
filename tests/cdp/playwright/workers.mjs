// Service workers: they are found, asked, and found again by the next client.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const [context] = browser.contexts();
  const [page] = context.pages();
  const address = site("/service-worker.js");
  const asked = (context) => context.serviceWorkers()[0].evaluate(() => [self.location.href, self.answer]);

  await check("a worker that a page registers is told and asked", async () => {
    const [worker] = await Promise.all([context.waitForEvent("serviceworker"), page.goto(site("/service-worker"))]);
    assert.equal(worker.url(), address);
    assert.deepEqual(await asked(context), [address, 42]);
    await until("it is ready", async () => (await page.title()) === "Ready");
  });

  await check("what it answers is told to come from it", async () => {
    const [response] = await Promise.all([
      page.waitForResponse("**/from-the-worker"),
      page.evaluate(() => fetch("/from-the-worker")),
    ]);
    assert.equal(response.fromServiceWorker(), true);
    assert.equal(await response.text(), "by the worker");
  });

  await check("actions see what it answers", async () => {
    const reply = await session.act("goto", { url: site("/from-the-worker") });
    assert.equal(reply.status, 200);
    assert.match(JSON.stringify(await session.act("content")), /by the worker/);
  });

  await check("another client finds it", async () => {
    const other = await playwright(session);
    const [context] = other.contexts();
    await until("it is there", () => context.serviceWorkers().length === 1);
    assert.deepEqual(await asked(context), [address, 42]);
    await other.close();
  });

  await check("a context of the client's own has none of it", async () => {
    const own = await browser.newContext();
    const page = await own.newPage();
    await page.goto(site("/form.html"));
    assert.equal(own.serviceWorkers().length, 0);
    assert.equal((await page.goto(site("/from-the-worker"))).status(), 404);
    await own.close();
  });

  await check("it can be unregistered", async () => {
    await page.goto(site("/form.html"));
    await page.evaluate(async () => {
      for (const each of await navigator.serviceWorker.getRegistrations()) await each.unregister();
    });
    await page.goto("about:blank");
    assert.equal((await page.goto(site("/from-the-worker"))).status(), 404);
  });
});
