"""zendriver with host and port of a browser that runs already."""

import zendriver

from story import FORM, HOST, NUMBER, greeting, tell_async


async def story():
    browser = await zendriver.start(host=HOST, port=NUMBER)
    page = await browser.get(FORM)
    name = await page.select("#name")
    await name.send_keys("zendriver")
    await (await page.select("#send")).click()
    await page.sleep(0.2)
    out = await page.select("#out")
    assert out.text == greeting("zendriver"), out.text
    assert await page.evaluate("document.title") == "Form"
    await browser.stop()


tell_async("zendriver", 60, story)
