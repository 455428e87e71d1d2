// A client that asks for more and more until it is killed: node victim.mjs LIBRARY URL
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";

const [library, url] = process.argv.slice(2);
const page = library === "playwright"
  ? await (await chromium.connectOverCDP(url)).contexts()[0].newPage()
  : await (await puppeteer.connect({ browserWSEndpoint: url })).newPage();
console.log("at work");
for (;;) await Promise.all(Array.from({ length: 10 }, () => page.evaluate(() => "x".repeat(1_000_000))));
