// Dialogs are the client's while it is there, and ours afterwards.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const [page] = await browser.pages();
  await page.goto(site("/cdp-dialogs.html"));
  const shown = () => page.$eval("#out", (it) => it.textContent);

  /** Clicks, and answers the dialog that comes. */
  const answered = async (selector, answer) => {
    const told = new Promise((resolve) => {
      page.once("dialog", async (dialog) => {
        await answer(dialog);
        resolve([dialog.type(), dialog.message(), dialog.defaultValue()]);
      });
    });
    await page.click(selector);
    return told;
  };

  await check("an alert is told and closed", async () => {
    assert.deepEqual(await answered("#alert", (dialog) => dialog.accept()), ["alert", "hello", ""]);
    assert.equal(await shown(), "alerted");
  });

  await check("a question is answered with yes and with no", async () => {
    assert.deepEqual(await answered("#confirm", (dialog) => dialog.accept()), ["confirm", "sure?", ""]);
    assert.equal(await shown(), "true");
    await answered("#confirm", (dialog) => dialog.dismiss());
    assert.equal(await shown(), "false");
  });

  await check("a prompt is answered with text", async () => {
    assert.deepEqual(await answered("#prompt", (dialog) => dialog.accept("Ada 🙂")), ["prompt", "who?", "nobody"]);
    assert.equal(await shown(), "Ada 🙂");
    await answered("#prompt", (dialog) => dialog.dismiss());
    assert.equal(await shown(), "null");
  });

  await check("the client may take its time", async () => {
    await answered("#confirm", async (dialog) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await dialog.accept();
    });
    assert.equal(await shown(), "true");
  });

  await check("a page that wants to stay asks the client", async () => {
    const leaving = await browser.newPage();
    await leaving.goto(site("/cdp-dialogs.html"));
    await leaving.click("#stay");
    const asked = new Promise((resolve) => leaving.once("dialog", resolve));
    const closed = new Promise((resolve) => leaving.once("close", resolve));
    await leaving.close({ runBeforeUnload: true });
    const dialog = await asked;
    assert.equal(dialog.type(), "beforeunload");
    await dialog.accept();
    await closed;
  });

  await check("the client answers what an action over REST asks for", async () => {
    page.once("dialog", (dialog) => dialog.accept());
    await session.act("click", { selector: "#confirm" });
    await page.waitForFunction(() => document.querySelector("#out").textContent === "true");
    assert.equal(await session.text("#out"), "true");
  });

  await check("a dialog that no listener answers holds up an action for half a second", async () => {
    const began = Date.now();
    const { dialogs } = await session.act("click", { selector: "#alert" });
    assert.deepEqual(dialogs, [{ type: "alert", message: "hello", accepted: true }]);
    assert(Date.now() - began < 3_000);
    assert.equal(await shown(), "alerted");
    // One that was open before the action.
    page.click("#confirm").catch(() => {});
    await new Promise((resolve) => page.once("dialog", resolve));
    assert.equal((await session.act("title")).title, "Dialogs");
  });

  await check("an action without the time to wait for that names the dialog", async () => {
    const refused = await session.tried("click", { selector: "#prompt", timeoutMs: 300 });
    assert.equal(refused.status, 504, JSON.stringify(refused));
    assert.deepEqual(refused.dialog, { type: "prompt", message: "who?" });
    assert.match(refused.error, /an open dialog kept the page waiting \(prompt "who\?"\)/);
    assert.doesNotMatch(refused.error, /script keeps it busy/);
    assert.equal((await session.act("title")).title, "Dialogs");
  });

  await check("a dialog the client leaves open is closed when it goes", async () => {
    const opened = new Promise((resolve) => page.once("dialog", resolve));
    page.click("#confirm").catch(() => {});
    await opened;
    await browser.disconnect();
    assert.equal((await session.act("title")).title, "Dialogs");
    assert.equal(await session.text("#out"), "false");
  });

  await check("without the client we dismiss it at once", async () => {
    const { dialogs } = await session.act("click", { selector: "#confirm" });
    assert.deepEqual(dialogs, [{ type: "confirm", message: "sure?", accepted: false }]);
    assert.equal(await session.text("#out"), "false");
  });
});
