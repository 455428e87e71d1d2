import puppeteer from "puppeteer-core";

export const name = "Puppeteer";

export async function start({ executable, flags, url }) {
  const browser = await puppeteer.launch({
    executablePath: executable, args: flags, headless: "shell", defaultViewport: { width: 1440, height: 900 },
    handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
  });
  const open = async () => (await browser.createBrowserContext()).newPage();
  const page = await open();
  const ops = {
    create: { run: open, after: (created) => created.browserContext().close() },
    goto: () => page.goto(url, { waitUntil: "domcontentloaded" }),
    title: () => page.title(),
    click: () => page.click("#b"),
    fill: () => page.locator("#i").fill("helloworld"),
    type: async () => {
      await page.$eval("#i", (field) => (field.value = ""));
      await page.type("#i", "helloworld");
    },
    query: () => page.$$eval(".c a", (all) => all.map((e) => ({ text: e.innerText, href: e.href }))),
    content: () => page.content(),
    screenshot: async () => Buffer.from(await page.screenshot()),
  };
  return { ops, stop: () => browser.close() };
}
