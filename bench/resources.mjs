// What a run takes from the machine and gives back: one temporary folder and the processes started here.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Resources {
  #children = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "capture-bench-"));
    chmodSync(this.folder, 0o711); // browsers under another uid must be able to enter
    process.env.TMPDIR = this.folder; // where the peers put their profiles
  }

  /** Starts a program; returns the first match of `pattern` in what it prints. */
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
