#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`wakepath stat` against a recording of the same requests: usage stat_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Both watch one server at once. Every request must be in the kernel's histograms exactly once, as many of them woken as
the recording says, and the percentiles must be those of the recorded paths within the width of a bin, and what the
two see of one instant apart. The JSON must fit its schema, and its numbers add up.
"""
import collections
import json
import subprocess
import sys

import frame

REQUESTS = 8000
FIRST_REQUESTS = 2000  # not compared: what a server does for the first time
BIN = 1 / 16  # a bin is that much of its lower bound wide at most
APART_NS = {50: 1500, 90: 2500}  # two programs on one hook run one after the other
BESIDE = 1  # per cent of rank: between two heaps of values the few that only one of the two counted decide
# A datagram is in the queue before sk_data_ready() is called, so a reader awake on another CPU may take it first.
RACED = {"udp-echo": REQUESTS // 50}
SERVERS = (("epoll-echo", 1, []), ("epoll-echo", 64, []), ("select-echo", 8, []), ("blocking-echo", 1, ["--sequential"]),
           ("udp-echo", 8, ["--udp"]))


def load(binary, port, requests, connections, options):
    subprocess.run([binary / "demo-servers/wakepath-load-client", "--connect", f"127.0.0.1:{port}", "--requests", str(requests),
                    "--connections", str(connections), "--max-seconds", "100", *options], check=True, stdout=subprocess.DEVNULL)


def measure(binary, file, server, connections, options):
    """What stat printed, and the paths of the recording."""
    wakepath = str(binary / "wakepath")
    serving = subprocess.Popen([binary / f"demo-servers/wakepath-{server}", "--max-seconds", "120"], stdout=subprocess.PIPE,
                               text=True)
    try:
        port = serving.stdout.readline().split()[1]
        with frame.recording(wakepath, file, "-f", "-p", serving.pid):
            load(binary, port, FIRST_REQUESTS, connections, options)
            stat = frame.started([wakepath, "stat", "-p", str(serving.pid), "--json", "--at-end"],
                                 stdout=subprocess.PIPE, text=True)
            load(binary, port, REQUESTS, connections, options)
            lines = frame.ended(stat)
    finally:
        serving.kill()
        serving.communicate()
    exported = subprocess.run([wakepath, "export", "jsonl", file, "-o", "-"], stdout=subprocess.PIPE, text=True, check=True)
    paths = [path for path in map(json.loads, exported.stdout.splitlines()) if path["bytes"]]
    paths.sort(key=lambda path: path["stages"].get("done", {"ts_ns": 0})["ts_ns"])
    return lines, paths[-REQUESTS:]


def stages_of(paths):
    times = {"total": [], "waking": [], "running": [], "read": []}
    for path in paths:
        at = {name: stage["ts_ns"] for name, stage in path["stages"].items()}
        copied = at.get("copied", at.get("read"))  # where entries are not recorded, `read` is shown at the copy
        if "queued" not in at or copied is None or path["bytes"] == 0:
            continue
        times["total"].append(copied - at["queued"])
        if path["wake"]["needed"]:
            times["waking"].append(at["waking"] - at["queued"])
            times["running"].append(at["running"] - at["waking"])
            times["read"].append(copied - at["running"])
    return {name: sorted(values) for name, values in times.items()}


def wakes_of(paths):
    """How the recorded paths were woken, and what is not known of them: for the message."""
    return collections.Counter((path["wake"]["needed"], path["wake"]["certainty"], path["wake"].get("why"),
                                str(path.get("unknown"))) for path in paths).most_common(8)


def percentile(values, percent):
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def complaints(source, raced, lines, paths):
    schema = source / "docs/schema/stat.json"
    checked = subprocess.run([sys.executable, source / "tests/support/validate_json.py", schema], input=lines, text=True,
                             stdout=subprocess.PIPE, check=False)
    if checked.returncode not in (0, 77):
        yield f"schema: {checked.stdout}"
    table = json.loads(lines)
    truth = stages_of(paths)
    if not REQUESTS - raced <= len(truth["total"]) <= REQUESTS:
        yield f"{len(truth['total'])} paths of {REQUESTS} are fit to compare with"
    if table["reads"] != REQUESTS or table["untracked"] > raced or table["forgotten"] > raced or table["lost"]:
        yield f"{table['reads']} reads of {REQUESTS}: {table}"
    if table["stages"]["total"]["count"] + table["untracked"] != table["reads"]:
        yield f"the reads do not add up: {table}"
    for name, values in truth.items():
        stage = table["stages"][name]
        count = stage["count"]
        if abs(count - len(values)) > len(values) / 200 + 2 + table["untracked"]:
            yield f"{name}: {count} counted, {len(values)} recorded; {wakes_of(paths)}"
        for percent, apart in APART_NS.items() if values else ():
            told = stage[f"p{percent}_ns"]
            low, high = percentile(values, percent - BESIDE), percentile(values, percent + BESIDE)
            if not low * (1 - BIN) - apart <= told <= high * (1 + BIN) + apart:
                yield f"{name} p{percent}: {told} ns, but recorded {low} to {high} ns"


def cases(source, binary, folder):
    for server, connections, options in SERVERS:
        lines, paths = measure(binary, folder / "stat.wkp", server, connections, options)
        yield f"{server} {connections}", list(complaints(source, RACED.get(server, 0), lines, paths))


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases))
