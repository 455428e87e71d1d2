"""The official SDK, unmodified, against our server: only its base URL differs."""

import asyncio
import base64
import json
import os
import re
import struct
import sys

from capture import Capture, CaptureSessionsError

checks = 0


def check(holds, what):
    # Raised by hand, because `python -O` drops assert statements.
    global checks
    if not holds:
        raise AssertionError(what)
    checks += 1


def same(actual, expected, what):
    # Compared as JSON, because in Python 1 == True == 1.0.
    a, b = (json.dumps(value, sort_keys=True) for value in (actual, expected))
    check(a == b, f"{what}: expected {b}, got {a}")


def env(name):
    if not os.environ.get(name):
        raise AssertionError(f"{name} is not set")
    return os.environ[name]


async def refused(call, status, code):
    try:
        reply = await call
    except CaptureSessionsError as error:
        same(error.status, status, "error status")
        same(error.body["success"], False, f"{status} success")
        same(error.body["code"], code, f"{status} code")
        # The SDK replaces a missing or non-string `error` by a sentence of its own.
        check(len(str(error)) > 0, f"{status} message is empty")
        same(str(error), error.body["error"], f"{status} message")
        return error
    raise AssertionError(f"expected {status}, got {json.dumps(reply)}")


async def run():
    base, user, secret, page = (env(f"CAPTURE_TEST_{name}") for name in ("BASE", "USER", "SECRET", "PAGE"))
    Capture.EDGE_URL = base
    sessions = Capture(user, secret).sessions

    # One minute at most, so the session can never cost a second credit.
    created = await sessions.create({"maxTtlSeconds": 60})
    same(created["success"], True, "create success")
    rest = dict(created["session"])
    id, expires_at = rest.pop("id"), rest.pop("expiresAt")
    check(re.fullmatch(r"sess_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id), f"session id {id}")
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", expires_at), f"expiresAt {expires_at}")
    options = {"maxTtlSeconds": 60, "proxy": False, "bypassBotDetection": False, "cdp": False}
    same(rest, {"status": "active", **options}, "created session")

    got = await sessions.get(id)
    expected = {"id": id, "status": "active", "expiresAt": expires_at, "options": options, "actionCount": 0}
    expected |= dict.fromkeys(("closedAt", "durationSeconds", "billedCredits", "closeReason"))
    same(got["success"], True, "get success")
    same({key: got["session"][key] for key in expected}, expected, "get session")

    async def act(type, payload=None):
        reply = await sessions.action(id, type, payload)
        same(reply["success"], True, f"{type} success")
        check(reply["expiresInSeconds"] in range(1, 61), f"{type} expiresInSeconds {reply['expiresInSeconds']}")
        return reply

    gone = await act("goto", {"url": page})
    same([gone["url"], gone["status"], gone["title"]], [page, 200, "Form"], "goto url, status, title")

    filled = await act("fill", {"selector": "#name", "value": "Ada"})
    same([filled["matched"], filled["visible"], filled["value"]], [True, True, "Ada"], "fill matched, visible, value")

    clicked = await act("click", {"selector": "#send"})
    same([clicked["matched"], clicked["visible"]], [True, True], "click diagnostics")
    point, box = clicked["clickedPoint"], clicked["boundingBox"]
    check(box["x"] <= point["x"] <= box["x"] + box["width"], "clickedPoint.x outside boundingBox")
    check(box["y"] <= point["y"] <= box["y"] + box["height"], "clickedPoint.y outside boundingBox")

    out = await act("query", {"selector": "#out"})
    same([out["selector"], out["fields"], out["limit"], out["count"]], ["#out", ["text"], 100, 1], "query echo")
    same([element["text"] for element in out["elements"]], ["hello Ada"], "query text")

    links = await act("query", {"selector": "a", "fields": ["text", "href"]})
    check(links["count"] >= 2, f"query found {links['count']} links")
    same(len(links["elements"]), links["count"], "query elements")
    for link in links["elements"]:
        check(len(link["text"]) > 0, "link without text")
        check(re.match(r"https?://", link["href"]), f"link href {link['href']} is not absolute")

    same((await act("title"))["title"], "Form", "title")
    for payload, format, part in ((None, "text", "hello Ada"), ({"format": "html"}, "html", 'id="out"')):
        content = await act("content", payload)
        same(content["format"], format, "content format")
        check(part in content["content"], f"content as {format} lacks {part}")

    shot = await act("screenshot")
    same(shot["contentType"], "image/png", "screenshot contentType")
    png = base64.b64decode(shot["bodyBase64"], validate=True)
    same(png[:8].hex(), "89504e470d0a1a0a", "PNG magic")
    same(struct.unpack(">2I", png[16:24]), [1440, 900], "PNG size")

    steps = [
        {"type": "fill", "payload": {"selector": "#name", "value": "Grace"}},
        {"type": "click", "payload": {"selector": "#send"}},
        {"type": "query", "payload": {"selector": "#out"}},
    ]
    batch = await act("batch", {"actions": steps})
    same([batch["completed"], batch["failedIndex"]], [3, None], "batch completed, failedIndex")
    results = [[result["index"], result["type"], result["success"]] for result in batch["results"]]
    same(results, [[0, "fill", True], [1, "click", True], [2, "query", True]], "batch results")
    same(batch["results"][2]["elements"][0]["text"], "hello Grace", "batch query text")

    unknown = await refused(sessions.action(id, "teleport"), 400, "invalid_request")
    check({"goto", "query"} <= set(re.findall(r"\w+", str(unknown))), "400 lists no accepted types")
    check(unknown.body["expiresInSeconds"] > 0, "400 expiresInSeconds")
    await refused(sessions.get("sess_00000000-0000-4000-8000-000000000000"), 404, "session_not_found")
    await refused(Capture(user, f"{secret}x").sessions.get(id), 401, "unauthorized")

    closed = await sessions.close(id)
    final = closed["session"]
    same([closed["success"], closed["expiresInSeconds"]], [True, 0], "close success, expiresInSeconds")
    same([final["status"], final["closeReason"], final["billedCredits"]], ["closed", "closed", 1], "close ending")
    totals = {"goto": 1, "fill": 2, "click": 2, "query": 3, "title": 1, "content": 2, "screenshot": 1, "batch": 1}
    breakdown = {type: {"total": n, "success": n, "error": 0} for type, n in totals.items()}
    same(final["actionBreakdown"], breakdown, "close actionBreakdown")
    same(final["actionCount"], 13, "close actionCount")
    same((await sessions.close(id))["session"], final, "second close")

    late = await refused(sessions.action(id, "title"), 409, "session_inactive")
    same(late.body["session"], final, "409 session")
    same(late.body["expiresInSeconds"], 0, "409 expiresInSeconds")


async def fetches():
    Capture.API_URL = env("CAPTURE_TEST_BASE")
    page = env("CAPTURE_TEST_PAGE")
    for options in ({}, {"useEdge": True}):
        client = Capture(env("CAPTURE_TEST_USER"), env("CAPTURE_TEST_SECRET"), options)
        image = await client.fetch_image(page, {"vw": 300, "vh": 200, "full": True, "delay": 0.1})
        check(image.startswith(b"\x89PNG"), "fetch_image")
        check((await client.fetch_pdf(page, {"format": "A5", "printBackground": True})).startswith(b"%PDF-"), "fetch_pdf")
        content = await client.fetch_content(page, {"waitFor": "body > *"})
        check(all(isinstance(content[form], str) for form in ("html", "textContent", "markdown")), "fetch_content")
        metadata = await client.fetch_metadata(page)
        same([metadata["success"], len(metadata["metadata"])], [True, 13], "fetch_metadata")
        animated = await client.fetch_animated(page, {"duration": 1, "vw": 200, "vh": 100})
        check(animated.startswith(b"GIF89a"), "fetch_animated")


async def everything():
    await run()
    await fetches()


try:
    asyncio.run(everything())
    print(f"sdk python ok: {checks} checks")
except Exception as error:
    sys.exit(f"sdk python failed after {checks} checks: {type(error).__name__}: {error}")
