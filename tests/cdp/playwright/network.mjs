// What pages ask for, and what the client answers in place of the site.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ browser, check }) => {
  const [context] = browser.contexts();
  const [page] = context.pages();
  const fetched = (path, options) =>
    page.evaluate(async ([path, options]) => (await fetch(path, options)).text(), [path, options]);
  const named = (path) => (each) => new URL(each.url()).pathname === path;

  await check("each request is told with its answer", async () => {
    const seen = [];
    page.on("request", (request) => seen.push(`> ${request.method()} ${new URL(request.url()).pathname}`));
    page.on("response", (response) => seen.push(`< ${response.status()}`));
    page.on("requestfinished", () => seen.push("done"));
    const response = await page.goto(site("/form.html"));
    assert.deepEqual(seen.slice(0, 3), ["> GET /form.html", "< 200", "done"]);
    assert.match(await response.text(), /<h1>A form<\/h1>/);
    assert.match((await response.allHeaders())["content-type"], /^text\/html/);
    assert(response.request().timing().responseEnd > 0);
    page.removeAllListeners();
  });

  await check("a body is sent and seen", async () => {
    const [request] = await Promise.all([page.waitForRequest(named("/status/201")), page.evaluate(() => fetch("/status/201", { method: "POST", body: "given" }))]);
    assert.deepEqual([request.method(), request.postData(), request.resourceType()], ["POST", "given", "fetch"]);
  });

  await check("a request that fails says why", async () => {
    const [failed] = await Promise.all([page.waitForEvent("requestfailed"), page.evaluate(() => fetch("http://127.0.0.1:1/").catch(() => 0))]);
    assert.match(failed.failure().errorText, /net::ERR_/);
  });

  await check("the client answers for the site", async () => {
    await page.route("**/answered", (route) => route.fulfill({ status: 203, headers: { "x-by": "client" }, json: { by: "client" } }));
    const answer = await page.evaluate(async () => {
      const response = await fetch("/answered");
      return [response.status, response.headers.get("x-by"), await response.json()];
    });
    assert.deepEqual(answer, [203, "client", { by: "client" }]);
    await page.unroute("**/answered");
  });

  await check("the client changes what goes and what comes", async () => {
    await page.route("**/agent", (route) => route.continue({ headers: { ...route.request().headers(), "user-agent": "changed" } }));
    assert.equal(await fetched("/agent"), "changed");
    await page.route("**/other.html", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace("Another", "A changed") });
    });
    assert.match(await fetched("/other.html"), /A changed page/);
    await page.unrouteAll();
  });

  await check("the client lets a request fail", async () => {
    await page.route("**/aborted", (route) => route.abort("connectionrefused"));
    const [failed, told] = await Promise.all([page.waitForEvent("requestfailed"), page.evaluate(() => fetch("/aborted").catch((error) => error.message))]);
    assert.equal(failed.failure().errorText, "net::ERR_CONNECTION_REFUSED");
    assert.equal(told, "Failed to fetch");
    await page.unrouteAll();
  });

  await check("a whole page comes from the client", async () => {
    await context.route("http://nowhere.invalid/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>Made up</title>" }));
    await page.goto("http://nowhere.invalid/page");
    assert.equal(await page.title(), "Made up");
    const other = await context.newPage();
    await other.goto("http://nowhere.invalid/other");
    assert.equal(await other.title(), "Made up");
    await other.close();
    await context.unrouteAll();
    await page.goto(site("/form.html"));
  });

  await check("a hundred intercepted requests are all answered", async () => {
    await page.route("**/many/*", (route) => route.fulfill({ body: new URL(route.request().url()).pathname }));
    const answers = await page.evaluate(() => Promise.all(Array.from({ length: 100 }, async (_, at) => (await fetch(`/many/${at}`)).text())));
    assert.deepEqual(answers, Array.from({ length: 100 }, (_, at) => `/many/${at}`));
    await page.unrouteAll();
  });

  await check("headers are added to each request", async () => {
    await page.setExtraHTTPHeaders({ "user-agent": "extra" });
    assert.equal(await fetched("/agent"), "extra");
    await page.setExtraHTTPHeaders({});
    assert.match(await fetched("/agent"), /Mozilla/);
  });

  await check("the network can be taken away, and comes back", async () => {
    await context.setOffline(true);
    assert.equal(await page.evaluate(() => fetch("/agent").then(() => "there", () => "gone")), "gone");
    assert.equal(await page.evaluate(() => navigator.onLine), false);
    await context.setOffline(false);
    assert.match(await fetched("/agent"), /Mozilla/);
  });

  await check("what a context asks for is recorded, and played back without the site", async () => {
    const folder = await mkdtemp(join(tmpdir(), "capture-test-har-"));
    const path = join(folder, "all.har");
    const recording = await browser.newContext({ recordHar: { path } });
    await (await recording.newPage()).goto(site("/form.html"));
    await recording.close();
    const { entries } = JSON.parse(await readFile(path, "utf8")).log;
    assert.deepEqual(entries.map(({ request, response }) => [request.url, response.status]), [[site("/form.html"), 200]]);
    const playing = await browser.newContext();
    await playing.routeFromHAR(path);
    const played = await playing.newPage();
    await playing.setOffline(true);
    await played.goto(site("/form.html"));
    assert.equal(await played.title(), "Form");
    await assert.rejects(played.goto(site("/other.html")));
    await playing.close();
    await rm(folder, { recursive: true });
  });

  await check("the network is quiet again", async () => {
    await page.goto(site("/form.html"), { waitUntil: "networkidle" });
    assert.equal(await page.title(), "Form");
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
      const other = await page.context().newPage(); // the page that shows an error may come after it
      await assert.rejects(other.goto(url), new RegExp(error));
      await other.close();
    }
  }, 40_000);
});
