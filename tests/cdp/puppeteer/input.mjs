// Clicks, keys and files.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

const PAGE = `<!doctype html><style>* { font: 16px sans-serif }</style>
<button id=count onclick="this.textContent = 1 + +this.textContent" ondblclick="document.title = 'double'">0</button>
<input id=text oninput="document.title = this.value"><input id=box type=checkbox>
<select id=one><option>red<option>green<option>blue</select><input id=file type=file multiple>
<p id=hover onmouseover="this.textContent = 'over'">rest</p><p id=touch ontouchstart="this.textContent = 'touched'">rest</p>
<p id=from draggable=true>drag</p><p id=to ondragover="event.preventDefault()" ondrop="this.textContent = 'dropped'">here</p>
<div id=scrolls style="height: 100px; overflow: auto"><div style="height: 1000px"></div></div>`;

await story(puppeteer, async ({ browser, check }) => {
  const [page] = await browser.pages();
  await page.setContent(PAGE);
  const text = (selector) => page.$eval(selector, (it) => it.textContent);
  const value = (selector) => page.$eval(selector, (it) => it.value);

  await check("a form is filled in and sent", async () => {
    const form = await browser.newPage();
    await form.goto(site("/form.html"));
    await form.locator("#name").fill("Ada");
    await form.locator("::-p-aria(Send)").click();
    assert.equal(await form.$eval("#out", (it) => it.textContent), "hello Ada");
    await form.close();
  });

  await check("each click counts once", async () => {
    for (let at = 0; at < 10; at += 1) await page.click("#count");
    assert.equal(await text("#count"), "10");
    await page.click("#count", { count: 2 });
    assert.equal(await text("#count"), "12");
    assert.equal(await page.title(), "double");
    const { x, y } = await (await page.$("#count")).boundingBox();
    await page.mouse.click(x + 4, y + 4);
    assert.equal(await text("#count"), "13");
  });

  await check("text is typed key by key", async () => {
    await page.type("#text", "Größe 漢字 🙂");
    assert.equal(await value("#text"), "Größe 漢字 🙂");
    await page.keyboard.down("Control");
    await page.keyboard.press("A");
    await page.keyboard.up("Control");
    await page.keyboard.press("Backspace");
    await page.keyboard.type("Upper", { delay: 5 });
    await page.keyboard.down("Shift");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.up("Shift");
    await page.keyboard.sendCharacter("X");
    assert.equal(await page.title(), "UppeX");
  });

  await check("choices are made", async () => {
    await page.click("#box");
    assert.equal(await page.$eval("#box", (it) => it.checked), true);
    assert.deepEqual(await page.select("#one", "blue"), ["blue"]);
    assert.equal(await value("#one"), "blue");
  });

  await check("the mouse hovers and turns its wheel, a finger taps", async () => {
    await page.hover("#hover");
    assert.equal(await text("#hover"), "over");
    await page.tap("#touch");
    assert.equal(await text("#touch"), "touched");
    await page.hover("#scrolls");
    await page.mouse.wheel({ deltaY: 200 });
    await page.waitForFunction(() => document.querySelector("#scrolls").scrollTop > 0);
  });

  await check("something is dragged", async () => {
    const middle = async (selector) => (await page.$(selector)).clickablePoint();
    const [from, to] = [await middle("#from"), await middle("#to")];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 5 });
    await page.mouse.move(to.x, to.y, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction(() => document.querySelector("#to").textContent === "dropped");
  });

  await check("no file of the browser's disk is handed over", async () => {
    const input = await page.$("#file");
    await assert.rejects(input.uploadFile("/etc/hostname"));
    const [chooser] = await Promise.all([page.waitForFileChooser(), page.click("#file")]);
    await assert.rejects(chooser.accept(["/etc/hostname"]));
    assert.equal(await page.$eval("#file", (it) => it.files.length), 0);
  });
});
