// Much at once: large replies, and many small ones.
import assert from "node:assert/strict";
import { story, until } from "../checks.mjs";
import { puppeteer } from "../clients.mjs";

const MEGABYTE = 1 << 20;
// Ten times as many in a long run.
const MANY = process.env.CAPTURE_LONG ? 3000 : 300;

await story(puppeteer, async ({ session, browser, check }) => {
  const [page] = await browser.pages();

  for (const megabytes of [1, 10, 50]) {
    await check(`a reply of ${megabytes} MB comes whole`, async () => {
      const reply = await page.evaluate((length) => `<${"x".repeat(length - 2)}>`, megabytes * MEGABYTE);
      assert.equal(reply.length, megabytes * MEGABYTE);
      assert.equal(reply, `<${"x".repeat(megabytes * MEGABYTE - 2)}>`);
    }, 60_000);
  }

  await check("10 MB go to the page", async () => {
    const given = "ü".repeat(5 * MEGABYTE);
    assert.equal(await page.evaluate((text) => text.length, given), given.length);
  }, 60_000);

  await check("a large picture", async () => {
    // Noise, so that it cannot be compressed.
    await page.setContent("<body style='margin: 0'><canvas width=2000 height=2500>");
    await page.evaluate(() => {
      const drawing = document.querySelector("canvas").getContext("2d");
      const image = drawing.createImageData(2000, 2500);
      let state = 1;
      for (let at = 0; at < image.data.length; at += 1) image.data[at] = at % 4 === 3 ? 255 : (state = (state * 48271) % 2147483647) & 255;
      drawing.putImageData(image, 0, 0);
    });
    const png = Buffer.from(await (await page.$("canvas")).screenshot());
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [2000, 2500]);
    assert(png.length > 10 * MEGABYTE, `${png.length} bytes`);
  }, 60_000);

  await check("small commands are answered while a large reply is on its way", async () => {
    const other = await browser.newPage();
    const large = page.evaluate((length) => "x".repeat(length), 50 * MEGABYTE);
    for (let at = 0; at < 200; at += 1) assert.equal(await other.evaluate((given) => given, at), at);
    assert.equal((await large).length, 50 * MEGABYTE);
    await other.close();
  }, 60_000);

  await check(`${MANY} small commands, one after another`, async () => {
    for (let at = 0; at < MANY; at += 1) assert.equal(await page.evaluate((given) => given + 1, at), at + 1);
  }, 90_000);

  await check(`${MANY} small commands at once`, async () => {
    const replies = await Promise.all(Array.from({ length: MANY }, (_, at) => page.evaluate((given) => given, at)));
    assert.deepEqual(replies, Array.from({ length: MANY }, (_, at) => at));
  }, 90_000);

  await check(`${3 * MANY} console messages`, async () => {
    let heard = 0;
    page.on("console", () => { heard += 1; });
    await page.evaluate((many) => { for (let at = 0; at < many; at += 1) console.log(at); }, 3 * MANY);
    await until("all are heard", () => heard === 3 * MANY, 30_000);
    page.removeAllListeners("console");
  }, 60_000);

  await check("the session is well after all of it", async () => {
    await page.setContent("<title>Well</title>");
    assert.equal((await session.act("title")).title, "Well");
  });
});
