// What a run uses of the machine, and how it is given back: one temporary folder and the processes started here.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const STOP_MS = 10_000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Resources {
  #children = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "capture-bench-"));
    chmodSync(this.folder, 0o711); // browsers under another uid must be able to enter
    process.env.TMPDIR = this.folder; // where all peers put their profiles
  }

  /** Starts a program and returns the first match of `pattern` in what it prints on `stream`. */
  async start(command, args, stream, pattern) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CAPTURE_")));
    const child = spawn(command, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((done) => child.once("close", done).once("error", done));
    this.#children.push({ child, ended });
    let printed = "";
    const matched = new Promise((found) => {
      for (const name of ["stdout", "stderr"]) {
        child[name].on("data", (chunk) => {
          printed = (printed + chunk).slice(-10_000);
          const match = name === stream && printed.match(pattern);
          if (match) found(match);
        });
      }
    });
    const match = await Promise.race([matched, ended, sleep(60_000)]);
    if (Array.isArray(match)) return match;
    throw new Error(`${command} ${args.join(" ")} did not print ${pattern}:\n${printed}`);
  }

  async release() {
    await Promise.all(this.#children.map(async ({ child, ended }) => {
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(STOP_MS)]);
      try {
        process.kill(-child.pid, "SIGKILL"); // whatever is left of its process group
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
    }));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
