#!/usr/bin/env python3
"""`make long`: runs the long tests one after another, for a given number of minutes.

    scripts/long.py MINUTES

The tests are divided into pieces. A run continues with the piece after the last one that ended; pieces that failed are repeated first, and a
piece that was cut off by the end of the time is started again. `target/long/record.tsv` records which piece ran on which commit with which
result, and the output of each piece is beside it. With `MINUTES` 0 the script only prints the next pieces.
"""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

FOLDER = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "long"
STATE, RECORD = FOLDER / "state.json", FOLDER / "record.tsv"
# No piece is started with less time than this left, in seconds.
LEAST = 30
# Worlds of one piece of `simulate`, and of all pieces.
WORLDS, ALL_WORLDS = 10_000, 100_000

STORIES = ["cargo", "test", "--locked", "--workspace", "--test", "e2e", "--", "--test-threads=1", "--nocapture"]
SIMULATION = ["cargo", "test", "--locked", "--release", "-p", "capture-core", "--features", "redis", "--lib", "simulation::every_world"]
ATTACKS = "addresses schemes redirects elements scripts beyond_http raw_cdp edge tenants resources unguarded".split()


def pieces():
    """Name, command and environment of each piece, in the order in which they run."""

    def story(name, *filters):
        return name, STORIES + list(filters), {"CAPTURE_LONG": "1"}

    yield story("soak", "soak::", "load::", "codecs::")
    yield story("faults: processes", "--exact", "faults::whatever_is_hit_whoever_waits_is_answered")
    yield story("faults: cluster retold", "cluster::")
    yield "faults: cluster", STORIES + ["cluster_faults::"], {"CAPTURE_LONG": "1", "CAPTURE_ROUNDS": "2"}
    yield story("lies", "claims::")
    yield story("conversion", "content::whatever")
    yield story("bad_input", "bad_input::")
    yield story("neighbours", "neighbours::")
    yield story("hostile", "hostile::")
    yield story("cdp", "cdp::", "connect_expiry::")
    yield story("clients", "clients::", "s3_server::")
    yield story("site", "picture_site::")
    yield "features", ["make", "features"], {}
    for table in ATTACKS:
        yield story(f"attacks: {table}", f"attacks::{table}::")
    for first in range(0, ALL_WORLDS, WORLDS):
        worlds = {"CAPTURE_SEED": str(first), "CAPTURE_SEEDS": str(WORLDS)}
        yield f"simulate: worlds from {first}", SIMULATION, worlds


def commit():
    """The commit that is tested, with a mark if files differ from it."""
    run = lambda *arguments: subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    return run("rev-parse", "--short", "HEAD") + ("+" if run("status", "--porcelain") else "")


def carry_out(name, command, environment, seconds):
    """Runs a piece for at most this long. Returns `passed`, `failed` or `cut off`, and the file with its output."""
    output = FOLDER / f"{name.replace(': ', '-').replace(' ', '-')}.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = process.wait(timeout=seconds)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "cut off", output
    nothing_ran = "test result: ok. 0 passed" in output.read_text(errors="replace")
    return ("failed" if status or nothing_ran else "passed"), output


def note(name, result, seconds, output):
    """Appends a line to the record."""
    if not RECORD.exists():
        RECORD.write_text("ended\tcommit\tpiece\tresult\tseconds\toutput\n")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with RECORD.open("a") as record:
        record.write(f"{now}\t{commit()}\t{name}\t{result}\t{seconds:.0f}\t{output}\n")
    print(f"{seconds:8.0f} s  {result}  {name}", flush=True)


def main():
    """Exits with 1 when a piece failed."""
    end = time.monotonic() + float(sys.argv[1]) * 60
    FOLDER.mkdir(parents=True, exist_ok=True)
    state = json.loads(STATE.read_text()) if STATE.exists() else {"next": "", "failed": []}
    known = {name: (command, environment) for name, command, environment in pieces()}
    names = list(known)
    first = names.index(state["next"]) if state["next"] in known else 0
    again = [name for name in state["failed"] if name in known]
    order = again + [name for name in names[first:] + names[:first] if name not in again]
    if end <= time.monotonic():
        print("next:", *order, sep="\n    ")
        return
    any_failed = False
    for name in order:
        left = end - time.monotonic()
        if left < LEAST:
            break
        began = time.monotonic()
        result, output = carry_out(name, *known[name], left)
        note(name, result, time.monotonic() - began, output)
        state["failed"] = [other for other in state["failed"] if other != name] + [name] * (result == "failed")
        if name not in again and result != "cut off":
            state["next"] = names[(names.index(name) + 1) % len(names)]
        STATE.write_text(json.dumps(state))
        any_failed |= result == "failed"
        if result == "cut off":
            break
    print(f"what ran is in {RECORD}")
    sys.exit(any_failed)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    main()
