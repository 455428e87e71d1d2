// What is measured, how often, what is to be reached, and how a result is known to be right.
import assert from "node:assert/strict";

/** Untimed runs before each series; also as many as there are pages in our pool, which `create (pool empty)` uses up. */
export const WARM_UP = 2;

/** 25 titles and clicks in turn; `act` is called with "title" or "click". */
export async function mixed(act) {
  for (let i = 0; i < 25; i++) await act(i % 2 ? "click" : "title");
}

const ms = (most) => ({ text: `≤ ${most}`, most: () => most });
const times = (factor, peer, key, of) => ({ text: `≤ ${factor} × ${of}`, most: (median) => factor * median(key, peer) });

const isTitle = (title) => assert.equal(title, "Bench page");
const isPicture = (png) => assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1440, 900], "size of the picture");
const isPage = (html) => assert.match(html, /Item 59/);
const areLinks = (links) => {
  assert.equal(links.length, 60);
  assert.equal(links[59].text, "Item 59");
  assert.match(links[59].href, /^http.*\/p59$/);
};

/** `share` of BENCH_N a round; `clicks` that one run makes; `goal` for ours. */
export const operations = [
  { key: "create", name: "create a session (+ page)", share: 0.1, goal: ms(5) },
  { key: "createEmpty", name: "create, pool empty", share: 0.1, goal: ms(40) },
  { key: "goto", name: "goto (domcontentloaded)", share: 0.3, goal: times(1.15, "raw", "goto", "raw CDP") },
  { key: "title", name: "title", share: 1, check: isTitle, goal: ms(0.8) },
  { key: "click", name: "click by selector", share: 0.3, clicks: 1, goal: ms(4) },
  { key: "fill", name: "fill", share: 0.5, text: "helloworld", goal: ms(3) },
  { key: "query", name: "query, 60 links, text + href", share: 0.5, check: areLinks, goal: ms(3) },
  { key: "content", name: "content (html)", share: 0.5, check: isPage, goal: ms(1.2) },
  { key: "screenshot", name: "screenshot 1440×900 PNG", share: 0.2, check: isPicture, goal: ms(20) },
  { key: "singles", name: "13 titles + 12 clicks, one by one", share: 0.1, clicks: 12 },
  { key: "batch", name: "13 titles + 12 clicks, one batch", share: 0.1, clicks: 12 },
  {
    key: "titleBeside", name: "title beside four sessions of 4 CSS spinners", share: 1, check: isTitle,
    goal: times(3, "capture", "title", "ours alone"),
  },
];
