#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that interrupt each other keep apart: usage canary_test.py SOURCE_DIR BINARY_DIR [RECORDS]; 77: skipped.

All hooks run (tasks, softirqs, interrupts, timers) on every CPU, and each record has a canary and a checksum made by the
program, the word that the hook has to itself, and what the CPU's state said before and after. None may be broken, and
some must have been made inside of another, or nothing was tried. First, hooks share one word: that must be found out.
"""
import re
import subprocess
import sys
import time

import frame

TOLD = re.compile(r"canary: (\d+) records, (\d+) of them made inside of another; (\d+) torn, (\d+) with a foreign word, "
                  r"(\d+) with a foreign state")
CHUNK_S, SHORT_S, MOST_TRIES = 20, 2, 10
LOAD = """
import os, signal, socket, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
listener = socket.create_server(("127.0.0.1", 0))
out = socket.create_connection(listener.getsockname())
out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
back = listener.accept()[0]
while True:
    out.send(b"x"); back.recv(1)
"""


def chunk(wakepath, folder, how, seconds):
    """Status, and what the seals of so many seconds said."""
    file = folder / "canary.wkp"
    done = subprocess.run([wakepath, "record", "-a", "--detail", "timeline", "--canary", how, "-d", f"{seconds}s", "-o", file],
                          capture_output=True, text=True, timeout=seconds + frame.PATIENCE_S, check=False)
    file.unlink(missing_ok=True)
    told = TOLD.search(done.stderr)
    if not told:
        raise RuntimeError(f"status {done.returncode}: {done.stderr}")
    if how == "own" and done.returncode:
        print(done.stderr.strip(), flush=True)
    return done.returncode, list(map(int, told.groups()))


def until(wakepath, folder, how, seconds, is_enough):
    status, total = 0, [0] * 5
    for _ in range(MOST_TRIES if seconds == SHORT_S else 10_000):
        one, counts = chunk(wakepath, folder, how, seconds)
        status, total = status or one, [a + b for a, b in zip(total, counts)]
        if is_enough(total):
            break
    return status, total


def cases(_source, binary, folder):
    wakepath, wanted = binary / "wakepath", int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    cpus = subprocess.run(["nproc", "--all"], capture_output=True, text=True, check=True).stdout
    loads = [subprocess.Popen([sys.executable, "-c", LOAD, str(cpu)]) for cpu in range(int(cpus))]
    try:
        time.sleep(0.3)
        status, total = until(wakepath, folder, "shared", SHORT_S, lambda total: total[3] > 0)
        found = [] if status == 1 and total[3] > 0 else [f"status {status}, nothing found: {total}"]
        yield f"a word that all hooks share: {total[3]} of {total[0]} records tell", found
        seconds = CHUNK_S if wanted > 1_000_000 else SHORT_S
        status, total = until(wakepath, folder, "own", seconds, lambda total: total[0] >= wanted and total[1] > 0)
        records, inside, *broken = total
        found = [] if status == 0 and not any(broken) else [f"status {status}, torn, foreign word, foreign state: {broken}"]
        if records < wanted or not inside:
            found.append("the load is too weak")
        yield f"canaries: {records} records, {inside} made inside of another, {sum(broken)} broken", found
    finally:
        for load in loads:
            load.kill()
            load.wait()


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases, ("nproc",)))
