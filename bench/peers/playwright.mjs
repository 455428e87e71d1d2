import { chromium } from "playwright-core";

export const name = "Playwright";

export async function start({ executable, flags, url }) {
  const quiet = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const browser = await chromium.launch({ executablePath: executable, args: flags, ...quiet });
  const open = async () => (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const page = await open();
  const ops = {
    create: { run: open, after: (created) => created.context().close() },
    goto: () => page.goto(url, { waitUntil: "domcontentloaded" }),
    title: () => page.title(),
    click: () => page.click("#b"),
    fill: () => page.fill("#i", "helloworld"),
    type: async () => {
      await page.fill("#i", "");
      await page.type("#i", "helloworld");
    },
    snapshot: () => page.locator("body").ariaSnapshot(),
    query: () => page.$$eval(".c a", (all) => all.map((e) => ({ text: e.innerText, href: e.href }))),
    content: () => page.content(),
    screenshot: () => page.screenshot(),
  };
  return { ops, stop: () => browser.close() };
}
