// However a client closes the session's page, no action is lost.
import { puppeteer } from "../clients.mjs";
import { tell } from "../ways.mjs";

await tell(puppeteer, async (browser) => {
  const root = await browser.target().createCDPSession();
  const reach = async (page) => ({ raw: await page.createCDPSession(), root, fresh: () => browser.newPage() });
  return { pages: () => browser.pages(), reach };
});
