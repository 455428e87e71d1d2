// Frames, of the page's site and of others.
import assert from "node:assert/strict";
import { elsewhere, site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  await session.act("goto", { url: site("/cdp-frames.html") });
  const [page] = await browser.pages();
  const urls = (of = page) => of.frames().map((frame) => frame.url());
  const all = [site("/cdp-frames.html"), site("/form.html"), elsewhere("/form.html?far")];
  const named = async (name) => (await page.$(`#${name}`)).contentFrame();

  await check("frames that REST opened are seen", async () => {
    await until("all are there", () => urls().join() === all.join());
    assert.equal(page.mainFrame().childFrames().length, 2);
  });

  for (const name of ["near", "far"]) {
    await check(`a form in the ${name} frame is filled in and sent`, async () => {
      const frame = await named(name);
      await frame.locator("#name").fill(name);
      await frame.click("#send");
      assert.equal(await frame.$eval("#out", (it) => it.textContent), `hello ${name}`);
    });

    await check(`scripts in the ${name} frame are its own`, async () => {
      const frame = await named(name);
      assert.equal(await frame.evaluate(() => location.pathname), "/form.html");
      assert.equal(await frame.evaluate(() => globalThis !== top), true);
      assert((await (await frame.frameElement()).screenshot()).length > 100);
    });
  }

  await check("another site's frame is closed to the page, not to the client", async () => {
    assert.equal(await page.evaluate(() => document.querySelector("#far").contentDocument), null);
    assert.match(await (await named("far")).content(), /A form/);
  });

  await check("a frame goes elsewhere", async () => {
    for (const url of [elsewhere("/other.html"), site("/other.html"), elsewhere("/form.html?far")]) {
      await (await named("far")).goto(url);
      assert.equal((await named("far")).url(), url);
    }
  });

  await check("a client that comes later sees them too", async () => {
    const client = await puppeteer(session);
    const [same] = await client.pages();
    await until("all are there", () => urls(same).join() === all.join());
    assert.equal(await same.frames()[2].title(), "Form");
    await client.disconnect();
  });

  await check("frames come and go", async () => {
    const attached = new Promise((resolve) => page.once("frameattached", resolve));
    await page.evaluate((src) => { document.body.append(Object.assign(document.createElement("iframe"), { src, id: "new" })); }, elsewhere("/form.html?new"));
    await attached;
    const added = await page.waitForFrame((frame) => frame.url() === elsewhere("/form.html?new"));
    await added.waitForSelector("#send");
    assert.equal(await added.title(), "Form");
    const detached = new Promise((resolve) => page.once("framedetached", resolve));
    await page.evaluate(() => document.querySelector("#new").remove());
    await detached;
    assert.equal(added.detached, true);
    assert.deepEqual(urls(), all);
  });

  await check("a page with frames is left", async () => {
    await page.goto(site("/other.html"));
    assert.deepEqual(urls(), [site("/other.html")]);
  });
});
