// WebDriver, where each session is a browser process of its own.
import { client } from "../http.mjs";

export const name = "chromedriver";

export async function start({ chromedriver, executable, flags, url, resources }) {
  const [, port] = await resources.start(chromedriver, ["--port=0"], /started successfully on port (\d+)/);
  const driver = client(`http://127.0.0.1:${port}`);
  const call = async (method, path, body) => (await driver(method, path, body)).value;
  const options = { binary: executable, args: [...flags, "--window-size=1440,900"] };
  const capabilities = { alwaysMatch: { pageLoadStrategy: "eager", "goog:chromeOptions": options } };
  const open = async () => `/session/${(await call("POST", "/session", { capabilities })).sessionId}`;
  const close = (session) => call("DELETE", session);

  const session = await open();
  const get = (path) => call("GET", session + path);
  const post = (path, body = {}) => call("POST", session + path, body);
  const find = async (value) => `/element/${Object.values(await post("/element", { using: "css selector", value }))[0]}`;
  const links = "return [...document.querySelectorAll('.c a')].map(e => ({ text: e.innerText, href: e.href }))";
  const retype = async () => {
    const input = await find("#i");
    await post(`${input}/clear`);
    await post(`${input}/value`, { text: "helloworld" });
  };
  const ops = {
    create: { run: open, after: close },
    goto: () => post("/url", { url }),
    title: () => get("/title"),
    click: async () => post(`${await find("#b")}/click`),
    fill: retype,
    type: retype,
    query: () => post("/execute/sync", { script: links, args: [] }),
    content: () => get("/source"),
    screenshot: async () => Buffer.from(await get("/screenshot"), "base64"),
  };
  return { ops, stop: () => close(session) };
}
