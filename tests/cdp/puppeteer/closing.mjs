// However a client goes, the session stays.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ADDRESS, site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";
import { cut } from "../sockets.mjs";

await story(puppeteer, async ({ session, browser, check }) => {
  const alive = async () => {
    assert.equal((await session.read()).status, "active");
    await session.act("goto", { url: site("/form.html") });
    const client = await puppeteer(session);
    // Pages that a client left behind may stand before ours.
    const page = (await client.pages()).find((each) => each.url() === site("/form.html"));
    assert.equal(await page.title(), "Form");
    await page.locator("#name").fill("again");
    await page.click("#send");
    assert.equal(await session.text("#out"), "hello again");
    await client.disconnect();
  };
  const victim = async () => {
    const script = fileURLToPath(new URL("../victim.mjs", import.meta.url));
    const process_ = spawn(process.execPath, [script, "puppeteer", await session.connectUrl()], { stdio: ["ignore", "pipe", "inherit"] });
    await once(process_.stdout, "data");
    return process_;
  };

  await check("a client that closes the browser closes its connection", async () => {
    await browser.close();
    assert.equal(browser.connected, false);
    await alive();
  });

  await check("closing the browser over the protocol is answered first, on whatever session", async () => {
    const [one, other] = [await puppeteer(session), await puppeteer(session)];
    const gone = new Promise((resolve) => one.once("disconnected", resolve));
    const raw = await one.target().createCDPSession();
    assert.deepEqual(await raw.send("Browser.close"), {});
    await gone;
    assert.equal(other.connected, true);
    assert.equal(await (await other.pages())[0].evaluate(() => 6 * 7), 42);
    await other.disconnect();
    await alive();
  });

  await check("a connection that is cut while it is asked for much leaves nothing behind", async () => {
    for (let at = 0; at < 5; at += 1) {
      const client = await puppeteer(session);
      const page = await client.newPage();
      const gone = new Promise((resolve) => client.once("disconnected", resolve));
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
    for (const signal of ["SIGKILL", "SIGKILL", "SIGTERM"]) {
      const killed = await victim();
      killed.kill(signal);
      await once(killed, "exit");
      await alive();
    }
  }, 60_000);

  await check("a client that stands still does not hold up another", async () => {
    const still = await victim();
    still.kill("SIGSTOP");
    const client = await puppeteer(session);
    const page = await client.newPage();
    for (let at = 0; at < 100; at += 1) assert.equal(await page.evaluate((given) => given, at), at);
    await session.act("goto", { url: site("/other.html") });
    await client.disconnect();
    still.kill("SIGKILL");
    await once(still, "exit");
    await alive();
  }, 60_000);
});
