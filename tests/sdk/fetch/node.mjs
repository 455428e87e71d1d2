// The official SDK, unmodified, fetches pictures, documents and text: only its base URL differs.
import assert from "node:assert/strict";
import capture from "capture-node";

const { CAPTURE_TEST_BASE: base, CAPTURE_TEST_USER: user, CAPTURE_TEST_SECRET: secret, CAPTURE_TEST_PAGE: page } = process.env;
const { Capture } = capture;
Capture.API_URL = base;
Capture.EDGE_URL = base;

const begins = (buffer, bytes) => assert.deepEqual([...new Uint8Array(buffer).slice(0, bytes.length)], bytes);
for (const options of [undefined, { useEdge: true }]) {
  const client = new Capture(user, secret, options);
  begins(await client.fetchImage(page, { vw: 300, vh: 200, darkMode: true }), [0x89, 0x50, 0x4e, 0x47]);
  begins(await client.fetchImage(page, { type: "jpeg", waitFor: "body > *", delay: 0.1 }), [0xff, 0xd8, 0xff]);
  begins(await client.fetchPdf(page, { format: "A4", landscape: true }), [0x25, 0x50, 0x44, 0x46]);
  const content = await client.fetchContent(page);
  assert.equal(content.success, true);
  for (const form of ["html", "textContent", "markdown"]) assert.equal(typeof content[form], "string", form);
  const { success, metadata } = await client.fetchMetadata(page);
  assert.equal(success, true);
  assert.deepEqual(Object.keys(metadata).sort(), ["audio", "author", "date", "description", "feed", "iframe", "image", "lang",
    "logo", "publisher", "title", "url", "video"]);
  begins(await client.fetchAnimated(page, { duration: 1, vw: 200, vh: 100 }), [0x47, 0x49, 0x46]);
}
const forged = await fetch(new Capture(user, "wrong").buildImageUrl(page));
assert.equal(forged.status, 401);
assert.equal((await forged.json()).error, "Invalid hash");
console.log("sdk fetch node ok");
