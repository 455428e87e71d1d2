// @playwright/mcp with --cdp-endpoint, by connectUrl.
import assert from "node:assert/strict";
import { connectUrl, form, greeting, tell } from "./story.mjs";
import { start } from "./tools.mjs";

await tell("@playwright/mcp", 60_000, async () => {
  const tools = await start("playwright-mcp", ["--cdp-endpoint", connectUrl()]);
  assert.match(await tools.call("browser_navigate", { url: form() }), /Form/);
  const snapshot = await tools.call("browser_snapshot");
  const ref = (what) => new RegExp(`${what}.*?\\[ref=(\\w+)\\]`).exec(snapshot)?.[1];
  await tools.call("browser_type", { element: "Name", ref: ref('textbox "Name"'), target: ref('textbox "Name"'), text: "mcp" });
  await tools.call("browser_click", { element: "Send", ref: ref('button "Send"'), target: ref('button "Send"') });
  assert.match(await tools.call("browser_snapshot"), new RegExp(greeting("mcp")));
  await tools.call("browser_close");
  await tools.close();
});
