// The measured operations: how often each runs, the goal for Capture, and how a result is verified.
import assert from "node:assert/strict";

/**
 * Untimed runs before a series. The server's pool holds as many pages, so that these runs leave it empty for
 * `createEmpty`.
 */
export const WARM_UP = 2;

/** 25 steps that alternate between titles and clicks. */
export const MIXED = Array.from({ length: 25 }, (_, i) => (i % 2 ? "click" : "title"));

const isTitle = (title) => assert.equal(title, "Bench page");
const isPage = (html) => assert.match(html, /Item 59/);
const isFullSize = (png) => assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1440, 900]);
const isTree = (tree) => assert.match(tree, /link "Item 59"/);
const areLinks = (links) => {
  assert.deepEqual([links.length, links[59].text], [60, "Item 59"]);
  assert.match(links[59].href, /^http.*\/p59$/);
};

/**
 * `share` of BENCH_N runs are measured; one run makes `clicks` clicks or types `text`; `goal` is the longest time for
 * Capture.
 */
export const operations = [
  { key: "create", name: "create a session (+ page)", share: 0.3, goal: { ms: 5 } },
  { key: "createEmpty", name: "create, pool empty", share: 0.3, goal: { ms: 40 } },
  { key: "createFirst", name: "create, the first of a user, a browser ready", share: 0.3, goal: { ms: 5 } },
  { key: "createFirstEmpty", name: "create, the first of a user, no browser ready", share: 0.3, goal: { ms: 110 } },
  { key: "createUsers", name: "10 creates of 10 users at once, the last", share: 0.1, goal: { ms: 400 } },
  { key: "createSessions", name: "10 creates of one user at once, the last", share: 0.1, goal: { ms: 150 } },
  { key: "goto", name: "goto (domcontentloaded)", share: 0.6, goal: { times: 1.15, peer: "raw", of: "goto" } },
  { key: "hundred", name: "load 100 small scripts, in a new context", share: 0.2, goal: { times: 1.15, peer: "raw", of: "hundred" } },
  { key: "command", name: "a CDP command, over the bridge", share: 6, goal: { times: 1.2, peer: "raw", of: "command" } },
  { key: "commands", name: "32 CDP commands at once, over the bridge", share: 1, goal: { times: 1.2, peer: "raw", of: "commands" } },
  { key: "bulk", name: "a CDP reply of 50 MB, over the bridge", share: 0.15, goal: { times: 1.5, peer: "raw", of: "bulk" } },
  { key: "title", name: "title", share: 3, check: isTitle, goal: { ms: 0.8 }, overChannel: { ms: 0.7 } },
  { key: "click", name: "click by selector", share: 1, clicks: 1, goal: { ms: 4 } },
  { key: "fill", name: "fill", share: 1, text: "helloworld", goal: { ms: 3 } },
  { key: "type", name: "type 10 characters", share: 0.6, text: "helloworld", goal: { ms: 10 } },
  { key: "snapshot", name: "snapshot", share: 1, check: isTree, goal: { ms: 8 } },
  { key: "query", name: "query 60 links, text + href", share: 1, check: areLinks, goal: { ms: 3 } },
  { key: "content", name: "content (html)", share: 1, check: isPage, goal: { ms: 1.2 } },
  { key: "screenshot", name: "screenshot 1440×900 PNG", share: 0.6, check: isFullSize, goal: { ms: 20 } },
  { key: "renderImage", name: "one picture of a page, nothing kept", share: 0.3, goal: { times: 0.6, peer: "playwright", of: "renderImage" } },
  { key: "renderFour", name: "four such pictures at once", share: 0.15 },
  { key: "renderPdf", name: "one PDF of a page, nothing kept", share: 0.3, goal: { times: 0.8, peer: "playwright", of: "renderPdf" } },
  { key: "renderContent", name: "one page as HTML and text, nothing kept", share: 0.3, goal: { times: 0.6, peer: "playwright", of: "renderContent" } },
  { key: "renderKept", name: "a picture from the cache", share: 1, goal: { ms: 2 } },
  { key: "singles", name: "25 titles and clicks, one by one", share: 0.2, clicks: 12 },
  { key: "batch", name: "25 titles and clicks, one batch", share: 0.2, clicks: 12, goal: { times: 1, peer: "capture", of: "singles" } },
  { key: "beside", name: "title beside 4 sessions with 4 CSS spinners each", share: 3, check: isTitle,
    goal: { times: 3, peer: "capture", of: "title" } },
  { key: "crowd", name: "title among 50 sessions, each asked for its title 5 times a second", share: 3, check: isTitle },
];

/** Connections of the streaming channel on simulated pages, and the most they may cost. */
export const CHANNELS = { connections: 10_000, bytesEach: 20_000, idleCores: 0.1, watchingCores: 0.3 };

/** Users with several sessions each on the bench's page, and the most memory that the whole server may take. */
export const USERS = { users: 16, sessions: 3, mib: 6144 };

/** Sessions on simulated pages that end at once, and how late the slowest one in a hundred may be. */
export const ENDS = { sessions: 10_000, ms: 25 };
