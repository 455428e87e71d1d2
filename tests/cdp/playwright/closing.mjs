// However a client goes, the session stays.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ADDRESS, site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";
import { cut } from "../sockets.mjs";

await story(playwright, async ({ session, browser, check }) => {
  const alive = async () => {
    assert.equal((await session.read()).status, "active");
    await session.act("goto", { url: site("/form.html") });
    const client = await playwright(session);
    // Pages that a client left behind may stand before ours.
    const page = client.contexts()[0].pages().find((each) => each.url() === site("/form.html"));
    assert.equal(await page.title(), "Form");
    await page.fill("#name", "again");
    await page.click("#send");
    assert.equal(await session.text("#out"), "hello again");
    await client.close();
  };

  await check("a client that closes the browser closes its connection", async () => {
    await browser.close();
    assert.equal(browser.isConnected(), false);
    await alive();
  });

  await check("closing the browser over the protocol is answered first", async () => {
    const [one, other] = [await playwright(session), await playwright(session)];
    const gone = once(one, "disconnected");
    const raw = await one.newBrowserCDPSession();
    assert.deepEqual(await raw.send("Browser.close"), {});
    await gone;
    assert.equal(other.isConnected(), true);
    assert.equal(await other.contexts()[0].pages()[0].evaluate(() => 6 * 7), 42);
    await other.close();
    await alive();
  });

  await check("the default context cannot be closed away", async () => {
    const client = await playwright(session);
    await client.contexts()[0].close().catch(() => {});
    await client.close().catch(() => {});
    await alive();
  });

  await check("a connection that is cut while it is asked for much leaves nothing behind", async () => {
    for (let at = 0; at < 5; at += 1) {
      const client = await playwright(session);
      const page = await client.contexts()[0].newPage();
      const gone = once(client, "disconnected");
      const asked = [page.evaluate(() => "x".repeat(10_000_000)), page.evaluate(() => new Promise(() => {})), page.goto(site("/slow/500")), page.screenshot()];
      const answers = Promise.allSettled(asked);
      await new Promise((resolve) => setTimeout(resolve, 20 * at));
      assert(cut(ADDRESS) > 0);
      await gone;
      const rejected = (await answers).filter(({ status }) => status === "rejected");
      assert(rejected.length >= 2, `${rejected.length} were rejected`);
    }
    await alive();
  }, 60_000);

  await check("a client that is killed leaves nothing behind", async () => {
    const script = fileURLToPath(new URL("../victim.mjs", import.meta.url));
    for (const signal of ["SIGKILL", "SIGKILL", "SIGTERM"]) {
      const victim = spawn(process.execPath, [script, "playwright", await session.connectUrl()], { stdio: ["ignore", "pipe", "inherit"] });
      await once(victim.stdout, "data");
      victim.kill(signal);
      await once(victim, "exit");
      await alive();
    }
  }, 60_000);

  await check("a client that stands still does not hold up another", async () => {
    const script = fileURLToPath(new URL("../victim.mjs", import.meta.url));
    const victim = spawn(process.execPath, [script, "playwright", await session.connectUrl()], { stdio: ["ignore", "pipe", "inherit"] });
    await once(victim.stdout, "data");
    victim.kill("SIGSTOP");
    const client = await playwright(session);
    const page = await client.contexts()[0].newPage();
    for (let at = 0; at < 100; at += 1) assert.equal(await page.evaluate((given) => given, at), at);
    await session.act("goto", { url: site("/other.html") });
    await client.close();
    victim.kill("SIGKILL");
    await once(victim, "exit");
    await alive();
  }, 60_000);
});
