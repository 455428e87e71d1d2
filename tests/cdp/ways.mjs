// Twenty ways in which a client closes the session's page, each followed at once by an action: none is lost.
import assert from "node:assert/strict";
import { ACTIONS, FAST } from "./gone.mjs";
import { ADDRESS, Session, site } from "./capture.mjs";
import { story, until } from "./checks.mjs";
import { open } from "./raw.mjs";

const LONG = Boolean(process.env.CAPTURE_LONG);
const TIMES = LONG ? 200 : 2;

/** Whatever becomes of it: it was under way in a page that is closed. */
const doomed = (promise) => void Promise.resolve(promise).catch(() => {});
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** By name; each gets the page and what it is reached by, and returns when the page is being closed or is closed. */
const WAYS = {
  "by page.close()": async ({ page }) => doomed(page.close()),
  "by page.close(), awaited": ({ page }) => page.close(),
  "by page.close() that asks the page": async ({ page }) => doomed(page.close({ runBeforeUnload: true })),
  "by Page.close": async ({ raw }) => doomed(raw.send("Page.close")),
  "by Page.close, awaited": ({ raw }) => raw.send("Page.close").catch(() => {}), // the page may be gone before its answer
  "by Target.closeTarget, awaited": ({ root, targetId }) => root.send("Target.closeTarget", { targetId }),
  "by Target.closeTarget of the page itself": async ({ raw, targetId }) => doomed(raw.send("Target.closeTarget", { targetId })),
  "twice at once": async ({ page, root, targetId }) => {
    doomed(root.send("Target.closeTarget", { targetId }));
    doomed(page.close());
  },
  "by Page.close and Target.closeTarget at once": async ({ raw, root, targetId }) => {
    doomed(raw.send("Page.close"));
    doomed(root.send("Target.closeTarget", { targetId }));
  },
  "by two clients at once": async ({ page, other, targetId }) => {
    doomed(other.send("Target.closeTarget", { targetId }));
    doomed(page.close());
  },
  "by a client that leaves at once": async ({ session, targetId }) => {
    const client = await open(session);
    doomed(client.send("Target.closeTarget", { targetId }));
    client.close();
  },
  "by a client that is cut off at once": async ({ session, targetId }) => {
    const client = await open(session);
    doomed(client.send("Target.closeTarget", { targetId }));
    client.cut();
  },
  "by a socket of the page": async ({ session, targetId }) => {
    const client = await open(session, targetId);
    await client.send("Page.close");
  },
  "by /json/close": async ({ session, targetId }) => {
    const token = new URL(await session.connectUrl()).searchParams.get("token");
    const reply = await fetch(`${ADDRESS}/json/close/${targetId}?token=${token}`, { signal: AbortSignal.timeout(FAST) });
    assert.equal(reply.status, 200);
  },
  "while it navigates": async ({ page }) => {
    doomed(page.goto(site("/slow/400")));
    await pause(10);
    doomed(page.close());
  },
  "while its script waits": async ({ page }) => {
    doomed(page.evaluate(() => new Promise(() => {})));
    doomed(page.close());
  },
  "while its script loops": async ({ page, root, targetId }) => {
    doomed(page.evaluate(() => { for (const end = Date.now() + 300; Date.now() < end; ); }));
    doomed(root.send("Target.closeTarget", { targetId }));
  },
  "while it shows a dialog": async ({ page }) => {
    doomed(page.evaluate(() => alert("hm")));
    await pause(10);
    doomed(page.close());
  },
  "while a debugger holds it": async ({ page, raw, root, targetId }) => {
    await raw.send("Debugger.enable");
    doomed(page.evaluate("debugger"));
    await pause(10);
    doomed(root.send("Target.closeTarget", { targetId }));
  },
  "while another page opens": async ({ page, fresh, later }) => {
    later(fresh().then((made) => made.close()));
    doomed(page.close());
  },
};

/** Whether Chromium has forgotten that the page was to close, as it does where a navigation overtakes that. */
const stays = async (root, targetId) => {
  const gone = async () => !(await root.send("Target.getTargets")).targetInfos.some((each) => each.targetId === targetId);
  return until("the page is gone", gone, 3_000).then(() => false, () => true);
};

/** Closes the page in one way again and again; how often Chromium forgot it. */
const close = async (way, { session, pages, reach }) => {
  const other = await open(session);
  let [page, forgotten] = [undefined, 0];
  for (let at = 0; at < TIMES; at += 1) {
    const [type, payload, judge] = ACTIONS[at % ACTIONS.length];
    await until("the client sees the page that took the place of the last one", async () => {
      const [last, all] = [page, await pages()];
      if (all.length !== 1 || all[0] === last) return false;
      page = all[0];
      return true;
    });
    await page.goto(site("/other.html"));
    const { raw, root, fresh } = await reach(page);
    const { targetId } = (await raw.send("Target.getTargetInfo")).targetInfo;
    let rest = Promise.resolve();
    const later = (promise) => void (rest = promise.catch(() => {}));
    await way({ session, page, raw, root, targetId, other, fresh, later });
    const began = Date.now();
    judge(await session.act(type, payload()));
    const took = Date.now() - began;
    assert(took < FAST, `${type} took ${took} ms`);
    await rest;
    if (await stays(root, targetId)) {
      forgotten += 1;
      await root.send("Target.closeTarget", { targetId });
    }
  }
  assert.equal((await session.read()).status, "active");
  other.close();
  return forgotten;
};

/** `adapt` brings the pages of a library's client, and of a page its session, the browser's and another new page. */
export const tell = (connect, adapt) => story(connect, async ({ session, browser, check }) => {
  assert.equal(Object.keys(WAYS).length, 20);
  for (const [name, way] of Object.entries(WAYS)) {
    await check(`closed ${name} it costs no action`, async () => {
      // Two hundred times of all ways take longer than a session may live.
      const own = LONG && (await Session.create(900));
      const client = own ? await connect(own) : browser;
      const forgotten = await close(way, { session: own || session, ...(await adapt(client)) });
      if (forgotten) console.log(`   of ${TIMES} times Chromium forgot ${forgotten}`);
      if (own) await own.close();
    }, 20_000 + TIMES * 6_000);
  }
});
