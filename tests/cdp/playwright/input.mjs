// Clicks, keys and files.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

const PAGE = `<!doctype html><style>* { font: 16px sans-serif }</style>
<button id=count onclick="this.textContent = 1 + +this.textContent" ondblclick="document.title = 'double'">0</button>
<input id=text oninput="document.title = this.value"><input id=box type=checkbox>
<select id=one><option>red<option>green<option>blue</select><input id=file type=file multiple>
<p id=hover onmouseover="this.textContent = 'over'">rest</p>
<p id=from draggable=true>drag</p><p id=to ondragover="event.preventDefault()" ondrop="this.textContent = 'dropped'">here</p>
<div id=scrolls style="height: 100px; overflow: auto"><div style="height: 1000px"></div></div>`;

await story(playwright, async ({ session, browser, check }) => {
  const [page] = browser.contexts()[0].pages();
  await page.setContent(PAGE);

  await check("a form is filled in and sent", async () => {
    const form = await browser.contexts()[0].newPage();
    await form.goto(site("/form.html"));
    await form.getByLabel("Name").fill("Ada");
    await form.getByRole("button", { name: "Send" }).click();
    assert.equal(await form.textContent("#out"), "hello Ada");
    await form.close();
  });

  await check("each click counts once", async () => {
    for (let at = 0; at < 10; at += 1) await page.click("#count");
    assert.equal(await page.textContent("#count"), "10");
    await page.dblclick("#count");
    assert.equal(await page.textContent("#count"), "12");
    assert.equal(await page.title(), "double");
    await page.mouse.click(...Object.values(await page.locator("#count").boundingBox()).slice(0, 2).map((side) => side + 4));
    assert.equal(await page.textContent("#count"), "13");
  });

  await check("text is typed key by key", async () => {
    await page.locator("#text").pressSequentially("Größe 漢字 🙂");
    assert.equal(await page.inputValue("#text"), "Größe 漢字 🙂");
    await page.press("#text", "Control+A");
    await page.keyboard.press("Backspace");
    await page.keyboard.type("Upper", { delay: 5 });
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.insertText("X");
    assert.equal(await page.title(), "UppeX");
  });

  await check("choices are made", async () => {
    await page.check("#box");
    assert.equal(await page.isChecked("#box"), true);
    assert.deepEqual(await page.selectOption("#one", "blue"), ["blue"]);
    assert.equal(await page.inputValue("#one"), "blue");
  });

  await check("the mouse hovers, drags and turns its wheel", async () => {
    await page.hover("#hover");
    assert.equal(await page.textContent("#hover"), "over");
    await page.dragAndDrop("#from", "#to");
    assert.equal(await page.textContent("#to"), "dropped");
    await page.hover("#scrolls");
    await page.mouse.wheel(0, 200);
    await page.waitForFunction(() => document.querySelector("#scrolls").scrollTop > 0);
  });

  await check("files of the client are handed over", async () => {
    const names = () => page.evaluate(async () => Promise.all([...document.querySelector("#file").files].map(async (file) => `${file.name}: ${await file.text()}`)));
    await page.setInputFiles("#file", { name: "memory.txt", mimeType: "text/plain", buffer: Buffer.from("from memory") });
    assert.deepEqual(await names(), ["memory.txt: from memory"]);
    const folder = await mkdtemp(join(tmpdir(), "capture-cdp-"));
    await writeFile(join(folder, "disk.txt"), "from the client's disk");
    await page.setInputFiles("#file", join(folder, "disk.txt"));
    assert.deepEqual(await names(), ["disk.txt: from the client's disk"]);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.click("#file")]);
    await chooser.setFiles(join(folder, "disk.txt"));
    assert.deepEqual(await names(), ["disk.txt: from the client's disk"]);
    await page.setInputFiles("#file", []);
    assert.deepEqual(await names(), []);
    await rm(folder, { recursive: true });
  });

  await check("a client that takes the browser's disk for its own gets no file of it", async () => {
    const client = await playwright(session, { isLocal: true });
    const [same] = client.contexts()[0].pages();
    await assert.rejects(same.setInputFiles("#file", "/etc/hostname", { timeout: 5_000 }));
    assert.equal(await page.evaluate(() => document.querySelector("#file").files.length), 0);
    await client.close();
  });
});
