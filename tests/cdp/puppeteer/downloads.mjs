// Downloads are refused: the client is told, and no file is there.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const folder = await mkdtemp(join(tmpdir(), "capture-cdp-"));
  const [page] = await browser.pages();
  const own = await browser.createBrowserContext();

  /** Asks for downloads into a folder, and makes one. */
  const refused = async (on, context, selector, policy) => {
    await context.setDownloadBehavior({ policy, downloadPath: folder });
    const told = [];
    const cdp = await browser.target().createCDPSession();
    for (const event of ["downloadWillBegin", "downloadProgress"]) {
      cdp.on(`Browser.${event}`, (params) => told.push(params.state ?? params.suggestedFilename));
    }
    await cdp.send("Browser.setDownloadBehavior", { behavior: policy, browserContextId: context.id, downloadPath: folder, eventsEnabled: true });
    await on.goto(site("/cdp-download.html"));
    await on.click(selector);
    await until("its end is told", () => told.includes("canceled"));
    await cdp.detach();
    assert.equal(told.includes("completed"), false);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await on.title(), "Downloads");
  };

  await check("a link on the session's page saves nothing", () => refused(page, browser.defaultBrowserContext(), "#link", "allow"));
  await check("a script on the session's page saves nothing", () => refused(page, browser.defaultBrowserContext(), "#scripted", "allow"));
  await check("what the session's page made itself is not saved", () => refused(page, browser.defaultBrowserContext(), "#made", "allowAndName"));
  const made = await own.newPage();
  for (const [selector, policy] of [["#link", "allow"], ["#scripted", "allowAndName"], ["#made", "default"]]) {
    await check(`${selector} of a page in a context of its own saves nothing`, () => refused(made, own, selector, policy));
  }

  await check("an address that is a download opens no page", async () => {
    await assert.rejects(page.goto(site("/download")), /net::ERR_ABORTED/);
    assert.equal((await page.goto(site("/form.html"))).status(), 200);
  });

  await check("nor without a client", async () => {
    await browser.disconnect();
    await session.act("goto", { url: site("/cdp-download.html") });
    await session.act("click", { selector: "#link" });
    assert.equal((await session.act("title")).title, "Downloads");
    assert.deepEqual(await readdir(folder), []);
    await rm(folder, { recursive: true });
  });
});
