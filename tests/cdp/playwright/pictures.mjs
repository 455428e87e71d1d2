// Pictures of pages, and pages on paper.
import assert from "node:assert/strict";
import { site } from "../capture.mjs";
import { story } from "../checks.mjs";
import { playwright } from "../clients.mjs";

/** Width and height of a PNG. */
const size = (png) => {
  assert.equal(png.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

await story(playwright, async ({ browser, check }) => {
  const [page] = browser.contexts()[0].pages();
  await page.goto(site("/tall.html"));

  await check("a picture of what is seen", async () => {
    assert.deepEqual(size(await page.screenshot()), [1440, 900]);
  });

  await check("a picture of the whole page", async () => {
    const whole = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    assert(whole[1] > 900);
    assert.deepEqual(size(await page.screenshot({ fullPage: true })), whole);
  });

  await check("a picture of a part, and of an element", async () => {
    assert.deepEqual(size(await page.screenshot({ clip: { x: 10, y: 20, width: 300, height: 40 } })), [300, 40]);
    await page.setContent(`<body style="margin: 0"><p style="background: red; width: 120px; height: 50px">`);
    assert.deepEqual(size(await page.locator("p").screenshot()), [120, 50]);
  });

  await check("other formats", async () => {
    const jpeg = await page.screenshot({ type: "jpeg", quality: 50 });
    assert.equal(jpeg.subarray(0, 3).toString("hex"), "ffd8ff");
    assert((await page.screenshot({ omitBackground: true })).length > 100);
  });

  await check("another size of the page", async () => {
    await page.setViewportSize({ width: 640, height: 480 });
    assert.deepEqual(await page.evaluate(() => [innerWidth, innerHeight]), [640, 480]);
    assert.deepEqual(size(await page.screenshot()), [640, 480]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await check("pictures of several pages at once", async () => {
    const own = await browser.newContext({ viewport: { width: 400, height: 300 } });
    const pages = await Promise.all(Array.from({ length: 4 }, () => own.newPage()));
    await Promise.all(pages.map((each) => each.goto(site("/form.html"))));
    const all = await Promise.all(pages.map((each) => each.screenshot()));
    assert.deepEqual(all.map(size), pages.map(() => [400, 300]));
    await own.close();
  }, 40_000);

  await check("a page on paper", async () => {
    const pdf = await page.pdf({ format: "A4" });
    assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    assert.match(pdf.subarray(-16).toString(), /%%EOF/);
  });
});
