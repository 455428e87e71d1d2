// Ours as another build has it, in `BENCH_BEFORE`: what a change costs, side by side with it.
import * as ours from "./capture.mjs";

export const name = "ours before";

export const start = (setting) => ours.start({ ...setting, capture: process.env.BENCH_BEFORE, folder: "before-" });
