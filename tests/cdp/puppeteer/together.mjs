// Two clients at once: each gets its own replies, both see the page.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { playwright, puppeteer } from "../clients.mjs";

await story(puppeteer, async ({ session, browser: one, check }) => {
  const other = await puppeteer(session);
  const [[mine], [theirs]] = [await one.pages(), await other.pages()];
  const text = (page, selector) => page.$eval(selector, (it) => it.textContent);

  await check("where one goes the other is", async () => {
    await Promise.all([theirs.waitForNavigation(), mine.goto(site("/form.html"))]);
    assert.equal(theirs.url(), site("/form.html"));
    await Promise.all([mine.waitForNavigation(), theirs.goto(site("/other.html"))]);
    assert.deepEqual([await mine.title(), await theirs.title()], ["Other", "Other"]);
  });

  await check("a thousand replies each, and each its own", async () => {
    const asked = (page, who) => Promise.all(Array.from({ length: 1000 }, (_, at) => page.evaluate((given) => given, `${who} ${at}`)));
    const replies = await Promise.all([asked(mine, "one"), asked(theirs, "other")]);
    for (const [at, who] of ["one", "other"].entries()) {
      assert.deepEqual(replies[at], Array.from({ length: 1000 }, (_, at) => `${who} ${at}`));
    }
  }, 60_000);

  await check("a page one makes is seen by the other, and its end too", async () => {
    const made = await one.newPage();
    await made.goto(site("/form.html"));
    const target = await other.waitForTarget((each) => each.type() === "page" && each.url() === site("/form.html"));
    const seen = await target.page();
    await seen.type("#name", "both");
    await made.click("#send");
    assert.equal(await text(seen, "#out"), "hello both");
    const closed = new Promise((resolve) => seen.once("close", resolve));
    await made.close();
    await closed;
    assert.equal((await other.pages()).length, 1);
  });

  await check("what one intercepts is answered for both, and is over when it says so", async () => {
    await mine.setRequestInterception(true);
    mine.on("request", (request) => request.respond({ body: "by one" }));
    assert.equal(await theirs.evaluate(async () => (await fetch("/made-up")).text()), "by one");
    mine.removeAllListeners("request");
    await mine.setRequestInterception(false);
    assert.match(await theirs.evaluate(async () => (await fetch("/made-up")).text()), /No made-up/);
  });

  await check("functions of both are called in the same page", async () => {
    const called = [];
    await mine.exposeFunction("ofOne", () => { called.push("one"); });
    await theirs.exposeFunction("ofOther", () => { called.push("other"); });
    await mine.evaluate(() => { globalThis.ofOne(); globalThis.ofOther(); });
    await until("both are called", () => called.length === 2);
    assert.deepEqual(called.sort(), ["one", "other"]);
  });

  await check("a dialog that both see is answered once", async () => {
    await mine.goto(site("/cdp-dialogs.html"));
    const heard = [];
    for (const [who, page] of [["one", mine], ["other", theirs]]) {
      page.on("dialog", (dialog) => { heard.push(who); dialog.accept().catch(() => {}); });
    }
    await mine.click("#confirm");
    await theirs.waitForFunction(() => document.querySelector("#out").textContent === "true");
    await until("both heard of it", () => heard.length === 2);
    for (const page of [mine, theirs]) page.removeAllListeners("dialog");
  });

  await check("a client of another library beside them", async () => {
    const third = await playwright(session);
    const [same] = third.contexts()[0].pages();
    await mine.goto(site("/form.html"));
    await same.fill("#name", "three");
    await theirs.click("#send");
    assert.equal(await text(mine, "#out"), "hello three");
    const own = await third.newContext();
    await (await own.newPage()).goto(site("/other.html"));
    await third.close();
    await theirs.reload();
    assert.equal(await theirs.title(), "Form");
    await until("its context is gone", async () => (await one.pages()).length === 1);
  });

  await check("one closes the browser, the other stays", async () => {
    const working = other.newPage();
    await one.close();
    const page = await working;
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    assert.deepEqual([one.connected, other.connected], [false, true]);
    assert.equal((await session.read()).status, "active");
    await theirs.goto(site("/form.html"));
    assert.equal((await session.act("title")).title, "Form");
  });

  await check("five at once, all at work", async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => puppeteer(session)));
    const found = await Promise.all(clients.map(async (client, at) => {
      const page = await client.newPage();
      await page.goto(site(`/other.html?${at}`));
      return page.evaluate(() => location.search);
    }));
    assert.deepEqual(found, ["?0", "?1", "?2", "?3", "?4"]);
    await Promise.all(clients.map((client) => client.disconnect()));
  }, 60_000);
});
