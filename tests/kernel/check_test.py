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
import tempfile
import xml.etree.ElementTree

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


def check_server(name, program, status, folder):
    file = os.path.join(folder, name + ".wkp")
    server = Server(name, program, BINARY)
    try:
        failures = record(BINARY, [server], file, quiet_s=2.5)
    finally:
        server.stop()
    if failures:
        sys.exit("\n".join(failures))
    done = check(file, "--claim", "event-driven", "--json")
    demand(done.returncode == status, f"{name}: exit status {done.returncode}, not {status}", done)
    schema = os.path.join(SOURCE, "docs/schema/check.json")
    subprocess.run([sys.executable, os.path.join(SOURCE, "tests/support/validate_json.py"), "--whole", schema], check=True,
                   input=done.stdout.encode())
    claim = json.loads(done.stdout)["claims"][0]
    if status == REFUTED:
        why = claim["why"]
        demand(all(word in why for word in (str(server.process.pid), "epoll_wait", "a second")), "who, how and how often is missing", done)
    print(f"{name}: {claim['verdict']}: {claim['why']}")
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
    server = Server("fork", f"fork-echo --reap {how}", BINARY)
    try:
        failures = record(BINARY, [server], file, requests=children, quiet_s=1.5, visit=come_and_go)
    finally:
        server.stop()
    if failures:
        sys.exit("\n".join(failures))
    done = check(file, "--claim", "no-zombies", "--json")
    demand(done.returncode == status, f"--reap {how}: exit status {done.returncode}, not {status}", done)
    claim = json.loads(done.stdout)["claims"][0]
    demand(claim["n"] == children, f"--reap {how}: judged {claim['n']} children of {children}", done)
    if status == REFUTED:
        demand(claim["why"].startswith(f"{children} of {children} children"), "not every zombie was found", done)
    print(f"--reap {how}: {claim['verdict']}: {claim['why']}")


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


def main():
    if os.geteuid() != 0:
        print("SKIPPED: needs root")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        files = [check_server(*server, folder) for server in SERVERS]
        check_files(files[0], files[1], folder)
        check_zombies("sigaction", 320, CONFIRMED, folder)
        check_zombies("ignore", 320, CONFIRMED, folder)
        check_zombies("none", 20, REFUTED, folder)
        done = check(files[0], "--claim", "no-zombies")
        demand(done.returncode == UNDECIDED and "forked" in done.stdout, "who never forks proves nothing", done)
    print("check holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
