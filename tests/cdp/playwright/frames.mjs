// Frames, of the page's site and of others.
import assert from "node:assert/strict";
import { elsewhere, site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  await session.act("goto", { url: site("/cdp-frames.html") });
  const [context] = browser.contexts();
  const [page] = context.pages();
  const urls = () => page.frames().map((frame) => frame.url());
  const all = [site("/cdp-frames.html"), site("/form.html"), elsewhere("/form.html?far")];

  await check("frames that REST opened are seen", async () => {
    await page.frameLocator("#far").locator("h1").waitFor();
    assert.deepEqual(urls(), all);
    assert.deepEqual(page.mainFrame().childFrames().map((frame) => frame.name()), ["near", "far"]);
  });

  for (const name of ["near", "far"]) {
    await check(`a form in the ${name} frame is filled in and sent`, async () => {
      const frame = page.frameLocator(`#${name}`);
      await frame.locator("#name").fill(name);
      await frame.locator("#send").click();
      assert.equal(await frame.locator("#out").innerText(), `hello ${name}`);
    });

    await check(`scripts in the ${name} frame are its own`, async () => {
      const frame = page.frame(name);
      assert.equal(await frame.evaluate(() => location.pathname), "/form.html");
      assert.equal(await frame.evaluate(() => globalThis !== top), true);
      assert((await (await frame.frameElement()).screenshot()).length > 100);
    });
  }

  await check("another site's frame is closed to the page, not to the client", async () => {
    assert.equal(await page.evaluate(() => document.querySelector("#far").contentDocument), null);
    assert.match(await page.frame("far").content(), /A form/);
  });

  await check("a frame goes elsewhere", async () => {
    for (const url of [elsewhere("/other.html"), site("/other.html"), elsewhere("/form.html?far")]) {
      await page.frame("far").goto(url);
      assert.equal(page.frame("far").url(), url);
    }
  });

  await check("frames come and go", async () => {
    const [added] = await Promise.all([
      page.waitForEvent("frameattached"),
      page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src, id: "new" })), elsewhere("/other.html")),
    ]);
    await added.waitForURL(elsewhere("/other.html"));
    assert.equal(await added.title(), "Other");
    await Promise.all([page.waitForEvent("framedetached"), page.evaluate(() => document.querySelector("#new").remove())]);
    assert.equal(added.isDetached(), true);
    assert.deepEqual(urls(), all);
  });

  await check("a client that comes later sees them too", async () => {
    const client = await playwright(session);
    const [same] = client.contexts()[0].pages();
    await same.frame("far").waitForLoadState();
    assert.deepEqual(same.frames().map((frame) => frame.url()), all);
    assert.equal(await same.frame("far").evaluate(() => document.title), "Form");
    await client.close();
  });

  await check("requests of frames are answered by the client", async () => {
    await page.route("**/form.html?far", (route) => route.fulfill({ contentType: "text/html", body: "<title>Made up</title>" }));
    await page.reload();
    await page.frame("far").waitForLoadState();
    assert.equal(await page.frame("far").title(), "Made up");
    await page.unrouteAll();
  });

  await check("a page with frames is left", async () => {
    await page.goto(site("/other.html"));
    assert.deepEqual(urls(), [site("/other.html")]);
  });
});
