// The measured pages, served on loopback.
import http from "node:http";

const card = (k) => `<div class=c><a href="/p${k}">Item ${k}</a>
  <p>Some text for the card number ${k}, long enough to wrap.</p></div>`;

// Clicks and typed text are reflected in the HTML, so that a run can prove that they arrived.
const cards = `<!doctype html><html><head><title>Bench page</title><style>body{font-family:sans-serif;margin:40px}
  .c{display:inline-block;width:180px;border:1px solid #ccc;margin:6px;padding:8px}</style></head><body><h1>Bench</h1>
  <button id=b data-n=0 onclick="this.dataset.n++">Click me</button><input id=i oninput="this.dataset.v=this.value">
  ${Array.from({ length: 60 }, (_, k) => card(k)).join("\n")}</body></html>`;

const spinners = `<!doctype html><html><head><style>@keyframes turn{to{transform:rotate(1turn)}}
  .s{width:60px;height:60px;border:8px solid #ccc;border-top-color:#06c;border-radius:50%;animation:turn 1s linear infinite}
  </style></head><body>${"<div class=s></div>".repeat(4)}</body></html>`;

const scripts = Array.from({ length: 100 }, (_, k) => `<script async src="/script/${k}"></script>`);
const hundred = `<!doctype html><html><head><title>Bench page</title></head><body>${scripts.join("\n")}</body></html>`;

const pages = { "/spinners": spinners, "/hundred": hundred };

export async function serve() {
  const server = http.createServer((request, response) => {
    const script = request.url.startsWith("/script/");
    response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
    response.setHeader("cache-control", "no-store");
    response.end(script ? `// ${"x".repeat(1000)}` : pages[request.url] ?? cards);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return { url, spinners: `${url}spinners`, hundred: `${url}hundred` };
}
