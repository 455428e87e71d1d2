// Formats the results as Markdown.
import { CHANNELS, ENDS, USERS } from "./operations.mjs";
import { quantile } from "./stats.mjs";

/** The reasons why Capture may miss a goal. */
const REASONS = {
  title: "one evaluation in the page, as raw CDP, and one REST call around it, which costs the difference on this machine.",
  createEmpty: "each session gets a browser context and a renderer of its own, while the pool refills at the same time.",
  createFirstEmpty: "the start of a browser and its first page keep a core busy all the time.",
  createUsers: "two of the ten find a browser ready, the other eight share the cores for the starts of theirs.",
  createSessions: "one finds a page ready, the other nine share the cores for the renderers of theirs.",
  screenshot: "Chromium waits for two frames. Begin-frame control would spare one, but is not safe with several tabs in one " +
    "browser: it needs one clock for all of them.",
};

const METHOD = `One run, one Chromium binary, one page of 60 cards on loopback, everything called from one Node process. All browsers live
through the whole run; each round goes through the operations, and each operation through the peers, so that a slower minute of
the machine hits all alike. Samples of all rounds are pooled; ${"`"}BENCH_ROUNDS${"`"} and ${"`"}BENCH_N${"`"} say how many, ${"`"}BENCH_ONLY${"`"} which rows,
${"`"}BENCH_PEERS${"`"} which peers; ${"`"}BENCH_BEFORE${"`"} names another build of ours to stand beside this one. Warm-up, closing and refilling
are not timed. Titles, links, picture sizes, the number of clicks and the text that arrived are checked.

- Raw CDP is the floor: the fewest messages, mouse events sent without awaiting each, no waiting for elements, no checks.
  Its pages reach their server directly, ours through the egress guard. Its commands go straight to Chromium, ours through ${"`"}connectUrl${"`"}.
  A session of chromedriver is a browser process. As root all peers run Chromium without its sandbox, ours with it.
- Ours is called over REST on one kept-alive connection, and over one connection of the channel, in JSON. Before each timed ${"`"}create${"`"} the pool has time to refill; with
  ${"`"}pool empty${"`"} creates follow each other without a pause.
- Times depend on the machine; ratios within one run are what counts.`;

const ms = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const grid = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const ends = ({ sessions, p50, p99, max }) => `${sessions} sessions at once on simulated pages, all left to expire within five seconds: each end was told
${ms(p50)} ms (p50), ${ms(p99)} ms (p99), at most ${ms(max)} ms after its deadline (p99 to reach: ${ENDS.ms} ms: ${p99 <= ENDS.ms ? "yes" : "**no**"}), and cost one credit.`;

const channels = ({ connections, bytesEach, idleCores, watchingCores, framesPerSecond }) => {
  const judged = (value, most) => `to reach: ${most}: ${value <= most ? "yes" : "**no**"}`;
  return `${connections} connections to one server, simulated pages. Idle, each costs ${bytesEach} bytes of its memory
(${judged(bytesEach, CHANNELS.bytesEach)}), and all together ${idleCores.toFixed(3)} of a core (${judged(idleCores, CHANNELS.idleCores)}). With a session and a countdown a second
each, ${framesPerSecond} frames a second cost ${watchingCores.toFixed(3)} of a core (${judged(watchingCores, CHANNELS.watchingCores)}).`;
};

const users = ({ mib }) => `${USERS.users} users with ${USERS.sessions} sessions each on the bench's page, a browser each: the server and all of its browsers take
${mib} MiB (to reach: ${USERS.mib}: ${mib <= USERS.mib ? "yes" : "**no**"}), what they share counted once.`;

/** `samples[operation][peer]` in ms; `names` of the peers, Capture last. */
export function tables(operations, samples, names) {
  const peers = Object.keys(names);
  const at = (key, peer, p = 0.5) => quantile(samples[key][peer], p);
  const cell = (key, peer, text) => (samples[key][peer] ? text(at(key, peer)) : "–");
  const goalText = ({ times, peer, of, ...goal }) => (times ? `≤ ${times} × ${of} (${names[peer]})` : `≤ ${goal.ms}`);
  const reached = ({ key, goal }) =>
    samples[goal.of ?? key]?.[goal.peer ?? "capture"] !== undefined &&
    at(key, "capture") <= (goal.ms ?? goal.times * at(goal.of, goal.peer));

  const medians = grid(
    ["p50, ms", ...peers.map((peer) => names[peer]), "ours p95", "to reach", "reached?"],
    operations.map((operation) => [
      operation.name, ...peers.map((peer) => cell(operation.key, peer, ms)), ms(at(operation.key, "capture", 0.95)),
      ...(operation.goal ? [goalText(operation.goal), reached(operation) ? "yes" : "**no**"] : ["–", "–"]),
    ]),
  );
  const spread = grid(
    ["p95, ms (p50 as a multiple of raw CDP's)", ...peers.map((peer) => names[peer])],
    operations.map(({ key, name }) => [name, ...peers.map((peer) => cell(key, peer, (median) => {
      const ratio = cell(key, "raw", (floor) => ` (${(median / floor).toFixed(2)} ×)`);
      return ms(at(key, peer, 0.95)) + (ratio === "–" ? "" : ratio);
    }))]),
  );
  const missed = operations.filter((operation) => operation.goal && !reached(operation)).map(({ key, name, goal }) =>
    `- **${name}**: ${ms(at(key, "capture"))} ms, to reach ${goalText(goal)}, raw CDP ${cell(key, "raw", ms)}: ` +
    (REASONS[key] ?? "no reason known yet."));

  const talked = operations.filter(({ key, overChannel }) => overChannel && samples[key].channel).map(({ key, name, overChannel }) =>
    `Over the channel ${name} takes ${ms(at(key, "channel"))} ms, to reach ≤ ${overChannel.ms}: ` +
    (at(key, "channel") <= overChannel.ms ? "yes." : "**no**.")).join("\n");

  const report = (about, { expired, connected, shared }) => [
    "# Benchmarks", "Written by `make bench`; do not edit.", about.map((line) => `- ${line}`).join("\n"), medians, spread,
    "## The channel", talked, channels(connected), "## Ends of sessions", ends(expired), "## Memory", users(shared), "## Missed, and why", missed.join("\n") || "Nothing.", "## Method", METHOD,
  ].join("\n\n") + "\n";
  const slower = operations.filter(({ key }) => samples[key].before && at(key, "capture") > 1.05 * at(key, "before"))
    .map(({ key, name }) => `${name} (+${(100 * (at(key, "capture") / at(key, "before") - 1)).toFixed(0)} %)`);
  return { medians, slower, report };
}
