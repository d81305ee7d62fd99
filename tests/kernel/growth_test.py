#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A target that holds much and does little: usage growth_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

What it holds when the recording begins is announced in full, though all of it together is many times a ring. While nothing
happens, the recording does not grow with what is silent, and the recorder hardly runs.
"""
import json
import pathlib
import subprocess
import sys
import time

import frame

PAIRS = 8000
THREADS = 1000
RING_MIB = 1  # a sixth of what 16,000 sockets take
SILENT_S = 6
MOST_BUSY = 0.05  # of a CPU; beside a busy compiler it is 0.01
HOLDER = f"""
import resource, signal, socket, threading
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
threading.stack_size(65536)
pairs = [socket.socketpair() for _ in range({PAIRS})]
for a, _ in pairs[:{THREADS}]:
    threading.Thread(target=a.recv, args=(1,), daemon=True).start()
print("ready", flush=True)
signal.pause()
"""


def cpu_s(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def silent(wakepath, file):
    """The recording of SILENT_S seconds of nothing, and the share of a CPU that took."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    try:
        holder.stdout.readline()
        with frame.recording(wakepath, file, "-f", "-p", holder.pid, "--ring", RING_MIB) as recorder:
            time.sleep(1)
            before, begin = cpu_s(recorder.pid), time.monotonic()
            time.sleep(SILENT_S)
            share = (cpu_s(recorder.pid) - before) / (time.monotonic() - begin)
    finally:
        holder.kill()
        holder.communicate()
    report = subprocess.run([wakepath, "report", "--json", file], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(report.stdout), share


def cases(_source, binary, folder):
    report, share = silent(str(binary / "wakepath"), folder / "growth.wkp")
    hooks = {hook["name"]: hook for hook in report["recording"]["hooks"]}
    sockets, tasks, books = (hooks[name] for name in ("start__sockets", "start__tasks", "usage__tasks"))
    loss = report["loss"]
    found = []
    if loss["events"] or loss["books"]["hooks_difference"] or loss["books"]["rings_difference"]:
        found.append(f"lost: {loss['books']}")
    if sockets["submitted"] < 2 * PAIRS or tasks["submitted"] < THREADS:
        found.append(f"not all: {sockets} {tasks}")
    yield f"found {sockets['submitted']} sockets and {tasks['submitted']} tasks through a ring of {RING_MIB} MiB", found
    # the first time and the last, those of all; in between, of those that ran
    most = 3.5 * (THREADS + 1)
    yield f"{books['submitted']} books of {THREADS + 1} tasks, {books['noted']} left out", [] if (
        2 * THREADS <= books["submitted"] <= most and books["noted"] >= THREADS) else [f"{books}"]
    yield f"{100 * share:.2f} % of a CPU while nothing happens", [] if share < MOST_BUSY else ["too much"]


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases))
