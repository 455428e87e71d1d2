#!/usr/bin/env python3
"""Runs a command, which `make test` passes to it, and reports where the time went: the slowest tests, the seconds of each suite, and
whether the whole run would fit into its budget on two free cores.

    scripts/test_times.py BUDGET_MINUTES COMMAND...

The budget is for two free cores of the speed of the reference machine. The duration there is estimated from the duration here:

- Other programs used some of this machine's processor time during the run: all processor time less that of our own descendants. Their share
  of the time is subtracted. Waits of ours beside them cost nothing, so the estimate is too low rather than too high. On a free machine
  nothing is subtracted and the estimate is the measured duration. Processes whose parent was killed, such as the browsers of a killed server,
  become our children and are counted with ours.
- Two cores need at least half the processor time that our descendants used, whatever else ran.
- A slower machine is compensated for: a fixed piece of work is timed before and after the run, and the duration is divided by its slowdown.
  That factor is accurate to a tenth only, so the budget may be exceeded by as much.
"""

import ctypes
import hashlib
import os
import resource
import sys
import time
import xml.etree.ElementTree as xml
from collections import defaultdict
from pathlib import Path

# The number of this operation in prctl(2).
PR_SET_CHILD_SUBREAPER = 36
# Seconds that `piece_of_work` takes on the machine that the budget is defined for.
USUAL_WORK = 0.062
# The tolerance of the estimate on a machine of another speed: waits take no longer there, memory accesses may.
UNCERTAIN = 1.1
SLOWEST = 10
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
JUNIT = TARGET / "nextest" / "default" / "junit.xml"


def piece_of_work():
    """Seconds of processor time that a fixed piece of work takes: the best of three."""

    def once():
        began = time.process_time()
        digest = b"capture"
        for _ in range(200_000):
            digest = hashlib.sha256(digest).digest()
        return time.process_time() - began

    return min(once() for _ in range(3))


def busy_seconds():
    """Processor time that everything on this machine has taken since it was started."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def descendants_seconds():
    """Processor time of our descendants that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command):
    """Runs the command to its end and returns its status. Orphans among its descendants become our children and are waited for."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.posix_spawnp(command[0], command, os.environ)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def on_two_free_cores(took, ours, others, cores, slowness):
    """The estimate in seconds, as the module's description explains it."""
    free = max(took - others / cores, ours / 2, 0)
    return free / max(slowness, 1)


def suite_of(binary, test):
    """`e2e::channel` for a story, the crate for everything else."""
    return f"e2e::{test.split('::')[0]}" if binary.endswith("::e2e") else binary.split("::")[0]


def read_times(path):
    """For each test: its suite, its name, and the seconds it took."""
    times = []
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            name, binary = case.get("name"), suite.get("name")
            times.append((suite_of(binary, name), name, float(case.get("time", 0))))
    return times


def read_skipped(path):
    """The lines in which tests report what they skipped."""
    said = (case.findtext("system-out") or "" for case in xml.parse(path).getroot().iter("testcase"))
    return sorted({line for text in said for line in text.splitlines() if "skipped" in line.lower()})


def report(times):
    """The suites and the slowest tests."""
    suites = defaultdict(lambda: [0, 0.0])
    for suite, _, seconds in times:
        suites[suite][0] += 1
        suites[suite][1] += seconds
    print("\nseconds of each suite (tests beside each other count each)")
    for suite, (count, seconds) in sorted(suites.items(), key=lambda one: -one[1][1]):
        print(f"{seconds:8.1f}  {suite} ({count})")
    print(f"\nthe {SLOWEST} slowest tests")
    for suite, name, seconds in sorted(times, key=lambda one: -one[2])[:SLOWEST]:
        print(f"{seconds:8.1f}  {name if suite.startswith('e2e') else f'{suite} {name}'}")


def main():
    """Exits with the command's status, or with 1 when it succeeded beyond its budget."""
    budget, command = float(sys.argv[1]) * 60, sys.argv[2:]
    JUNIT.unlink(missing_ok=True)
    work, began, busy, ours = piece_of_work(), time.monotonic(), busy_seconds(), descendants_seconds()
    status = run(command)
    took, busy, ours = time.monotonic() - began, busy_seconds() - busy, descendants_seconds() - ours
    slowness = (work + piece_of_work()) / 2 / USUAL_WORK
    cores = os.cpu_count()
    others = max(busy - ours, 0)
    estimate = on_two_free_cores(took, ours, others, cores, slowness)
    if JUNIT.exists():
        report(read_times(JUNIT))
        print("\nleft out today", *(read_skipped(JUNIT) or ["nothing"]), sep="\n    ")
    print(
        f"\nall of it took {took:.0f} s on {cores} cores ({slowness:.2f} times as slow as usual) and {ours:.0f} s of processor time,"
        f" others {others:.0f} s: about {estimate:.0f} s on two free cores; the budget is {budget:.0f} s",
        flush=True,
    )
    if status == 0 and estimate > budget * UNCERTAIN:
        print("make test takes too long: shorten what is slow above, or move it to a long run and say why", file=sys.stderr)
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
