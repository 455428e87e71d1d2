// A client and actions over REST on the same page.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const [context] = browser.contexts();
  const page = () => context.pages()[0];

  await check("where the client goes the session is", async () => {
    await page().goto(site("/form.html"));
    assert.equal(await session.where(), site("/form.html"));
    assert.equal((await session.act("title")).title, "Form");
  });

  await check("where the session goes the client is", async () => {
    const [reply] = await Promise.all([session.act("goto", { url: site("/other.html") }), page().waitForURL(site("/other.html"))]);
    assert.deepEqual([reply.status, reply.title], [200, "Other"]);
    assert.equal(await page().title(), "Other");
  });

  await check("one fills in, the other sends", async () => {
    await page().goto(site("/form.html"));
    await session.act("fill", { selector: "#name", value: "by REST" });
    await page().click("#send");
    assert.equal(await session.text("#out"), "hello by REST");
    await page().fill("#name", "by the client");
    await session.act("click", { selector: "#send" });
    assert.equal(await page().textContent("#out"), "hello by the client");
  });

  await check("both at once, fifty times each", async () => {
    const fifty = (act) => Array.from({ length: 50 }).reduce((before) => before.then(act), Promise.resolve());
    await Promise.all([
      fifty(async () => assert.equal((await session.act("title")).title, "Form")),
      fifty(async () => assert.equal(await page().title(), "Form")),
    ]);
  }, 40_000);

  await check("requests of the session pass through the client's routes", async () => {
    await page().route("**/made-up.html", (route) => route.fulfill({ contentType: "text/html", body: "<title>Made up</title>" }));
    assert.equal((await session.act("goto", { url: site("/made-up.html") })).title, "Made up");
    await page().unrouteAll();
    await page().goto(site("/form.html"));
  });

  await check("pages the client makes are never the session's", async () => {
    const made = [];
    for (const owner of [context, await browser.newContext()]) {
      const page = await owner.newPage();
      await page.goto(site("/other.html"));
      await page.bringToFront();
      assert.equal(await session.where(), site("/form.html"));
      assert.equal((await session.act("screenshot")).contentType, "image/png");
      made.push(page);
    }
    await made[0].goto(site("/popups.html"));
    const [popup] = await Promise.all([made[0].waitForEvent("popup"), made[0].click("#open")]);
    assert.equal(await session.where(), site("/form.html"));
    for (const page of [popup, ...made]) await page.close();
    assert.equal(await session.where(), site("/form.html"));
  });

  await check("a picture is of what the client made of the page", async () => {
    await page().setContent("<body style='margin: 0; background: rgb(0, 128, 0)'>");
    const { bodyBase64, contentType } = await session.act("screenshot");
    assert.equal(contentType, "image/png");
    const painted = await page().evaluate(async (source) => {
      const bitmap = await createImageBitmap(await (await fetch(source)).blob());
      const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
      const drawing = canvas.getContext("2d");
      drawing.drawImage(bitmap, 0, 0);
      return [bitmap.width, bitmap.height, ...drawing.getImageData(5, 5, 1, 1).data];
    }, `data:image/png;base64,${bodyBase64}`);
    assert.deepEqual(painted, [1440, 900, 0, 128, 0, 255]);
  });

  await check("a page of ours that the client closes is replaced by a blank one", async () => {
    await page().goto(site("/form.html"));
    const replaced = context.waitForEvent("page");
    await page().close();
    const blank = await replaced;
    await until("the session is on the blank page", async () => (await session.where()) === "about:blank");
    assert.equal(blank.url(), "about:blank");
    await blank.goto(site("/other.html"));
    assert.equal(await session.where(), site("/other.html"));
    assert.equal((await session.act("goto", { url: site("/form.html") })).title, "Form");
    assert.equal(await blank.title(), "Form");
  });

  await check("also when it is closed again and again", async () => {
    for (let at = 0; at < 5; at += 1) {
      const replaced = context.waitForEvent("page");
      await page().close();
      await replaced;
    }
    await until("the session is on a blank page", async () => (await session.where()) === "about:blank");
    assert.equal(context.pages().length, 1);
    await session.act("goto", { url: site("/form.html") });
    assert.equal(await page().title(), "Form");
  }, 40_000);

  await check("after the client the session's page is as it was", async () => {
    await page().setViewportSize({ width: 500, height: 400 });
    await browser.close();
    const { width, height } = await session.act("screenshot");
    assert.deepEqual([width, height], [1440, 900]);
    assert.equal((await session.act("goto", { url: site("/other.html") })).title, "Other");
  });
});
