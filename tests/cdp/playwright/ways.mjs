// However a client closes the session's page, no action is lost.
import { playwright } from "../clients.mjs";
import { tell } from "../ways.mjs";

await tell(playwright, async (browser) => {
  const [context] = browser.contexts();
  const root = await browser.newBrowserCDPSession();
  const reach = async (page) => ({ raw: await context.newCDPSession(page), root, fresh: () => context.newPage() });
  return { pages: async () => context.pages(), reach };
});
