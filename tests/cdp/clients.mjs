// How each library is connected, with nothing changed in it. A story loads the one it is about: that takes half a second.
export const playwright = async (session, options = {}) => {
  const { chromium } = await import("playwright-core");
  return chromium.connectOverCDP(await session.connectUrl(), { timeout: 15_000, ...options });
};

export const puppeteer = async (session, options = {}) => {
  const { default: library } = await import("puppeteer-core");
  return library.connect({ browserWSEndpoint: await session.connectUrl(), protocolTimeout: 30_000, ...options });
};
