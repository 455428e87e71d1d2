// Downloads are refused: the client is told, and no file is there.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const folder = await mkdtemp(join(tmpdir(), "capture-cdp-"));
  const [page] = browser.contexts()[0].pages();
  const own = await (await browser.newContext({ acceptDownloads: true })).newPage();

  const refused = async (on, selector, name) => {
    await on.goto(site("/cdp-download.html"));
    const [download] = await Promise.all([on.waitForEvent("download"), on.click(selector)]);
    assert.equal(download.suggestedFilename(), name);
    assert.equal(await download.failure(), "canceled");
    await assert.rejects(download.path(), /canceled/);
    await assert.rejects(download.saveAs(join(folder, name)), /canceled/);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await on.title(), "Downloads");
  };

  for (const [where, on] of [["the session's page", page], ["a page of a context of its own", own]]) {
    await check(`a link on ${where} saves nothing`, () => refused(on, "#link", "report.bin"));
    await check(`a script on ${where} saves nothing`, () => refused(on, "#scripted", "report.bin"));
    await check(`what ${where} made itself is not saved`, () => refused(on, "#made", "made.txt"));
  }

  await check("an address that is a download opens no page", async () => {
    await assert.rejects(page.goto(site("/download")), /Download is starting|net::ERR_ABORTED/);
    assert.equal((await page.goto(site("/form.html"))).status(), 200);
  });

  await check("asking for downloads is answered, and changes nothing", async () => {
    const cdp = await browser.newBrowserCDPSession();
    await cdp.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
    await refused(page, "#link", "report.bin");
    await cdp.detach();
  });

  await check("REST tells it too, and no client is needed for it", async () => {
    await browser.close();
    await session.act("goto", { url: site("/cdp-download.html") });
    await session.act("click", { selector: "#link" });
    assert.equal((await session.act("title")).title, "Downloads");
    assert.deepEqual(await readdir(folder), []);
    await rm(folder, { recursive: true });
  });
});
