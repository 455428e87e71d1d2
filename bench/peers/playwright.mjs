import { chromium } from "playwright-core";

export const name = "Playwright";

export async function start({ executable, flags, url }) {
  const quiet = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const browser = await chromium.launch({ executablePath: executable, args: flags, ...quiet });
  const open = async () => (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const page = await open();
  /** A fresh context for one document, as it would be written by hand. */
  const render = async (work) => {
    const page = await open();
    await page.goto(url, { waitUntil: "load" });
    const made = await work(page);
    await page.context().close();
    return made;
  };
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
    renderImage: () => render((page) => page.screenshot()),
    renderFour: () => Promise.all(Array.from({ length: 4 }, () => render((page) => page.screenshot()))),
    renderPdf: () => render((page) => page.pdf({ format: "A4" })),
    renderContent: () => render(async (page) => [await page.content(), await page.innerText("body")]),
  };
  return { ops, stop: () => browser.close() };
}
