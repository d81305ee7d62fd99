#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of nobody's are told by their port: usage ports_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Beside a recorded server, of an unrecorded one's packets nothing is noted. Where something on the way changes ports, so that a
port tells nothing, that is found out as a connection is made, and its requests have all their stages.
"""
import contextlib
import json
import os
import subprocess
import sys

import frame

REQUESTS = 2000
ANOTHER_PORT = 7


@contextlib.contextmanager
def server(binary, *inside):
    process = subprocess.Popen([*inside, binary / "demo-servers/wakepath-epoll-echo", "--max-seconds", "60"],
                               stdout=subprocess.PIPE, text=True)
    try:
        yield process.pid, process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.communicate(timeout=frame.PATIENCE_S)


def load(binary, port, *inside, requests=REQUESTS):
    subprocess.run([*inside, binary / "demo-servers/wakepath-load-client", "--connect", f"127.0.0.1:{port}", "--connections", "2",
                    "--requests", str(requests), "--max-seconds", "60"], check=True, stdout=subprocess.DEVNULL, timeout=90)


def report(wakepath, file):
    done = subprocess.run([wakepath, "report", "--json", file], capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(done.stdout)
    return told, {hook["name"]: hook for hook in told["recording"]["hooks"]}


def beside_a_neighbour(binary, file):
    wakepath = binary / "wakepath"
    with server(binary) as (watched, port), server(binary) as (_, other_port):
        with frame.recording(wakepath, file, "-p", str(watched)):
            load(binary, port, requests=10)
            load(binary, other_port)
    told, hooks = report(wakepath, file)
    if told["totals"]["reads"] < 10:
        yield f"{told['totals']['reads']} of 10 requests were seen"
    for name in ("socket__xmit", "stack__receive"):
        if hooks[name]["filtered"] < 2 * REQUESTS:
            yield f"{name} left only {hooks[name]['filtered']} packets alone, of {2 * REQUESTS} that are nobody's"


@contextlib.contextmanager
def namespace(port):
    """A network in which what goes to one port comes to another."""
    name = f"wp-ports-{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield inside, lambda to: subprocess.run([*inside, "nft", "-f", "-"], check=True, text=True, input=f"""
            table ip redirected {{
              chain output {{
                type nat hook output priority -100
                tcp dport {port} redirect to :{to}
              }}
            }}
            """)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def redirected(binary, file):
    wakepath = binary / "wakepath"
    with namespace(ANOTHER_PORT) as (inside, redirect), server(binary, *inside) as (pid, port):
        redirect(port)
        with frame.recording(wakepath, file, "-p", str(pid)):
            load(binary, ANOTHER_PORT, *inside)
    told, _ = report(wakepath, file)
    paths = told["paths"]
    if paths["all"] < REQUESTS or paths["complete"] < paths["all"]:
        yield f"{paths['complete']} of {paths['all']} paths are complete, of {REQUESTS} requests"


def cases(_source, binary, folder):
    yield "beside a neighbour", list(beside_a_neighbour(binary, folder / "beside.wkp"))
    yield "redirected", list(redirected(binary, folder / "redirected.wkp"))


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases, tools=("ip", "nft")))
