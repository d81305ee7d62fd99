#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers nobody here wrote are called what their documentation says: usage classify_real_test.py SOURCE_DIR BINARY_DIR [NAME...]

All of them run at once and are recorded twice: while nobody asks, and under load with quiet seconds after it. Idle none
may be called a poller; under load class, mechanism and architecture must be those of real_servers.py. `check` must confirm
a live redis. The last lines are a Markdown table, as docs/classify.md has it. 77: skipped.
"""
import json
import os
import subprocess
import sys
import threading
import time

import frame
import real_servers

IDLE_S, QUIET_S, CHECK_S = 4, 4, 4


def classify(wakepath, file):
    shown = subprocess.run([wakepath, "classify", "--json", file], check=True, capture_output=True)
    return {server["pid"]: server for server in json.loads(shown.stdout)["servers"]}


def loaded_and_left_alone(servers, failures):
    failed, connections = real_servers.load_all(servers)
    failures += failed
    time.sleep(QUIET_S)
    for connection in connections:
        connection.close()


def verdicts(wakepath, servers, folder, failures):
    """Of each server the verdict idle and the one under load."""
    file = os.environ.get("WP_KEEP", str(folder / "real.wkp"))
    real_servers.record(wakepath, servers, file + ".idle", lambda: time.sleep(IDLE_S))
    idle = classify(wakepath, file + ".idle")
    real_servers.record(wakepath, servers, file, lambda: loaded_and_left_alone(servers, failures))
    loaded = classify(wakepath, file)
    return {server.name: (idle.get(server.process.pid), loaded.get(server.process.pid)) for server in servers}


def check_live(wakepath, server, failures):
    """As anybody would: the exit status of `check` on a running redis that has clients."""
    checked = threading.Event()

    def ask():
        while not checked.is_set():
            for connection in server.load():
                connection.close()

    client = threading.Thread(target=ask)
    client.start()
    done = subprocess.run([wakepath, "check", "-p", str(server.process.pid), "-d", f"{CHECK_S}s", "--claim", "event-driven"],
                          capture_output=True, text=True, check=False)
    checked.set()
    client.join()
    print(done.stdout.strip(), flush=True)
    if done.returncode != 0:
        failures.append(f"check of a live {server.name} ended with {done.returncode}: {done.stdout}{done.stderr}")


def row(name, idle, loaded, problems):
    loops = f", {loaded['loops']} loops" if loaded["loops"] > 1 else ""
    return (f"| {name} | {idle['class']} | {loaded['class']} | {loaded['kind'] or ''} | {loaded['architecture']}{loops} | "
            f"{'; '.join(problems) or 'no'} |")


def test(_source, binary, folder):
    wakepath = str(binary / "wakepath")
    failures, table = [], []
    with real_servers.running(sys.argv[3:] or real_servers.KINDS) as (servers, missing):
        time.sleep(1)
        found = verdicts(wakepath, servers, folder, failures)
        for server in servers:
            if server.name == "redis":
                check_live(wakepath, server, failures)
    for name, (idle, loaded) in found.items():
        if not idle or not loaded:
            failures.append(f"{name} is not in the classification")
            continue
        problems = list(real_servers.complaints(real_servers.KINDS[name], idle, loaded))
        failures += [f"{name}: {problem}" for problem in problems]
        table.append(row(name, idle, loaded, problems))
        if problems:
            print(json.dumps(loaded, indent=1), flush=True)
    if missing:
        print(f"not installed: {', '.join(missing)}")
        if os.environ.get("CI") == "true":
            failures.append("scripts/setup installs them all")
    print("| server | idle | under load | how | built as | contradicts its documentation |\n|---|---|---|---|---|---|")
    print("\n".join(table))
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(frame.run(test))
