/** The quantile `p` of the samples, with `p` from 0 to 1. */
export function quantile(samples, p) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

/** Runs an operation `n` times after the warm-up. Returns the time of each `run` in ms, and the last result. */
export async function sample({ before, run, after, end }, n, warmUp) {
  const samples = [];
  let value;
  await before?.();
  for (let i = -warmUp; i < n; i++) {
    const start = performance.now();
    value = await run();
    if (i >= 0) samples.push(performance.now() - start);
    await after?.(value);
  }
  await end?.();
  return { samples, value };
}
