// Measures our server side by side with its peers, prints the table and writes BENCHMARKS.md.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe } from "./machine.mjs";
import { operations, WARM_UP } from "./operations.mjs";
import { serve } from "./page.mjs";
import * as capture from "./peers/capture.mjs";
import * as chromedriver from "./peers/chromedriver.mjs";
import * as playwright from "./peers/playwright.mjs";
import * as puppeteer from "./peers/puppeteer.mjs";
import * as raw from "./peers/raw.mjs";
import { Resources, sleep } from "./resources.mjs";
import { sample } from "./stats.mjs";
import { Table } from "./table.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const N = Number(process.env.BENCH_N ?? 100);
const LIMIT_MS = 15 * 60_000;
/** Between two series, for what the last one left behind. */
const SETTLE_MS = 100;

const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const programs = {
  capture: process.env.CAPTURE_BIN ?? root("target/release/capture"),
  executable: process.env.CHROMIUM ?? "/usr/lib/chromium/chromium-headless-shell",
  chromedriver: process.env.CHROMEDRIVER ?? "chromedriver",
};
const flags = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
];
const modules = { raw, puppeteer, playwright, chromedriver, capture };
const names = Object.fromEntries(Object.entries(modules).map(([key, { name }]) => [key, name]));

/** One series, and the proof that what it did arrived. */
async function series({ key, check, clicks, text }, ops, n) {
  const clicked = async () => Number((await ops.content()).match(/data-n="(\d+)"/)[1]);
  const earlier = clicks && (await clicked());
  const { samples, value } = await sample(ops[key], n, WARM_UP);
  check?.(value);
  if (clicks) assert.equal((await clicked()) - earlier, clicks * (n + WARM_UP), "clicks that arrived");
  if (text) assert.ok((await ops.content()).includes(`data-v="${text}"`), "text that arrived");
  return samples;
}

async function measure(peers) {
  const all = Object.fromEntries(operations.map(({ key }) => [key, {}]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = peers.map((_, i) => peers[(i + round) % peers.length]);
    for (const operation of operations) {
      for (const { key: peer, ops } of order.filter(({ ops }) => operation.key in ops)) {
        process.stderr.write(`round ${round + 1}/${ROUNDS}: ${operation.name}, ${names[peer]}\n`);
        const samples = await series(operation, ops, Math.max(1, Math.round(N * operation.share)));
        (all[operation.key][peer] ??= []).push(...samples);
        await sleep(SETTLE_MS);
      }
    }
  }
  return all;
}

async function main(peers, resources, site) {
  for (const [key, { start }] of Object.entries(modules)) {
    peers.push({ key, ...(await start({ ...programs, ...site, flags, resources })) });
  }
  for (const { ops } of peers) await ops.goto();
  const table = new Table(await measure(peers), names);
  console.log(table.medians());
  writeFileSync(root("BENCHMARKS.md"), table.report(describe(programs), ROUNDS));
}

const stopped = new Promise((_, stop) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop(new Error(signal)));
  setTimeout(() => stop(new Error("out of time")), LIMIT_MS);
});
const peers = [];
const resources = new Resources();
const site = await serve();
let failed = 0;
try {
  await Promise.race([main(peers, resources, site), stopped]);
} catch (error) {
  console.error(error);
  failed = 1;
}
await Promise.race([Promise.allSettled(peers.map(({ stop }) => stop())), sleep(10_000)]);
await resources.release();
site.close();
process.exit(failed);
