// Pictures of pages, and pages on paper.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

/** Width and height of a PNG. */
const size = (bytes) => {
  const png = Buffer.from(bytes);
  assert.equal(png.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

await story(puppeteer, async ({ browser, check }) => {
  const [page] = await browser.pages();
  await page.goto(site("/tall.html"));

  await check("a picture of what is seen, as large as the client has it by default", async () => {
    assert.deepEqual(page.viewport(), { width: 800, height: 600 });
    assert.deepEqual(size(await page.screenshot()), [800, 600]);
  });

  await check("a picture of the whole page", async () => {
    const [width, height] = size(await page.screenshot({ fullPage: true }));
    assert.equal(height, await page.evaluate(() => document.documentElement.scrollHeight));
    assert(height > 600 && width >= 780 && width <= 800, `${width} × ${height}`);
  });

  await check("a picture of a part, and of an element", async () => {
    assert.deepEqual(size(await page.screenshot({ clip: { x: 10, y: 20, width: 300, height: 40 } })), [300, 40]);
    await page.setContent(`<body style="margin: 0"><p style="background: red; width: 120px; height: 50px">`);
    assert.deepEqual(size(await (await page.$("p")).screenshot()), [120, 50]);
  });

  await check("other formats", async () => {
    const jpeg = Buffer.from(await page.screenshot({ type: "jpeg", quality: 50 }));
    assert.equal(jpeg.subarray(0, 3).toString("hex"), "ffd8ff");
    const webp = Buffer.from(await page.screenshot({ type: "webp" }));
    assert.equal(webp.subarray(8, 12).toString(), "WEBP");
    assert((await page.screenshot({ omitBackground: true })).length > 100);
    assert.match(await page.screenshot({ encoding: "base64" }), /^iVBOR/);
  });

  await check("another size of the page", async () => {
    await page.setViewport({ width: 640, height: 480, deviceScaleFactor: 2 });
    assert.deepEqual(await page.evaluate(() => [innerWidth, innerHeight]), [640, 480]);
    assert.deepEqual(size(await page.screenshot()), [1280, 960]);
    await page.setViewport(null);
    assert.deepEqual(await page.evaluate(() => devicePixelRatio), 1);
  });

  await check("pictures of several pages, in turn", async () => {
    const pages = await Promise.all(Array.from({ length: 4 }, () => browser.newPage()));
    await Promise.all(pages.map((each) => each.goto(site("/form.html"))));
    const all = await Promise.all(pages.map((each) => each.screenshot()));
    assert.deepEqual(all.map(size), pages.map(() => [800, 600]));
    await Promise.all(pages.map((each) => each.close()));
  }, 40_000);

  await check("a film of the page, read as a stream", async () => {
    const raw = await page.createCDPSession();
    const { stream } = await raw.send("Page.startScreenRecording", { maxWidth: 320, maxHeight: 240 });
    await page.evaluate(async () => {
      for (let at = 0; at < 10; at += 1) {
        document.body.style.background = at % 2 ? "red" : "blue";
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    await raw.send("Page.stopScreenRecording");
    const { data } = await raw.send("IO.read", { handle: stream, size: 64 });
    assert.equal(Buffer.from(data, "base64").subarray(4, 8).toString(), "ftyp");
    await raw.send("IO.close", { handle: stream });
    await assert.rejects(raw.send("Page.startScreenRecording", { audio: true }), /is refused/);
  });

  await check("a page on paper", async () => {
    const pdf = Buffer.from(await page.pdf({ format: "A4" }));
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    assert.match(pdf.subarray(-16).toString(), /%%EOF/);
  });
});
