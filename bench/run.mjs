// Measures Capture side by side with its peers, prints the table and writes BENCHMARKS.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";

import { CHANNELS, ENDS, MIXED, operations as all, USERS, WARM_UP } from "./operations.mjs";
import { server } from "./peers/capture.mjs";
import { serve } from "./page.mjs";
import { memory, Resources, sleep } from "./resources.mjs";
import { sample } from "./stats.mjs";
import { tables } from "./table.mjs";

const { BENCH_ROUNDS: rounds = 3, BENCH_N: count = 100, BENCH_ONLY: only, BENCH_PEERS: chosen, BENCH_BEFORE: earlier, CAPTURE_BIN, CHROMIUM } = process.env;
const operations = only ? all.filter(({ key }) => only.split(",").includes(key)) : all;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const capture = CAPTURE_BIN ?? here("../target/release/capture");
const executable = CHROMIUM ?? "/usr/lib/chromium/chromium-headless-shell";
const chromedriver = "chromedriver";
const flags = ["gpu", "quic", "background-networking", "component-update", "sync"].map((what) => `--disable-${what}`);
if (process.getuid() === 0) flags.push("--no-sandbox");

function about() {
  const version = (program) => execFileSync(program, ["--version"], { encoding: "utf8" }).split("(")[0].trim();
  const cpus = os.cpus();
  const { dependencies } = JSON.parse(readFileSync(here("package.json")));
  const libraries = Object.entries(dependencies).map((each) => each.join(" "));
  return [
    `${new Date().toISOString().slice(0, 10)}, ${rounds} rounds, BENCH_N ${count}`,
    `${cpus[0].model}, ${cpus.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
    `${version(capture)}${/release/.test(capture) ? "" : ", **not a release build**"}; ${version(executable)} (${executable})`,
    `${libraries.join(", ")}, ${version(chromedriver)}, Node ${process.version}`,
  ];
}

/** Runs one series, and verifies that its effects arrived. */
async function series({ key, share, check, clicks = 0, text = "" }, ops) {
  const clicked = async () => Number((await ops.content()).match(/data-n="(\d+)"/)[1]);
  const earlier = await clicked();
  const n = Math.ceil((count * share) / rounds);
  const { samples, value } = await sample(ops[key].run ? ops[key] : { run: ops[key] }, n, WARM_UP);
  check?.(value);
  if (clicks) assert.equal((await clicked()) - earlier, clicks * (n + WARM_UP), "clicks that arrived");
  if (text) assert.ok((await ops.content()).includes(`data-v="${text}"`), "text that arrived");
  return samples;
}

async function measure(peers) {
  const samples = Object.fromEntries(operations.map(({ key }) => [key, {}]));
  for (let round = 1; round <= rounds; round++) {
    for (const operation of operations) {
      for (const { peer, ops } of peers.filter(({ ops }) => operation.key in ops)) {
        (samples[operation.key][peer] ??= []).push(...(await series(operation, ops)));
        await sleep(100); // lets processes that the previous peer left behind end
      }
    }
    peers.push(peers.shift()); // each round starts with another peer
    console.error(`round ${round} of ${rounds} done`);
  }
  return samples;
}

/** Measures how late sessions end, on the engine alone. */
function ends() {
  const said = execFileSync(here("../target/release/examples/many"), [ENDS.sessions], { encoding: "utf8" });
  const measured = JSON.parse(said);
  assert.equal(measured.credits, ENDS.sessions, "a credit each");
  return measured;
}

/** Measures what idle and watching connections cost, on the channel alone. */
function channels() {
  return JSON.parse(execFileSync(here("../target/release/examples/channels"), [CHANNELS.connections], { encoding: "utf8" }));
}

/** Measures the memory of many users' browsers together. */
async function users(resources, url) {
  const before = memory(process.pid);
  const { user } = await server(resources, { capture, executable, name: "users", warm: 2 });
  await Promise.all(Array.from({ length: USERS.users }, async (_, i) => {
    const call = user(`user${i}`);
    for (let n = 0; n < USERS.sessions; n++) {
      const { session } = await call("POST", "/v1/sessions", { maxTtlSeconds: 900 });
      await call("POST", `/v1/sessions/${session.id}/actions`, { type: "goto", payload: { url } });
    }
  }));
  await sleep(3000); // the pages and browsers in reserve are ready again
  return { mib: Math.round((memory(process.pid) - before) / 2 ** 20) };
}

async function main(peers, resources) {
  const setting = { capture, executable, chromedriver, flags, resources, ...(await serve()) };
  const names = {};
  const known = ["raw", "puppeteer", "playwright", "chromedriver", "channel", ...(earlier ? ["before"] : []), "capture"];
  for (const peer of known.filter((peer) => ["before", "capture"].includes(peer) || !chosen || chosen.split(",").includes(peer))) {
    const { name, start } = await import(`./peers/${peer}.mjs`);
    const { ops, stop } = await start(setting);
    ops.singles = async () => {
      for (const type of MIXED) await ops[type]();
    };
    names[peer] = name;
    peers.push({ peer, ops, stop });
    await ops.goto();
  }
  const { medians, slower, report } = tables(operations, await measure(peers), names);
  console.log(medians);
  if (earlier) console.log(`\nslower than before by more than 5 %: ${slower.join(", ") || "nothing"}`);
  if (only || chosen || earlier) return;
  const shared = await users(resources, setting.url);
  writeFileSync(here("../BENCHMARKS.md"), report(about(), { expired: ends(), connected: channels(), shared }));
}

const stopped = new Promise((_, stop) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop(new Error(signal)));
  setTimeout(() => stop(new Error("out of time")), 10 * 60_000);
});
const [peers, resources] = [[], new Resources()];
const failure = await Promise.race([main(peers, resources), stopped]).catch((error) => error);
if (failure) console.error(failure);
await Promise.race([Promise.allSettled(peers.map(({ stop }) => stop())), sleep(10_000)]);
await resources.release();
process.exit(failure ? 1 : 0);
