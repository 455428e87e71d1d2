// The session's page, closed by the client under the actions.
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";
import { tell } from "../gone.mjs";

await story(playwright, ({ session, browser, check }) => tell({ session, check, pages: () => browser.contexts()[0].pages() }));
