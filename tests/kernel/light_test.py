#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""--detail light against the truth: usage light_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Without a single system call watched nothing may be missing or wrong, the paths must be complete, the books balanced,
and what was not recorded said to be so: never a wait, a reply or a judgement of how a thread waits.
"""
import json
import subprocess
import sys

import frame

REQUESTS = 8000
LEAST_COMPLETE = 0.999
DEMOS = (("epoll", 1), ("epoll", 64), ("select", 8), ("blocking", 1), ("pool", 16), ("unix", 8), ("udp", 8),
         ("io-uring", 8))
NOT_RECORDED = "not_at_this_detail"


def run(command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=240, check=False)


def against_truth(binary, demo, connections, file):
    status, result = frame.demo(binary, demo, "--detail", "light", "--connections", connections, "--requests", REQUESTS,
                                "--force", "-o", file)
    if "failed" in result:
        yield f"exit status {status}: {result['failed']}"
        return
    paths = result["paths"]
    for sort in ("missing", "wrong", "stray"):
        if paths[sort]:
            yield f"{paths[sort]} {sort}: {result['explanations'][:3]}"
    if paths["complete"] < LEAST_COMPLETE * REQUESTS:
        yield f"only {paths['complete']} complete: {result['explanations'][:3]}"


def by_itself(wakepath, file, by_ring):
    told = json.loads(run([wakepath, "report", "--json", file]).stdout)
    books = told["loss"]["books"]
    if books["hooks_difference"] or books["rings_difference"] or books["ring_full"]:
        yield f"books: {books}"
    if [level["level"] for level in told["recording"]["levels"]] != ["light"]:
        yield f"levels: {told['recording']['levels']}"
    fired = [hook["name"] for hook in told["recording"]["hooks"] if hook["name"].startswith("syscall") and hook["fired"]]
    if fired:
        yield f"system calls were watched: {fired}"
    counted = [name for name in ("waits", "sends", "accepts") if told["totals"][name] is not None]
    if counted:
        yield f"claims to have counted {counted}"
    for line in run([wakepath, "export", "jsonl", file, "-o", "-"]).stdout.splitlines():
        path = json.loads(line)
        without = path["not_applicable"]
        if not by_ring and any(without.get(name) != NOT_RECORDED for name in ("returned", "read", "reply")):
            yield f"path {path['id']} claims what was not recorded: {path}"
            return


def classify_says_so(wakepath, file):
    judged = run([wakepath, "classify", file])
    if judged.returncode != 2 or "without system calls" not in judged.stderr:
        yield f"it judged: {judged.returncode} {judged.stdout} {judged.stderr}"


def cases(_source, binary, folder):
    wakepath, file = binary / "wakepath", folder / "light.wkp"
    for demo, connections in DEMOS:
        found = list(against_truth(binary, demo, connections, file))
        yield f"{demo} {connections}", found or list(by_itself(wakepath, file, demo == "io-uring"))
    yield "classify", list(classify_says_so(wakepath, file))


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases))
