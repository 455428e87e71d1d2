// agent-browser with --cdp and a port; each command is a program of its own, with a daemon behind.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { form, greeting, port, tell } from "./story.mjs";

const program = new URL("./node_modules/.bin/agent-browser", import.meta.url).pathname;
const run = promisify(execFile);
const agent = async (...args) => {
  const given = ["--session", `story${process.pid}`, "--cdp", port().split(":")[1], ...args];
  return (await run(process.execPath, [program, ...given], { timeout: 30_000 })).stdout.trim();
};

await tell("agent-browser", 90_000, async () => {
  await agent("open", form());
  assert.equal(await agent("get", "title"), "Form");
  await agent("fill", "#name", "agent");
  await agent("click", "#send");
  assert.equal(await agent("get", "text", "#out"), greeting("agent"));
  assert.match(await agent("snapshot"), /Send/);
  await agent("close");
});
