#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One server, one load, every mode of recording it: usage modes_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Whatever is recorded is right and nothing is lost or made up: of all requests, of a sample, within a budget that is far too
small, or counted by `stat`. Each line tells what the mode had of the requests. Books of every hook and CPU balance.
"""
import json
import subprocess
import sys

import frame

REQUESTS = 6000
CONNECTIONS = 16
ONE_OF = 5
# Options of `record`, and the share of requests that must be complete paths at least.
MODES = (
    ("path", [], 1),
    ("light", ["--detail", "light"], 1),
    ("timeline", ["--detail", "timeline"], 1),
    ("sample", ["--sample", ONE_OF], 0.7 / ONE_OF),
    ("max-cpu", ["--max-cpu", "0.01%"], 0),
)


def recorded(binary, file, options, least):
    status, told = frame.demo(binary, "epoll", "--connections", CONNECTIONS, "--requests", REQUESTS, "--force", "-o", file,
                              *options)
    if "failed" in told:
        return f"exit status {status}", [told["failed"]]
    paths = told["paths"]
    report = subprocess.run([binary / "wakepath", "report", "--json", file], stdout=subprocess.PIPE, text=True, check=True)
    loss = json.loads(report.stdout)["loss"]
    books = loss["books"]
    found = [f"{paths[sort]} {sort}: {told['explanations'][:3]}" for sort in ("wrong", "stray") if paths[sort]]
    if paths["complete"] < least * REQUESTS or (least == 1 and paths["missing"]):
        found.append(f"{paths}: {told['explanations'][:3]}")
    if books["hooks_difference"] or books["rings_difference"] or loss["events"]:
        found.append(f"books: {books}")
    return (f"{paths['complete']} of {REQUESTS} complete, {paths['missing']} not in the recording, {paths['wrong']} wrong, "
            f"{paths['stray']} stray; {books['fired']} firings, {books['submitted']} records, {loss['events']} lost, "
            f"books differ by {books['hooks_difference'] + books['rings_difference']}"), found


def counted(binary):
    """`stat`: every read once."""
    serving = subprocess.Popen([binary / "demo-servers/wakepath-epoll-echo", "--max-seconds", "120"], stdout=subprocess.PIPE,
                               text=True)
    try:
        port = serving.stdout.readline().split()[1]
        stat = frame.started([binary / "wakepath", "stat", "-p", str(serving.pid), "--json", "--at-end"],
                             stdout=subprocess.PIPE, text=True)
        subprocess.run([binary / "demo-servers/wakepath-load-client", "--connect", f"127.0.0.1:{port}", "--requests",
                        str(REQUESTS), "--connections", str(CONNECTIONS), "--max-seconds", "100"], check=True,
                       stdout=subprocess.DEVNULL)
        table = json.loads(frame.ended(stat))
    finally:
        serving.kill()
        serving.communicate()
    total = table["stages"]["total"]["count"]
    line = (f"{total} of {REQUESTS} counted, {table['untracked']} untracked, {table['forgotten']} forgotten, "
            f"{table['lost']} lost")
    exact = table["reads"] == total == REQUESTS and not table["untracked"] + table["forgotten"] + table["lost"]
    return line, [] if exact else [str(table)]


def cases(_source, binary, folder):
    for name, options, least in MODES:
        line, found = recorded(binary, folder / "mode.wkp", options, least)
        yield f"{name}: {line}", found
    line, found = counted(binary)
    yield f"stat: {line}", found


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases))
