// What was measured on what.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";

const version = (program) => execFileSync(program, ["--version"], { encoding: "utf8" }).split("(")[0].trim();
const installed = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

export function describe({ capture, executable, chromedriver }) {
  const cpus = os.cpus();
  return {
    Date: new Date().toISOString().slice(0, 10),
    Machine: `${cpus[0].model}, ${cpus.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
    Browser: `${version(executable)} (${executable})`,
    Ours: `${version(capture)}, ${capture.includes("/release/") ? "release" : "**not a release**"} build`,
    Peers: `Puppeteer ${installed("puppeteer-core")}, Playwright ${installed("playwright-core")}, ` +
      `${version(chromedriver)}, raw CDP over ws ${installed("ws")}; Node ${process.version}`,
  };
}
