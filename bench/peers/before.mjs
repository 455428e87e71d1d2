// Capture from another build, named by `BENCH_BEFORE`, to compare the cost of a change side by side.
import * as ours from "./capture.mjs";

export const name = "ours before";

export const start = (setting) => ours.start({ ...setting, capture: process.env.BENCH_BEFORE, folder: "before-" });
