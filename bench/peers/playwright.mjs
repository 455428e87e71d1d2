import { chromium } from "playwright-core";

import { mixed } from "../operations.mjs";

export const name = "Playwright";

export async function start({ executable, flags, url }) {
  const browser = await chromium.launch({
    executablePath: executable, args: flags, handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
  });
  const open = async () => (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const page = await open();
  const ops = {
    create: { run: open, after: (created) => created.context().close() },
    goto: () => page.goto(url, { waitUntil: "domcontentloaded" }),
    title: () => page.title(),
    click: () => page.click("#b"),
    fill: () => page.fill("#i", "helloworld"),
    query: () => page.$$eval(".c a", (all) => all.map(({ innerText, href }) => ({ text: innerText, href }))),
    content: () => page.content(),
    screenshot: () => page.screenshot(),
    singles: () => mixed((type) => (type === "title" ? page.title() : page.click("#b"))),
  };
  return { ops, stop: () => browser.close() };
}
