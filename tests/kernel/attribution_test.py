#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No request is misattributed: usage attribution_test.py SOURCE_DIR BINARY_DIR [REQUESTS [SEED]]; 77: skipped.

Client and server run in two network namespaces joined by a veth pair. Connections are short, half of them reset, from
few ports, and the server serves them in every way that makes identities come again: threads, processes that live under
a millisecond (with a number that comes again), executed programs, passed and doubled descriptors. Every request has an
id; both ends log it. A path that contradicts a log in socket, bytes, thread, descriptor or time is wrong. How often
socket addresses came again is counted in the kernel, the other identities from the recording.
"""
import contextlib
import json
import os
import signal
import subprocess
import sys

import frame

ADDRESS, PORT = "192.0.2.1", 7000
PATIENCE_S = 280
REQUESTS_PER_S = 200  # at the very least, of the slowest mode on a busy machine
# Server mode -> its share of the requests; processes are slow to make.
SHARES = {"exclusive": 0.22, "shared": 0.22, "reuseport": 0.22, "pool": 0.12, "dup": 0.08, "pass": 0.08, "fork": 0.04,
          "exec": 0.02}
LEAST_COMPLETE = 0.99


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def namespaces():
    server, client = f"wp-server-{os.getpid()}", f"wp-client-{os.getpid()}"
    try:
        for name in (server, client):
            run("ip", "netns", "add", name)
        run("ip", "-n", server, "link", "add", "wp0", "type", "veth", "peer", "name", "wp1", "netns", client)
        for name, device, address in ((server, "wp0", ADDRESS), (client, "wp1", "192.0.2.2")):
            run("ip", "-n", name, "addr", "add", address + "/24", "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
        yield ["ip", "netns", "exec", server], ["ip", "netns", "exec", client]
    finally:
        for name in (server, client):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def socket_addresses(binary, counts):
    """Adds to `counts` what came again inside."""
    counter = subprocess.Popen([binary / "tests/attribution/wp_attribution_addresses", str(PORT)], stdout=subprocess.PIPE, text=True)
    try:
        if counter.stdout.readline() != "ready\n":
            raise RuntimeError("the addresses of sockets can't be counted")
        yield
    finally:
        counter.send_signal(signal.SIGTERM)
        told = counter.communicate()[0]
    told = json.loads(told)
    if told["no_room"]:
        raise RuntimeError(f"more addresses than there is room for: {told}")
    counts["socket_addresses"] = counts.get("socket_addresses", 0) + told["again"]


def one_mode(binary, folder, mode, requests, seed, inside):
    server_ns, client_ns = inside
    logs = {side: str(folder / f"{mode}-{side}.log") for side in ("server", "client")}
    recording = str(folder / f"{mode}.wkp")
    programs = {name: str(binary / "tests/attribution" / f"wp_attribution_{name}") for name in ("server", "client", "judge")}
    server = subprocess.Popen([*server_ns, programs["server"], mode, str(PORT), logs["server"], str(requests * 2)],
                              stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        if server.stdout.readline() != "ready\n":
            raise RuntimeError(f"{mode}: the server did not begin")
        with frame.recording(binary / "wakepath", recording, "-p", server.pid, "--ring", "64"):
            subprocess.run([*client_ns, programs["client"], ADDRESS, str(PORT), logs["client"], str(requests), str(seed)],
                           check=True, timeout=PATIENCE_S + requests / REQUESTS_PER_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.communicate()
    trim(logs["server"])
    done = subprocess.run([programs["judge"], recording, logs["client"], logs["server"]], capture_output=True, text=True,
                          check=False)
    for file in (recording, *logs.values()):
        os.unlink(file)
    if not done.stdout:
        raise RuntimeError(f"{mode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def trim(log, header=32, record=64):
    """The server's log was made as large as it might become."""
    with open(log, "r+b") as file:
        records = int.from_bytes(file.read(header)[16:24], "little")
        file.truncate(header + records * record)


def add_up(total, again, told):
    for name in ("requests", "wrong", "stray", "missing", "partial", "complete", "lost"):
        total[name] = total.get(name, 0) + told[name]
    for name, count in told["came_again"].items():
        again[name] = again.get(name, 0) + count


def test(_source, binary, folder):
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    failed, total, again = False, {}, {}
    with namespaces() as inside:
        for mode, share in SHARES.items():
            with socket_addresses(binary, again):
                told = one_mode(binary, folder, mode, int(requests * share) // 4 * 4, seed, inside)
            add_up(total, again, told)
            missing = told["missing"] or told["complete"] < LEAST_COMPLETE * told["requests"]
            found = bool(told["wrong"] or told["stray"] or (missing and not told["lost"]))
            failed |= found
            explained = told.pop("explanations")
            print(f"{mode}: {json.dumps(told)}", flush=True)
            if found or told["missing"]:
                print("\n".join("    " + line for line in explained), flush=True)
    print(f"seed {seed}: {json.dumps(total)}, came again: {json.dumps(again)}")
    # Of a whole soak a hundred thousand of each; of a shorter run its share.
    for name in ("socket_addresses", "process_ids"):
        if again[name] < requests // 100:
            failed = True
            print(f"{again[name]} {name} came again: the test is too weak")
    return failed


if __name__ == "__main__":
    sys.exit(frame.run(test, ("ip",)))
