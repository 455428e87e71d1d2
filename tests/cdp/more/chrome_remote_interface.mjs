// chrome-remote-interface: reads /json/protocol, lists pages, and speaks with one over its own socket.
import assert from "node:assert/strict";
import CDP from "chrome-remote-interface";
import { form, greeting, port, tell } from "./story.mjs";

await tell("chrome-remote-interface", 20_000, async () => {
  const [host, number] = port().split(":");
  const at = { host, port: Number(number) };
  assert.match((await CDP.Version(at)).Browser, /Chrome\/\d+/);
  const before = await CDP.List(at);
  const made = await CDP.New({ ...at, url: "about:blank" });
  assert.equal((await CDP.List(at)).length, before.length + 1);
  await CDP.Activate({ ...at, id: made.id });

  const client = await CDP({ ...at, target: made.id });
  const { Page, Runtime } = client;
  await Page.enable();
  await Page.navigate({ url: form() });
  await Page.loadEventFired();
  const run = async (expression) => (await Runtime.evaluate({ expression, returnByValue: true })).result.value;
  assert.equal(await run("document.title"), "Form");
  await run("document.getElementById('name').value = 'cri'");
  const box = JSON.parse(await run("JSON.stringify(document.getElementById('send').getBoundingClientRect())"));
  const point = { x: box.x + box.width / 2, y: box.y + box.height / 2, button: "left", clickCount: 1 };
  for (const type of ["mousePressed", "mouseReleased"]) await client.Input.dispatchMouseEvent({ type, ...point });
  assert.equal(await run("out.textContent"), greeting("cri"));
  await assert.rejects(() => Page.navigate({ url: "file:///etc/passwd" }), /refused/);

  const gone = new Promise((resolve) => client.once("disconnect", resolve));
  await CDP.Close({ ...at, id: made.id });
  await gone;
  assert.equal((await CDP.List(at)).length, before.length);
});
