"""What every Python client's story begins with and is judged by: where the session is, and "ok" as the last word."""

import asyncio
import json
import os
import traceback
import urllib.request

PORT = os.environ["PORT_ADDRESS"]
HOST, NUMBER = PORT.split(":")[0], int(PORT.split(":")[1])
CONNECT_URL = os.environ["CONNECT_URL"]
FORM = os.environ["SITE"] + "/form.html"


def greeting(name):
    return f"hello {name}"


def tell(client, story):
    """Tells a story; the exit code says whether it went well."""
    try:
        story()
    except BaseException:
        why = " ".join(traceback.format_exc().split())[-1500:]
        print(f"not ok {client}: {why}", flush=True)
        os._exit(1)
    print(f"ok {client}", flush=True)
    os._exit(0)  # whatever a library left running


def tell_async(client, deadline, story):
    """The same of a coroutine, within its deadline in seconds."""
    tell(client, lambda: asyncio.run(asyncio.wait_for(story(), deadline)))


def ask(path):
    """The JSON at a path of the port."""
    with urllib.request.urlopen(f"http://{PORT}{path}", timeout=10) as reply:
        return json.load(reply)
