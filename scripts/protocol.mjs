// Writes capture-http/src/cdp/protocol.json: the protocol description of the installed Chromium, without the prose.
// Usage: node scripts/protocol.mjs [PROGRAM]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = process.argv[2] ?? "/usr/lib/chromium/chromium-headless-shell";
const profile = mkdtempSync(join(tmpdir(), "capture-protocol-"));
const flags = ["--remote-debugging-port=0", `--user-data-dir=${profile}`, ...(process.getuid() ? [] : ["--no-sandbox"])];
const browser = spawn(program, flags, { stdio: ["ignore", "ignore", "pipe"] });

const address = await new Promise((resolve, reject) => {
  let said = "";
  setTimeout(() => reject(new Error(`no address within 30 s: ${said}`)), 30_000).unref();
  browser.stderr.on("data", (data) => {
    said += data;
    const found = /ws:\/\/([^/]+)\//.exec(said);
    if (found) resolve(found[1]);
  });
});

/** A copy without `description`, which is most of the text. A parameter of that name is an object and stays. */
const bare = (value) => {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== "description" || typeof inner !== "string");
  return Object.fromEntries(kept.map(([key, inner]) => [key, bare(inner)]));
};

const get = async (path) => (await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(10_000) })).json();
const protocol = bare(await get("/json/protocol"));
const target = fileURLToPath(new URL("../capture-http/src/cdp/protocol.json", import.meta.url));
writeFileSync(target, `${JSON.stringify(protocol)}\n`);
console.log(await get("/json/version"), await get("/json/list"), `${protocol.domains.length} domains`);
browser.kill();
await new Promise((resolve) => browser.once("exit", resolve));
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
