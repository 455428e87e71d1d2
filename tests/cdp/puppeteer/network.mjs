// What pages ask for, and what the client answers in place of the site.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ browser, check }) => {
  const [page] = await browser.pages();
  const fetched = (path, options) =>
    page.evaluate(async (path, options) => (await fetch(path, options)).text(), path, options);

  /** Requests are answered like this until it is over. */
  const intercepted = async (answer, meanwhile) => {
    page.on("request", answer);
    await page.setRequestInterception(true);
    await meanwhile();
    await page.setRequestInterception(false);
    page.off("request", answer);
  };

  await check("each request is told with its answer", async () => {
    const seen = [];
    page.on("request", (request) => seen.push(`> ${request.method()} ${new URL(request.url()).pathname}`));
    page.on("response", (response) => seen.push(`< ${response.status()}`));
    page.on("requestfinished", () => seen.push("done"));
    const response = await page.goto(site("/form.html"));
    assert.deepEqual(seen.slice(0, 3), ["> GET /form.html", "< 200", "done"]);
    assert.match(await response.text(), /<h1>A form<\/h1>/);
    assert.match(response.headers()["content-type"], /^text\/html/);
    assert.equal(response.remoteAddress().port > 0, true);
    for (const event of ["request", "response", "requestfinished"]) page.removeAllListeners(event);
  });

  await check("a body is sent and seen", async () => {
    const [request] = await Promise.all([
      page.waitForRequest((each) => each.url().endsWith("/status/201")),
      page.evaluate(() => fetch("/status/201", { method: "POST", body: "given" }).then(() => 0)),
    ]);
    assert.deepEqual([request.method(), request.postData(), request.resourceType()], ["POST", "given", "fetch"]);
  });

  await check("a request that fails says why", async () => {
    const failed = new Promise((resolve) => page.once("requestfailed", resolve));
    await page.evaluate(() => fetch("http://127.0.0.1:1/").catch(() => 0));
    assert.match((await failed).failure().errorText, /net::ERR_/);
  });

  await check("the client answers for the site", async () => {
    const answer = (request) => request.respond({ status: 203, headers: { "x-by": "client" }, contentType: "application/json", body: '{"by":"client"}' });
    await intercepted(answer, async () => {
      const told = await page.evaluate(async () => {
        const response = await fetch("/answered");
        return [response.status, response.headers.get("x-by"), await response.json()];
      });
      assert.deepEqual(told, [203, "client", { by: "client" }]);
    });
    assert.match(await fetched("/answered"), /No answered/);
  });

  await check("the client changes what goes", async () => {
    const change = (request) => request.continue({ headers: { ...request.headers(), "user-agent": "changed" } });
    await intercepted(change, async () => assert.equal(await fetched("/agent"), "changed"));
    const send = (request) => request.continue({ url: site("/other.html") });
    await intercepted(send, async () => assert.match(await fetched("/form.html"), /Another page/));
  });

  await check("the client lets a request fail", async () => {
    const abort = (request) => request.abort("connectionrefused");
    await intercepted(abort, async () => {
      const failed = new Promise((resolve) => page.once("requestfailed", resolve));
      assert.equal(await page.evaluate(() => fetch("/aborted").catch((error) => error.message)), "Failed to fetch");
      assert.equal((await failed).failure().errorText, "net::ERR_CONNECTION_REFUSED");
    });
  });

  await check("a whole page comes from the client", async () => {
    const answer = (request) => request.respond({ contentType: "text/html", body: "<title>Made up</title>" });
    await intercepted(answer, async () => {
      await page.goto("http://nowhere.invalid/page");
      assert.equal(await page.title(), "Made up");
    });
    await page.goto(site("/form.html"));
    assert.equal(await page.title(), "Form");
  });

  await check("a hundred intercepted requests are all answered", async () => {
    const answer = (request) => request.respond({ body: new URL(request.url()).pathname });
    await intercepted(answer, async () => {
      const answers = await page.evaluate(() => Promise.all(Array.from({ length: 100 }, async (_, at) => (await fetch(`/many/${at}`)).text())));
      assert.deepEqual(answers, Array.from({ length: 100 }, (_, at) => `/many/${at}`));
    });
  });

  await check("headers are added to each request", async () => {
    await page.setExtraHTTPHeaders({ "user-agent": "extra" });
    assert.equal(await fetched("/agent"), "extra");
    await page.setExtraHTTPHeaders({});
    assert.match(await fetched("/agent"), /Mozilla/);
  });

  await check("the network can be taken away or slowed, and comes back", async () => {
    await page.setOfflineMode(true);
    assert.equal(await page.evaluate(() => fetch("/agent").then(() => "there", () => "gone")), "gone");
    await page.setOfflineMode(false);
    await page.emulateNetworkConditions({ download: 1 << 20, upload: 1 << 20, latency: 50 });
    assert.match(await fetched("/agent"), /Mozilla/);
    await page.emulateNetworkConditions(null);
    await page.setCacheEnabled(false);
    assert.match(await fetched("/agent"), /Mozilla/);
    await page.waitForNetworkIdle({ idleTime: 100 });
  });

  await check("what cannot be reached is told as without a guard", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const closed = `http://127.0.0.1:${listener.address().port}/`;
    listener.close();
    await page.goto(site("/form.html"));
    for (const [url, error] of [
      [closed, "net::ERR_CONNECTION_REFUSED"],
      ["http://nothing.invalid/", "net::ERR_NAME_NOT_RESOLVED"],
      ["http://169.254.169.254/", "net::ERR_BLOCKED_BY_CLIENT"],
    ]) {
      const failed = new Promise((resolve) => page.once("requestfailed", resolve));
      const logged = new Promise((resolve) => page.once("console", resolve));
      await page.evaluate((url) => fetch(url, { mode: "no-cors" }).catch(() => 0), url);
      assert.equal((await failed).failure().errorText, error);
      assert((await logged).text().includes(error), (await logged).text());
      const other = await page.browser().newPage(); // the page that shows an error may come after it
      await assert.rejects(other.goto(url), new RegExp(error));
      await other.close();
    }
  }, 40_000);
});
