// Two clients at once: each gets its own replies, both see the page.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story, until } from "../checks.mjs";
import { playwright } from "../clients.mjs";

await story(playwright, async ({ session, browser: one, check }) => {
  const other = await playwright(session);
  const [mine, theirs] = [one.contexts()[0].pages()[0], other.contexts()[0].pages()[0]];

  await check("where one goes the other is", async () => {
    await Promise.all([theirs.waitForURL(site("/form.html")), mine.goto(site("/form.html"))]);
    assert.equal(theirs.url(), site("/form.html"));
    await Promise.all([mine.waitForURL(site("/other.html")), theirs.goto(site("/other.html"))]);
    assert.deepEqual([await mine.title(), await theirs.title()], ["Other", "Other"]);
  });

  await check("a thousand replies each, and each its own", async () => {
    const asked = (page, who) => Promise.all(Array.from({ length: 1000 }, (_, at) => page.evaluate((given) => given, `${who} ${at}`)));
    const replies = await Promise.all([asked(mine, "one"), asked(theirs, "other")]);
    for (const [who, got] of [["one", replies[0]], ["other", replies[1]]]) {
      assert.deepEqual(got, Array.from({ length: 1000 }, (_, at) => `${who} ${at}`));
    }
  }, 60_000);

  await check("things one holds are not the other's", async () => {
    const handle = await mine.evaluateHandle(() => ({ held: 1 }));
    await other.contexts()[0].newCDPSession(theirs).then((cdp) => cdp.detach());
    assert.deepEqual(await handle.jsonValue(), { held: 1 });
    await handle.dispose();
  });

  await check("a page one makes is seen by the other, and its end too", async () => {
    const [seen, made] = await Promise.all([other.contexts()[0].waitForEvent("page"), one.contexts()[0].newPage()]);
    await made.goto(site("/form.html"));
    await until("the other sees where it is", () => seen.url() === site("/form.html"));
    await seen.fill("#name", "both");
    await made.click("#send");
    assert.equal(await seen.textContent("#out"), "hello both");
    await Promise.all([seen.waitForEvent("close"), made.close()]);
    assert.equal(other.contexts()[0].pages().length, 1);
  });

  await check("what one routes is answered for both, and is over when it says so", async () => {
    await mine.route("**/made-up", (route) => route.fulfill({ body: "by one" }));
    assert.equal(await theirs.evaluate(async () => (await fetch("/made-up")).text()), "by one");
    await mine.unrouteAll();
    assert.match(await theirs.evaluate(async () => (await fetch("/made-up")).text()), /No made-up/);
  });

  await check("a dialog that both see is answered once", async () => {
    await mine.goto(site("/cdp-dialogs.html"));
    const heard = [];
    for (const [who, page] of [["one", mine], ["other", theirs]]) {
      page.on("dialog", (dialog) => { heard.push(who); dialog.accept().catch(() => {}); });
    }
    await mine.click("#confirm");
    await theirs.waitForFunction(() => document.querySelector("#out").textContent === "true");
    assert.deepEqual(heard.sort(), ["one", "other"]);
    mine.removeAllListeners("dialog");
    theirs.removeAllListeners("dialog");
    await mine.evaluate(() => alert("nobody listens"));
    assert.equal(await theirs.title(), "Dialogs");
  });

  await check("an own context of one is not touched by the other", async () => {
    const own = await one.newContext();
    const page = await own.newPage();
    await page.emulateMedia({ media: "print" });
    const third = await playwright(session, { noDefaults: true });
    assert.equal(await page.evaluate(() => matchMedia("print").matches), true);
    await Promise.all([third.close(), own.close()]);
  });

  await check("a client that leaves takes no frames from the others", async () => {
    // A client's Runtime domain that ends keeps the browser from telling the others of documents without scripts.
    const third = await playwright(session);
    await third.close();
    await until("frames without scripts are told", async () => {
      await mine.goto(site("/form.html"));
      await mine.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src })), site("/other.html"));
      await mine.waitForTimeout(300);
      const title = mine.frames().at(-1).title();
      return (await Promise.race([title, mine.waitForTimeout(1_000)])) === "Other";
    }, 8_000);
  });

  await check("one leaves, the other stays", async () => {
    const working = other.contexts()[0].newPage();
    await one.close();
    const page = await working;
    await page.goto(site("/other.html"));
    assert.equal(await page.title(), "Other");
    assert.equal(other.isConnected(), true);
    assert.equal((await session.read()).status, "active");
    await theirs.goto(site("/form.html"));
    assert.equal((await session.act("title")).title, "Form");
  });

  await check("five at once, all at work", async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => playwright(session)));
    const titles = await Promise.all(clients.map(async (client, at) => {
      const page = await client.contexts()[0].newPage();
      await page.goto(site(`/other.html?${at}`));
      return page.evaluate(() => location.search);
    }));
    assert.deepEqual(titles, ["?0", "?1", "?2", "?3", "?4"]);
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);
});
