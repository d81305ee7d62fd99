#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every bundled server, pretender and control is called what it is: usage classify_test.py SOURCE_DIR BINARY_DIR

What each is, is known by construction (classify_servers.py); the classifier sees only its process id. Above all: no
spinner and no sleep-poller may ever be called event-driven. 77: skipped.
"""
import json
import os
import subprocess
import sys

import frame
from classify_servers import EVENT, GROUPS, POLL, SPIN, Server, record

SOURCE, BINARY = sys.argv[1:3]


def classify(file):
    done = subprocess.run([os.path.join(BINARY, "wakepath"), "classify", "--json", file], check=True, capture_output=True)
    checker = os.path.join(SOURCE, "tests/support/validate_json.py")
    schema = os.path.join(SOURCE, "docs/schema/classify.json")
    subprocess.run([sys.executable, checker, "--whole", schema], input=done.stdout, check=True)
    return {server["pid"]: server for server in json.loads(done.stdout)["servers"]}


def complaints(name, expected, found):
    wanted_class, kind, architecture = expected[1:]
    if found is None:
        yield "not in the classification"
        return
    if found["class"] != wanted_class:
        yield f"called {found['class']}, is {wanted_class}"
        if wanted_class in (SPIN, POLL) and found["class"] == EVENT:
            yield "A POLLING SERVER WAS CALLED EVENT-DRIVEN"
    if not (found["kind"] or "").startswith(kind):
        yield f"kind '{found['kind']}' does not begin with '{kind}'"
    if architecture and found["architecture"] != architecture:
        yield f"architecture {found['architecture']}, is {architecture}"


def run_group(group, folder):
    servers = [Server(name, row[0], BINARY) for name, row in group.items()]
    try:
        file = os.path.join(folder, "group.wkp")
        failures = record(BINARY, servers, file)
        found = classify(file)
        for server in servers:
            problems = list(complaints(server.name, group[server.name], found.get(server.process.pid)))
            verdict = found.get(server.process.pid, {})
            print(f"{server.name}: {verdict.get('class')}, {verdict.get('kind')}: {'; '.join(problems) or 'ok'}", flush=True)
            if problems:
                failures.append(server.name)
                print(json.dumps(verdict, indent=1), flush=True)
        return failures
    finally:
        for server in servers:
            server.stop()


def test(_source, _binary, folder):
    failures = [failure for group in GROUPS for failure in run_group(group, folder)]
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(frame.run(test))
