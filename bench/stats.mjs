/** The value below which the share `p` of the samples lies. */
export function quantile(samples, p) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

/** Times `op` n times after the warm-up; only `run` counts. Returns the samples in ms and the last result. */
export async function sample(op, n, warmUp) {
  const { before, run, after, end } = typeof op === "function" ? { run: op } : op;
  const samples = [];
  let value;
  await before?.();
  try {
    for (let i = -warmUp; i < n; i++) {
      const start = performance.now();
      value = await run(i);
      if (i >= 0) samples.push(performance.now() - start);
      await after?.(value);
    }
  } finally {
    await end?.();
  }
  return { samples, value };
}
