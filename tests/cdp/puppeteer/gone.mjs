// The session's page, closed by the client under the actions.
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";
import { tell } from "../gone.mjs";

await story(puppeteer, ({ session, browser, check }) => tell({ session, check, pages: () => browser.pages() }));
