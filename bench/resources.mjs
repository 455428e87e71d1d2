// The resources of a run: one temporary folder and the processes started from here, all released at the end.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Memory of a process and its descendants in bytes; memory they share is counted once. */
export function memory(root) {
  const read = (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return ""; // the process has ended
    }
  };
  const parents = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    .map((pid) => [Number(pid), Number(read(`/proc/${pid}/stat`).split(") ").pop().split(" ")[1])]);
  const below = (pid) => [pid, ...parents.filter(([, parent]) => parent === pid).flatMap(([child]) => below(child))];
  const kib = (pid) => Number(read(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
  return below(root).reduce((sum, pid) => sum + kib(pid) * 1024, 0);
}

export class Resources {
  #children = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "capture-bench-"));
    chmodSync(this.folder, 0o711); // browsers under another uid must be able to enter
    process.env.TMPDIR = this.folder; // the peers put their profiles there
  }

  /** Starts a program. Returns the first match of `pattern` in its output. */
  start(command, args, pattern) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CAPTURE_")));
    const child = spawn(command, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((done) => child.once("close", done).once("error", done));
    this.#children.push({ child, ended });
    return new Promise((found, failed) => {
      let printed = "";
      const read = (chunk) => {
        printed = (printed + chunk).slice(-9999);
        if (pattern.test(printed)) found(printed.match(pattern));
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      ended.then(() => failed(new Error(`${command} ${args.join(" ")} ended:\n${printed}`)));
    });
  }

  async release() {
    for (const { child } of this.#children) child.kill("SIGTERM");
    const ended = Promise.all(this.#children.map((each) => each.ended));
    await Promise.race([ended, sleep(10_000)]);
    for (const { child } of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
