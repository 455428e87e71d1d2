"""cdp-use, which is what browser-use speaks the protocol with; by connectUrl."""

import asyncio

from cdp_use.client import CDPClient

from story import CONNECT_URL, FORM, greeting, tell_async


async def story():
    async with CDPClient(CONNECT_URL) as client:
        made = await client.send.Target.createTarget({"url": "about:blank"})
        attached = await client.send.Target.attachToTarget({"targetId": made["targetId"], "flatten": True})
        session = attached["sessionId"]

        async def run(expression):
            given = {"expression": expression, "returnByValue": True}
            return (await client.send.Runtime.evaluate(given, session_id=session))["result"].get("value")

        loaded = asyncio.Event()
        client.register.Page.loadEventFired(lambda event, session_id: loaded.set())
        await client.send.Page.enable(session_id=session)
        await client.send.Page.navigate({"url": FORM}, session_id=session)
        await loaded.wait()
        assert await run("document.title") == "Form"
        await run("document.getElementById('name').value = 'cdp-use'; document.getElementById('send').click()")
        assert await run("out.textContent") == greeting("cdp-use")
        await client.send.Target.closeTarget({"targetId": made["targetId"]})


tell_async("cdp-use", 30, story)
