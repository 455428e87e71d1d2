#!/usr/bin/env python3
"""`make quick`: builds, and runs the unit tests and the stories that cover the changes since main, within about 90 seconds.

The changed files come from git: all since the branch left main, including uncommitted and new files; on main itself the uncommitted files or,
without any, the last commit. TABLE maps files to stories. Tests that took long in the last `make test`, and those that no longer fit into the
time, are left to `make test` and listed.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import test_times

# Seconds for the tests; the rest of the 90 seconds is for building.
BUDGET = 45
# A test that takes longer than this many seconds is left to `make test`.
LONGEST = 25
# Assumed seconds of a test whose duration is unknown, and the number of tests that run in parallel.
UNKNOWN, BESIDE = 4, 2

CHROMIUM = "capture-core/src/browser/chromium/"
# Files and the stories that exercise them, as prefixes of test names. Stories of earlier rows run first.
TABLE = [
    (CHROMIUM + r"(actions/(pointer|drag|input)|page/frame_geometry|scripts/(click|drag))", "clicks behaviours::clicks behaviours::pointer"),
    (CHROMIUM + r"(actions/(form|edit)|scripts/(fill|choose))", "fields behaviours::forms"),
    (CHROMIUM + r"actions/keyboard", "fields behaviours::keyboard"),
    (CHROMIUM + r"(actions/(goto|navigate)|page/(tabs?|target_events))\.", "navigation tabs behaviours::navigation behaviours::happenings"),
    (CHROMIUM + r"(actions/wait|scripts/wait)", "waits behaviours::waiting"),
    (CHROMIUM + r"(actions/(read|content|console)|scripts/(read|find))", "content behaviours::reading behaviours::selectors"),
    (CHROMIUM + r"(actions/snapshot|scripts/(snapshot|name|role|state))", "accname behaviours::snapshots"),
    (CHROMIUM + r"actions/(screenshot|viewport|screencast)", "pictures behaviours::pictures"),
    (CHROMIUM + r"(page/frames|scripts/frames)", "behaviours::frames"),
    (CHROMIUM + r"(actions/scroll|scripts/scroll)", "behaviours::pointer"),
    (CHROMIUM + r"console/", "behaviours::happenings content"),
    (CHROMIUM + r"(bridge/|cdp/|instance/(cdp_clients|client_queue|closing|failure_reasons))", "cdp connect_urls discovery raw_frames"),
    (CHROMIUM + r"(pool/|instance/|process/(chromium_process|memory|run_root|remote|host))", "crashes bypass"),
    (CHROMIUM + r"process/(sandbox|flags|executable)", "hardening"),
    (CHROMIUM + r"(page/|scripts/own)", "pages steps navigation clicks"),
    (r"capture-core/src/egress/", "proxy hardening"),
    (r"capture-core/src/(ledger|billing|account)", "billing lifecycle idempotency keys"),
    (r"capture-core/src/(session|event|actor|engine)/", "lifecycle idempotency billing watchers"),
    (r"capture-core/src/(cluster|ledger/redis)/", "failover"),
    (r"capture-core/src/action/", "golden pages steps edge"),
    (r"capture-core/src/", "lifecycle"),
    (r"capture-ws/", "channel codecs cuts watchers"),
    (r"capture-http/src/cdp/", "connect_urls connect_expiry discovery cdp"),
    (r"capture-http/src/commands/forward/", "forward clients"),
    (r"capture-http/src/(commands|cli|config)", "cli readme"),
    (r"capture-http/src/server_key/", "keys"),
    (r"capture-http/", "edge lifecycle connect_urls"),
    (r"web-demo/", "demo"),
    (r"README\.md", "readme"),
    (r".*\.md", "documents"),
    (r"docs/actions/", "pages"),
    (r"docs/attacks\.md", "attacks::document"),
    (r"(Cargo|.*/Cargo)\.toml", "boundaries"),
    (r"tests/behaviours/(\w+)/", r"behaviours::\1"),
    (r"tests/hostile/(\w+)/", r"hostile::\1"),
    (r"tests/wire/", "golden"),
    (r"tests/accname/", "accname"),
    (r"tests/sdk/", "sdk"),
    (r"tests/e2e/(\w+)", r"\1"),
    (r"tests/(src|fixtures)/", "lifecycle navigation"),
]
CRATES = ["capture-core", "capture-ws", "capture-http"]


def git(*arguments):
    """The output of git as lines; empty where git fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def changed():
    """The files that differ from main, or from the last commit but one."""
    base = git("merge-base", "HEAD", "main") or git("merge-base", "HEAD", "origin/main") or ["HEAD"]
    files = git("diff", "--name-only", base[0]) + git("ls-files", "--others", "--exclude-standard")
    return sorted(set(files)) or git("diff", "--name-only", "HEAD~1")


def stories_of(files):
    """Prefixes of the names of stories, without duplicates."""
    found = {}
    for file in files:
        for pattern, stories in TABLE:
            match = re.match(pattern, file)
            if match:
                found |= dict.fromkeys(match.expand(stories).split())
    return list(found)


def nextest(*arguments, **options):
    """Runs nextest on all crates: with other features than `make test`, everything would be rebuilt."""
    return subprocess.run(["cargo", "nextest", *arguments, "--locked", "--workspace"], check=False, **options)


def chosen(names, stories, took):
    """The stories that fit into the budget, and those that do not."""
    chosen, left, planned = [], [], 0.0
    for story in stories:
        for name in (name for name in names if re.match(rf"{story}(::|$)", name)):
            seconds = took.get(name, UNKNOWN)
            fits = seconds <= LONGEST and planned + seconds / BESIDE <= BUDGET
            (chosen if fits else left).append(name)
            planned += seconds / BESIDE if fits else 0
    return chosen, left


def main():
    """Exits with the status of the tests that failed."""
    began, files = time.monotonic(), changed()
    stories, crates = stories_of(files), [crate for crate in CRATES if any(file.startswith(crate) for file in files)]
    print(f"changed: {len(files)} files; stories: {' '.join(stories) or 'none'}; units: {' '.join(crates) or 'none'}")
    if subprocess.run(["cargo", "build", "--locked", "--workspace", "--bins"], check=False).returncode:
        sys.exit(1)
    listed = nextest("list", "--test", "e2e", "--message-format", "oneline", stdout=subprocess.PIPE, text=True)
    if listed.returncode:
        sys.exit(listed.returncode)
    names = [line.split(" ", 1)[1] for line in listed.stdout.splitlines() if " " in line]
    took = {name: seconds for _, name, seconds in test_times.read_times(test_times.JUNIT)} if test_times.JUNIT.exists() else {}
    told, left = chosen(names, stories, took)
    slow_units = "test(/simulation::/) | test(/properties::/) | test(/attack/)"
    units = [f"(kind(lib) | kind(bin)) & package({crate}) - ({slow_units})" for crate in crates]
    filters = units + ([f"binary(e2e) & ({' | '.join(f'test(={name})' for name in told)})"] if told else [])
    if not filters:
        print("nothing that tests look at was changed")
        return
    # This run writes a separate junit file, because the durations are taken from that of `make test`.
    environment = os.environ | {"NEXTEST_PROFILE": "quick"}
    targets = (["--lib", "--bins"] if units else []) + (["--test", "e2e"] if told else [])
    status = nextest("run", *targets, "-E", " | ".join(f"({one})" for one in filters), env=environment).returncode
    if left:
        print(f"left to `make test`: {' '.join(dict.fromkeys(left))}")
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.chdir(Path(__file__).parent.parent)
    main()
