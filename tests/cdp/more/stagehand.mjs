// Stagehand 3 with cdpUrl, by connectUrl; what it does without a model.
import assert from "node:assert/strict";
import { Stagehand } from "@browserbasehq/stagehand";
import { connectUrl, form, greeting, tell } from "./story.mjs";

await tell("@browserbasehq/stagehand", 60_000, async () => {
  const local = { cdpUrl: connectUrl() };
  const stagehand = new Stagehand({ env: "LOCAL", localBrowserLaunchOptions: local, verbose: 0, disablePino: true });
  await stagehand.init();
  const page = stagehand.context.pages()[0] ?? (await stagehand.context.newPage());
  await page.goto(form());
  assert.equal(await page.title(), "Form");
  await page.locator("#name").fill("stagehand");
  await page.locator("#send").click();
  assert.equal(await page.locator("#out").textContent(), greeting("stagehand"));
  await stagehand.close();
});
