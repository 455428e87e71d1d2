// Stories of named checks. One that hangs fails at its deadline, and the others are still told; the exit code says
// whether all went well.
import { Session } from "./capture.mjs";

const DEADLINE = 20_000;
let failed = 0;

const told = (name, error) => {
  if (error) failed += 1;
  // One line for each: what a library adds to its messages is seldom of use here.
  const why = error && String(error.stack ?? error).replace(/\s+/g, " ").slice(0, 1000);
  console.log(error ? `not ok ${name}: ${why}` : `ok ${name}`);
};

const within = async (deadline, run) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${deadline} ms`)), deadline);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** A check is good when it returns. */
export const check = async (name, run, deadline = DEADLINE) => {
  await within(deadline, run).then(() => told(name), (error) => told(name, error));
};

/** Waits for what comes a moment later. */
export const until = async (what, holds, patience = 5_000) => {
  for (const end = Date.now() + patience; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** A session with one client connected, for a story; both are gone after it. */
export const story = async (connect, tell) => {
  process.on("unhandledRejection", (error) => told("every rejection is expected", error));
  const session = await within(DEADLINE * 2, () => Session.create());
  try {
    const browser = await within(DEADLINE, () => connect(session));
    await tell({ session, browser, check });
  } catch (error) {
    told("the story is told to its end", error);
  }
  await check("the session can be closed", () => session.close());
  process.exit(failed ? 1 : 0);
};
