// Dialogs are the client's while it is there, and ours afterwards.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const [page] = browser.contexts()[0].pages();
  await page.goto(site("/cdp-dialogs.html"));
  const shown = () => page.textContent("#out");

  /** Clicks, and answers the dialog that comes. */
  const answered = async (selector, answer) => {
    const [told] = await Promise.all([
      new Promise((resolve) => {
        page.once("dialog", async (dialog) => {
          await answer(dialog);
          resolve([dialog.type(), dialog.message(), dialog.defaultValue()]);
        });
      }),
      page.click(selector),
    ]);
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

  await check("a dialog the client has no answer for holds nothing up", async () => {
    await page.click("#confirm");
    assert.equal(await shown(), "false");
  });

  await check("a page that wants to stay asks the client", async () => {
    const leaving = await browser.contexts()[0].newPage();
    await leaving.goto(site("/cdp-dialogs.html"));
    await leaving.click("#stay");
    const asked = leaving.waitForEvent("dialog");
    await leaving.close({ runBeforeUnload: true });
    const dialog = await asked;
    assert.equal(dialog.type(), "beforeunload");
    await Promise.all([leaving.waitForEvent("close"), dialog.accept()]);
  });

  await check("the client answers what an action over REST asks for", async () => {
    page.once("dialog", (dialog) => dialog.accept());
    await session.act("click", { selector: "#confirm" });
    await page.waitForFunction(() => document.querySelector("#out").textContent === "true");
    assert.equal(await session.text("#out"), "true");
  });

  await check("without the client we dismiss it at once", async () => {
    await browser.close();
    const { dialogs } = await session.act("click", { selector: "#confirm" });
    assert.deepEqual(dialogs, [{ type: "confirm", message: "sure?", accepted: false }]);
    assert.equal(await session.text("#out"), "false");
  });
});
