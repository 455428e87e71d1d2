// The official SDK, unmodified, against our server: only its base URL differs.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { Capture, CaptureSessionsError } from "capture-node";

const env = (name) => {
  assert(process.env[name], `${name} is not set`);
  return process.env[name];
};

let checks = 0;
const check = (holds, what) => {
  assert(holds, what);
  checks += 1;
};
const same = (actual, expected, what) => {
  // Not assert.deepEqual: whether it adds a diff of many lines to our message depends on the Node version.
  check(isDeepStrictEqual(actual, expected), `${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
};

const refused = async (call, status, code) => {
  const error = await call.then((reply) => assert.fail(`expected ${status}, got ${JSON.stringify(reply)}`), (e) => e);
  if (!(error instanceof CaptureSessionsError)) throw error;
  same(error.status, status, "error status");
  same(error.body.success, false, `${status} success`);
  same(error.body.code, code, `${status} code`);
  // The SDK replaces a missing or non-string `error` by a sentence of its own.
  check(error.message.length > 0, `${status} message is empty`);
  same(error.message, error.body.error, `${status} message`);
  return error;
};

const run = async () => {
  const [base, user, secret, page] = ["BASE", "USER", "SECRET", "PAGE"].map((name) => env(`CAPTURE_TEST_${name}`));
  Capture.EDGE_URL = base;
  const { sessions } = new Capture(user, secret);

  // One minute at most, so the session can never cost a second credit.
  const created = await sessions.create({ maxTtlSeconds: 60 });
  same(created.success, true, "create success");
  const { id, expiresAt, ...rest } = created.session;
  check(/^sess_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id), `session id ${id}`);
  check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(expiresAt), `expiresAt ${expiresAt}`);
  const options = { maxTtlSeconds: 60, proxy: false, bypassBotDetection: false, cdp: false };
  same(rest, { status: "active", ...options }, "created session");

  const got = await sessions.get(id);
  const pending = { closedAt: null, durationSeconds: null, billedCredits: null, closeReason: null };
  const expected = { id, status: "active", expiresAt, options, actionCount: 0, ...pending };
  same(got.success, true, "get success");
  same(Object.fromEntries(Object.keys(expected).map((key) => [key, got.session[key]])), expected, "get session");

  const act = async (type, payload) => {
    const reply = await sessions.action(id, type, payload);
    same(reply.success, true, `${type} success`);
    const left = reply.expiresInSeconds;
    check(Number.isInteger(left) && left > 0 && left <= 60, `${type} expiresInSeconds ${left}`);
    return reply;
  };

  const gone = await act("goto", { url: page });
  same([gone.url, gone.status, gone.title], [page, 200, "Form"], "goto url, status, title");

  const filled = await act("fill", { selector: "#name", value: "Ada" });
  same([filled.matched, filled.visible, filled.value], [true, true, "Ada"], "fill matched, visible, value");

  const clicked = await act("click", { selector: "#send" });
  same([clicked.matched, clicked.visible], [true, true], "click diagnostics");
  const { clickedPoint: point, boundingBox: box } = clicked;
  check(point.x >= box.x && point.x <= box.x + box.width, "clickedPoint.x outside boundingBox");
  check(point.y >= box.y && point.y <= box.y + box.height, "clickedPoint.y outside boundingBox");

  const out = await act("query", { selector: "#out" });
  same([out.selector, out.fields, out.limit, out.count], ["#out", ["text"], 100, 1], "query echo");
  same(out.elements.map((element) => element.text), ["hello Ada"], "query text");

  const links = await act("query", { selector: "a", fields: ["text", "href"] });
  check(links.count >= 2, `query found ${links.count} links`);
  same(links.elements.length, links.count, "query elements");
  for (const { text, href } of links.elements) {
    check(text.length > 0, "link without text");
    check(/^https?:\/\//.test(href), `link href ${href} is not absolute`);
  }

  same((await act("title")).title, "Form", "title");
  for (const [payload, format, part] of [[undefined, "text", "hello Ada"], [{ format: "html" }, "html", 'id="out"']]) {
    const content = await act("content", payload);
    same(content.format, format, "content format");
    check(content.content.includes(part), `content as ${format} lacks ${part}`);
  }

  const shot = await act("screenshot");
  same(shot.contentType, "image/png", "screenshot contentType");
  const png = Buffer.from(shot.bodyBase64, "base64");
  same(png.subarray(0, 8).toString("hex"), "89504e470d0a1a0a", "PNG magic");
  same([png.readUInt32BE(16), png.readUInt32BE(20)], [1440, 900], "PNG size");

  const steps = [
    { type: "fill", payload: { selector: "#name", value: "Grace" } },
    { type: "click", payload: { selector: "#send" } },
    { type: "query", payload: { selector: "#out" } },
  ];
  const batch = await act("batch", { actions: steps });
  same([batch.completed, batch.failedIndex], [3, null], "batch completed, failedIndex");
  const results = batch.results.map(({ index, type, success }) => [index, type, success]);
  same(results, [[0, "fill", true], [1, "click", true], [2, "query", true]], "batch results");
  same(batch.results[2].elements[0].text, "hello Grace", "batch query text");

  const unknown = await refused(sessions.action(id, "teleport"), 400, "invalid_request");
  check(["goto", "query"].every((type) => unknown.message.match(/\w+/g).includes(type)), "400 lists no accepted types");
  check(unknown.body.expiresInSeconds > 0, "400 expiresInSeconds");
  await refused(sessions.get("sess_00000000-0000-4000-8000-000000000000"), 404, "session_not_found");
  await refused(new Capture(user, `${secret}x`).sessions.get(id), 401, "unauthorized");

  const closed = await sessions.close(id);
  const { status, closeReason, billedCredits, actionBreakdown } = closed.session;
  same([closed.success, closed.expiresInSeconds], [true, 0], "close success, expiresInSeconds");
  same([status, closeReason, billedCredits], ["closed", "closed", 1], "close ending");
  const totals = { goto: 1, fill: 2, click: 2, query: 3, title: 1, content: 2, screenshot: 1, batch: 1 };
  const breakdown = Object.entries(totals).map(([type, total]) => [type, { total, success: total, error: 0 }]);
  same(actionBreakdown, Object.fromEntries(breakdown), "close actionBreakdown");
  same(closed.session.actionCount, 13, "close actionCount");
  same((await sessions.close(id)).session, closed.session, "second close");

  const late = await refused(sessions.action(id, "title"), 409, "session_inactive");
  same(late.body.session, closed.session, "409 session");
  same(late.body.expiresInSeconds, 0, "409 expiresInSeconds");
};

try {
  await run();
  console.log(`sdk node ok: ${checks} checks`);
} catch (error) {
  console.error(`sdk node failed after ${checks} checks: ${error.message}${error.cause ? ` (${error.cause.message})` : ""}`);
  process.exitCode = 1;
}
