// Reads frames as base64, a line each; writes what this library makes of them as JSON, a line each. Bytes become base64 under
// the name they have in JSON frames.
import { createInterface } from "node:readline";

import { decode } from "@msgpack/msgpack";

const named = ([key, value]) =>
  value instanceof Uint8Array ? [`${key}Base64`, Buffer.from(value).toString("base64")] : [key, asJson(value)];

function asJson(value) {
  if (Array.isArray(value)) return value.map(asJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(named));
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(asJson(decode(Buffer.from(line, "base64")))));
}
