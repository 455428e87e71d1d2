// The results as Markdown.
import { operations } from "./operations.mjs";
import { quantile } from "./stats.mjs";

/** Why a row may miss what it is to reach. */
const REASONS = {
  screenshot: "Chromium waits for two frames. Driving the frames ourselves (begin-frame control) would save one, but is not " +
    "safe with several tabs in one browser: a tab whose frames nobody drives stands still.",
  createEmpty: "each session gets a browser context and a renderer process of its own, and the pool refills itself at the same time.",
  create: "the pool refills itself at the same time.",
  titleBeside: "frames of four animated pages are painted in software on the same cores.",
};

const METHOD = `One run, one Chromium binary, one page of 60 cards on loopback, all peers from one Node process. Every peer keeps its
browser for the whole run; each round takes the operations in turn and each operation the peers in turn, so a slower or faster
minute of the machine hits all alike. Samples of all rounds are pooled. Each operation is awaited; closing, refilling and warm-up
are not timed. Results are checked: titles, links, the size of pictures, the number of clicks and the text that arrived.

- Peers run as their users run them (for root: without Chromium's sandbox). Raw CDP is the floor: the fewest messages that do the
  work, input events sent without awaiting each, no waiting for elements, no checks. A session of chromedriver is a browser process.
- Ours is called over REST on one kept-alive connection; Chromium runs in its sandbox, as root under a uid of its own. \`create\`
  leaves the pool time to refill; \`create, pool empty\` is a burst, each create right after the other.
- Times depend on the machine; ratios within one run are what counts.`;

const row = (cells) => `| ${cells.join(" | ")} |`;
const number = (ms) => (ms === undefined ? "–" : ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0));

function grid(head, rows) {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

export class Table {
  #samples;
  #peers;

  /** `samples[operation][peer]` in ms; `peers` maps keys to names, ours last. */
  constructor(samples, peers) {
    this.#samples = samples;
    this.#peers = peers;
  }

  #at(key, peer, p = 0.5) {
    const taken = this.#samples[key][peer];
    return taken && quantile(taken, p);
  }

  #verdict({ key, goal }) {
    if (!goal) return "–";
    return this.#at(key, "capture") <= goal.most((of, peer) => this.#at(of, peer)) ? "yes" : "**no**";
  }

  /** Medians of all, and how ours stands. */
  medians() {
    const others = Object.keys(this.#peers).filter((peer) => peer !== "capture");
    const head = ["ms", ...others.map((peer) => this.#peers[peer]), "ours p50", "ours p95", "to reach", "reached?"];
    return grid(head, operations.map((operation) => {
      const { key, name, goal } = operation;
      const medians = [...others, "capture"].map((peer) => number(this.#at(key, peer)));
      return [name, ...medians, number(this.#at(key, "capture", 0.95)), goal?.text ?? "–", this.#verdict(operation)];
    }));
  }

  #each(corner, cell) {
    return grid([corner, ...Object.values(this.#peers)], operations.map(({ key, name }) => [
      name, ...Object.keys(this.#peers).map((peer) => cell(key, peer)),
    ]));
  }

  #missed() {
    const missed = operations.filter((operation) => this.#verdict(operation) === "**no**");
    if (missed.length === 0) return "Nothing.";
    return missed.map(({ key, name, goal }) => {
      const raw = this.#at(key, "raw");
      const floor = raw ? ` (raw CDP: ${number(raw)})` : "";
      return `- **${name}**: ${number(this.#at(key, "capture"))} ms, to reach ${goal.text}${floor}: ${REASONS[key] ?? "not explained yet."}`;
    }).join("\n");
  }

  report(machine, rounds) {
    const ratio = (key, peer) => number(this.#at(key, peer) / this.#at(key, "raw") || undefined);
    const counts = operations.map(({ key, name }) => `${name} ${this.#samples[key].capture.length}`).join(", ");
    return `# Benchmarks

Written by \`make bench\`; do not edit. \`BENCH_ROUNDS\` and \`BENCH_N\` change how much it measures.

${Object.entries(machine).map(([what, value]) => `- ${what}: ${value}`).join("\n")}

## Medians

${this.medians()}

## p95

${this.#each("ms", (key, peer) => number(this.#at(key, peer, 0.95)))}

## Medians as a multiple of raw CDP

${this.#each("× raw CDP", ratio)}

## Missed, and why

${this.#missed()}

## Method

${METHOD}
- Samples of each peer, from ${rounds} rounds: ${counts}.
`;
  }
}
