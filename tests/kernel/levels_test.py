#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples and budgets against the truth: usage levels_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

--sample takes whole requests: whatever is recorded is right, complete, and has its reply. --max-cpu gives up levels in the
order declared, writes down each change, and says nothing wrong of what lies across one.
"""
import json
import subprocess
import sys

import frame

ONE_OF = 5
SAMPLED = (("epoll", 64, 20000), ("select", 8, 10000), ("thread", 8, 10000), ("unix", 8, 10000), ("udp", 8, 10000))
ORDER = ["timeline", "path", "light"]


def run(command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=240, check=False)


def demo(binary, name, connections, requests, file, *options):
    return frame.demo(binary, name, "--connections", connections, "--requests", requests, "--force", "-o", file, *options)[1]


def paths_of(wakepath, file):
    return [json.loads(line) for line in run([wakepath, "export", "jsonl", file, "-o", "-"]).stdout.splitlines()]


def report_of(wakepath, file):
    return json.loads(run([wakepath, "report", "--json", file]).stdout)


def wrong(result):
    paths = result["paths"]
    if paths["wrong"] or paths["stray"]:
        yield f"{paths}: {result['explanations'][:3]}"


def books(told):
    if told["loss"]["books"]["hooks_difference"] or told["loss"]["books"]["rings_difference"] or told["loss"]["events"]:
        yield f"books: {told['loss']['books']}"


def sampled(binary, name, connections, requests, file):
    wakepath = binary / "wakepath"
    result = demo(binary, name, connections, requests, file, "--sample", ONE_OF)
    told, paths = report_of(wakepath, file), paths_of(wakepath, file)
    yield from wrong(result)
    yield from books(told)
    if [level["sample"] for level in told["recording"]["levels"]] != [ONE_OF]:
        yield f"levels: {told['recording']['levels']}"
    data = [path for path in paths if path["bytes"]]
    if not requests / ONE_OF * 0.7 < len(data) < requests / ONE_OF * 1.3:
        yield f"{len(data)} of {requests}"
    halves = [path for path in data if path["unknown"]]
    if len(halves) > 5:  # those whose reader was asleep before the recording began
        yield f"{len(halves)} are no whole paths, such as {halves[0]['unknown']}"
    unanswered = [path for path in data if "reply" in path["not_needed"]]
    if unanswered:
        yield f"{len(unanswered)} have no reply, and the server answers all"


def budgeted(binary, file):
    wakepath = binary / "wakepath"
    result = demo(binary, "epoll", 4, 150000, file, "--detail", "timeline", "--max-cpu", "0.01%")
    told, paths = report_of(wakepath, file), paths_of(wakepath, file)
    yield from wrong(result)
    yield from books(told)
    levels = told["recording"]["levels"]
    if len(levels) < 2 or levels[0]["level"] != "timeline":
        yield f"nothing was given up: {levels}"
    for before, after in zip(levels, levels[1:]):
        places = [(ORDER.index(one["level"]), one["sample"]) for one in (before, after)]
        if places[0] >= places[1] or places[1][0] > places[0][0] + 1 or (places[1][1] > 1 and places[1][0] != 2):
            yield f"not in the declared order: {before}, {after}"
        if after["why"] != "over" or after["used_ppm"] <= after["budget_ppm"] or after["at_ns"] < after["begin_ns"]:
            yield f"no reason to change: {after}"
        for path in paths:
            times = [stage["ts_ns"] for stage in path["stages"].values()]
            spans = min(times) <= after["at_ns"] and max(times) >= after["begin_ns"]
            if spans and not path["wake"]["needed"] and path["wake"].get("why") not in ("detail_changed", None) and \
                    "waking" in path["not_needed"] and path["not_needed"]["waking"] not in (
                        "reader_also_delivers", "read_before_ready"):
                yield f"certain across a change: {path}"
                return


def cases(_source, binary, folder):
    file = folder / "levels.wkp"
    for name, connections, requests in SAMPLED:
        yield f"one of {ONE_OF}, {name} {connections}", list(sampled(binary, name, connections, requests, file))
    yield "budget", list(budgeted(binary, file))


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases))
