"""pydoll, connected to the browser's WebSocket of a bare port."""

from pydoll.browser.chromium import Chrome

from story import FORM, ask, greeting, tell_async


async def story():
    browser = Chrome()
    tab = await browser.connect(ask("/json/version")["webSocketDebuggerUrl"])
    await tab.go_to(FORM)
    assert await tab.title() == "Form"
    name = await tab.find(id="name")
    await name.insert_text("pydoll")
    await (await tab.find(id="send")).click()
    out = await tab.find(id="out")
    assert await out.text() == greeting("pydoll"), await out.text()
    await browser.close()


tell_async("pydoll-python", 60, story)
