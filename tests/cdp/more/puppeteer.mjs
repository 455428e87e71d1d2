// Puppeteer by `browserURL`, which has neither a path nor a query.
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { form, greeting, port, tell } from "./story.mjs";

await tell("puppeteer-core", 20_000, async () => {
  const browser = await puppeteer.connect({ browserURL: `http://${port()}` });
  assert.match(await browser.version(), /Chrome\/\d+/);
  const page = await browser.newPage();
  await page.goto(form());
  assert.equal(await page.title(), "Form");
  await page.locator("#name").fill("puppeteer");
  await page.click("#send");
  assert.equal(await page.$eval("#out", (out) => out.textContent), greeting("puppeteer"));
  await page.close();
  await browser.disconnect();
});
