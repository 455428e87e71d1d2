// How each library is connected, with nothing changed in it.
import { chromium } from "playwright-core";
import puppeteerCore from "puppeteer-core";

export const playwright = async (session, options = {}) =>
  chromium.connectOverCDP(await session.connectUrl(), { timeout: 15_000, ...options });

export const puppeteer = async (session, options = {}) =>
  puppeteerCore.connect({ browserWSEndpoint: await session.connectUrl(), protocolTimeout: 30_000, ...options });
