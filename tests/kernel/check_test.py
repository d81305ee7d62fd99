#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit status of check is its verdict: usage check_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

An event-driven server confirms, a polling one refutes and is named, one that nobody talked to decides nothing; zombies that
nobody reaps are found; and what a claim file or a JUnit report says is what the command line says.
"""
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import frame
from classify_servers import Server, record

SOURCE, BINARY = sys.argv[1:3]
WAKEPATH = os.path.join(BINARY, "wakepath")
CONFIRMED, USAGE, REFUTED, UNDECIDED = 0, 2, 3, 4
# name, program, status of event-driven
SERVERS = [("epoll", "epoll-echo", CONFIRMED), ("epoll-zero", "epoll-zero-spin", REFUTED), ("epoll-idle", "epoll-echo", UNDECIDED)]


def check(*words):
    return subprocess.run([WAKEPATH, "check", *words], capture_output=True, text=True, check=False)


def demand(holds, what, done):
    if not holds:
        sys.exit(f"{what}\n{done.stdout}{done.stderr}")


def recorded(name, program, file, **how):
    """The process id of a server that was recorded."""
    server = Server(name, program, BINARY)
    try:
        failures = record(BINARY, [server], file, **how)
    finally:
        server.stop()
    if failures:
        sys.exit("\n".join(failures))
    return server.process.pid


def check_one(file, claim, name, status):
    """The only claim of a check that ended with this status."""
    done = check(file, "--claim", claim, "--json")
    demand(done.returncode == status, f"{name}: exit status {done.returncode}, not {status}", done)
    told = json.loads(done.stdout)["claims"][0]
    print(f"{name}: {told['verdict']}: {told['why']}")
    return told, done


def check_server(name, program, status, folder):
    file = os.path.join(folder, name + ".wkp")
    pid = recorded(name, program, file, quiet_s=2.5)
    claim, done = check_one(file, "event-driven", name, status)
    schema = os.path.join(SOURCE, "docs/schema/check.json")
    subprocess.run([sys.executable, os.path.join(SOURCE, "tests/support/validate_json.py"), "--whole", schema], check=True,
                   input=done.stdout.encode())
    if status == REFUTED:
        demand(all(word in claim["why"] for word in (str(pid), "epoll_wait", "a second")), "who, how and how often is missing", done)
    return file


def come_and_go(server, requests, _pause_s):
    """A connection for each request: of a server that forks, a child each."""
    load = os.path.join(BINARY, "demo-servers", "wakepath-load-client")
    subprocess.run([load, "--connect", f"127.0.0.1:{server.port}", "--connections", "4", "--requests", str(requests),
                    "--reconnect"], check=True, stdout=subprocess.DEVNULL)
    return []


def check_zombies(how, children, status, folder):
    """Children that are reaped, that need no reaping, and that nobody asks for."""
    file = os.path.join(folder, f"fork-{how}.wkp")
    recorded("fork", f"fork-echo --reap {how}", file, requests=children, quiet_s=1.5, visit=come_and_go)
    claim, done = check_one(file, "no-zombies", f"--reap {how}", status)
    demand(claim["n"] == children, f"--reap {how}: judged {claim['n']} children of {children}", done)
    if status == REFUTED:
        demand(claim["why"].startswith(f"{children} of {children} children"), "not every zombie was found", done)


def check_files(good, spinning, folder):
    claims, junit = os.path.join(folder, "claims.toml"), os.path.join(folder, "junit.xml")
    pathlib.Path(claims).write_text('claims = ["event-driven", "empty_polls_per_second < 10", "p50(queued..done) < 10s"]\n')
    done = check(good, "--claims", claims, "--junit", junit)
    demand(done.returncode == CONFIRMED, "the claims of the file should hold", done)
    suite = xml.etree.ElementTree.parse(junit).getroot()
    demand((suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "0", "0"), "JUnit tells otherwise", done)
    done = check(spinning, "--claims", claims, "--junit", junit)
    demand(done.returncode == REFUTED, "the claims of the file should be refuted", done)
    demand(xml.etree.ElementTree.parse(junit).getroot().get("failures") == "2", "JUnit tells otherwise", done)
    pathlib.Path(claims).write_text('claims = ["event-driven"]\nlenient = true\n')
    done = check(good, "--claims", claims)
    demand(done.returncode == USAGE and "lenient" in done.stderr, "an unknown key must be refused", done)
    done = check(good, "--claim", "rather fast")
    demand(done.returncode == USAGE, "an unknown claim must be refused", done)


def test(_source, _binary, folder):
    files = [check_server(*server, folder) for server in SERVERS]
    check_files(files[0], files[1], folder)
    check_zombies("sigaction", 320, CONFIRMED, folder)
    check_zombies("ignore", 320, CONFIRMED, folder)
    check_zombies("none", 20, REFUTED, folder)
    done = check(files[0], "--claim", "no-zombies")
    demand(done.returncode == UNDECIDED and "forked" in done.stdout, "who never forks proves nothing", done)
    print("check holds")
    return False


if __name__ == "__main__":
    sys.exit(frame.run(test))
