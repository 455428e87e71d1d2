// chrome-devtools-mcp with --browserUrl, which has neither a path nor a query.
import assert from "node:assert/strict";
import { form, greeting, port, tell } from "./story.mjs";
import { start } from "./tools.mjs";

await tell("chrome-devtools-mcp", 60_000, async () => {
  const quiet = ["--no-usage-statistics", "--no-performance-crux"];
  const tools = await start("chrome-devtools-mcp", ["--browserUrl", `http://${port()}`, ...quiet]);
  const pages = await tools.call("new_page", { url: form() });
  const pageId = Number(/(\d+):[^\n]*form\.html/.exec(pages)?.[1]);
  const snapshot = await tools.call("take_snapshot", { pageId });
  assert.match(snapshot, /A form/);
  const uid = (what) => new RegExp(`uid=(\\S+) ${what}`).exec(snapshot)?.[1];
  await tools.call("fill", { pageId, uid: uid('textbox "Name"'), value: "devtools" });
  await tools.call("click", { pageId, uid: uid('button "Send"') });
  const out = await tools.call("evaluate_script", { pageId, function: "() => document.getElementById('out').textContent" });
  assert.match(out, new RegExp(greeting("devtools")));
  await tools.close();
});
