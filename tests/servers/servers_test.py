#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo servers against their load client, nothing recorded: usage servers_test.py SOURCE_DIR BINARY_DIR.

Needs no privilege. Checks that every echo comes back, that both logs are whole, and that each server ends.
"""
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

HEADER = struct.Struct("<8sIIQQ")  # userspace/truth/records.hpp
READ = struct.Struct("<QQQQIIiIQQ")
LIMITS = ["--max-seconds", "60"]

FEW = ["--connections", "8"]
# name, program, its address, its options, the client's options, requests
CASES = [
    *((f"{server}, {n} connections", f"wakepath-{server}-echo", "127.0.0.1", [], ["--connections", str(n)], 4000)
      for server in ("epoll", "select", "poll", "epoll-edge") for n in (1, 64, 512)),
    ("blocking, one connection", "wakepath-blocking-echo", "127.0.0.1", [], [], 2000),
    ("blocking, one after another", "wakepath-blocking-echo", "127.0.0.1", [], [*FEW, "--sequential"], 2000),
    ("fork, wait", "wakepath-fork-echo", "127.0.0.1", ["--reap", "wait"], [*FEW, "--sequential"], 2000),
    *((f"fork, {how}", "wakepath-fork-echo", "127.0.0.1", ["--reap", how], FEW, 2000)
      for how in ("waitpid", "signal", "sigaction", "ignore", "none")),
    *((f"prefork, {how}", "wakepath-prefork-echo", "127.0.0.1", ["--share", how], ["--connections", "4"], 2000)
      for how in ("accept", "epoll", "exclusive", "reuseport")),
    *((f"{server}, {address}", program, address, [], FEW, 2000) for server, program in (
        ("threads", "wakepath-thread-echo"), ("pool", "wakepath-pool-echo"), ("fork", "wakepath-fork-echo"),
        ("prefork", "wakepath-prefork-echo"), ("python select", "python_select_echo.py"),
        ("asyncio", "asyncio_echo.py"), ("edge", "wakepath-epoll-edge-echo"), ("io_uring", "wakepath-uring-echo"))
      for address in ("127.0.0.1", "::1")),
    *((f"UDP, {address}", "wakepath-udp-echo", address, [], [*FEW, "--udp"], 2000) for address in ("127.0.0.1", "::1")),
    ("Unix", "wakepath-unix-echo", "127.0.0.1", [], FEW, 2000),
    *((f"io_uring, {mode}", "wakepath-uring-echo", "127.0.0.1", ["--mode", mode], FEW, 2000)
      for mode in ("defer", "sqpoll")),
    *((f"IPv6, {server}", f"wakepath-{server}-echo", "::1", [], ["--connections", "4"], 1000)
      for server in ("epoll", "select", "poll")),
    ("pipelined", "wakepath-poll-echo", "127.0.0.1", [], ["--connections", "4", "--pipeline", "16"], 4000),
    ("batched", "wakepath-select-echo", "127.0.0.1", [], ["--connections", "4", "--batch", "16"], 4000),
    ("in pieces", "wakepath-epoll-echo", "127.0.0.1", [], ["--split", "4", "--split-pause-us", "20"], 500),
    ("paced", "wakepath-epoll-echo", "127.0.0.1", [], ["--connections", "4", "--interval-us", "100"], 500),
    ("open loop", "wakepath-epoll-echo", "127.0.0.1", [], ["--workload", "W2", "--rate", "1000"], 300),
    ("closed loop of 50", "wakepath-epoll-echo", "127.0.0.1", [], ["--workload", "W4"], 2000),
    ("bulk", "wakepath-epoll-echo", "127.0.0.1", ["--message-size", "65536"], ["--workload", "W5", "--size", "65536"], 500),
    ("connect storm", "wakepath-epoll-echo", "127.0.0.1", [], ["--workload", "W6"], 500),
    ("dribble", "wakepath-epoll-echo", "127.0.0.1", ["--message-size", "16"],
     ["--workload", "W7", "--size", "16", "--split-pause-us", "500"], 16),
    ("half-close and reset", "wakepath-epoll-echo", "127.0.0.1", [], ["--workload", "W8"], 200),
    ("half-close and reset, select", "wakepath-select-echo", "127.0.0.1", [], ["--workload", "W8"], 200),
    ("1024 idle, 1 active", "wakepath-epoll-echo", "127.0.0.1", [], ["--workload", "W10"], 500),
    *((f"larger than the socket buffers, {server}", f"wakepath-{server}-echo", "127.0.0.1",
       ["--message-size", "300000"], ["--connections", "4", "--pipeline", "16", "--size", "300000"], 200)
      for server in ("epoll", "select", "poll", "epoll-edge")),
]


@contextlib.contextmanager
def running(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def bytes_in_log(file):
    """Bytes read by the server; fails on a log that is not whole or whose reads leave a hole."""
    with open(file, "rb") as log:
        magic, size, _, records, dropped = HEADER.unpack(log.read(HEADER.size))
        assert magic == b"wptread2" and size == READ.size and dropped == 0
        body = log.read()
    assert len(body) == records * READ.size, "log cut short"
    ends, total = {}, 0
    for before, after, connection, offset, length, *_ in READ.iter_unpack(body):
        assert before <= after and offset == ends.get(connection, 0), "hole in the log"
        ends[connection] = offset + length
        total += length
    return total


@contextlib.contextmanager
def serving(tools, program, address, options):
    """The server's process, and what to connect to."""
    with running([f"{tools}/{program}", "--bind", address, *LIMITS, *options]) as process:
        where = process.stdout.readline().split()[1]
        if not where.startswith("unix:"):
            where = f"[{address}]:{where}" if ":" in address else f"{address}:{where}"
        yield process, where
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, "the server did not end well"


def load(tools, where, options):
    done = subprocess.run([f"{tools}/wakepath-load-client", "--connect", where, *LIMITS, *options],
                          stdout=subprocess.PIPE, text=True, timeout=90, check=False)
    return done.returncode, json.loads(done.stdout)


def run_case(tools, folder, program, address, server_options, client_options, requests):
    log = os.path.join(folder, "server.truth")
    with serving(tools, program, address, ["--truth", log, *server_options]) as (_, where):
        status, result = load(tools, where, [*client_options, "--requests", str(requests),
                                             "--truth", os.path.join(folder, "client.truth")])
        assert status == 0 and result["errors"] == 0 and result["requests"] == requests, result
        order = [result[f"{p}_ns"] for p in ("p50", "p90", "p99", "p999", "max")]
        assert order == sorted(order) and order[0] > 0, result
    size = int(client_options[client_options.index("--size") + 1]) if "--size" in client_options else 64
    if "W7" in client_options:
        size = 16
    assert bytes_in_log(log) == requests * size, "bytes sent and bytes logged differ"


def run_urgent(tools):
    """Urgent bytes are taken out of the exception set, and the echo has none of them."""
    with serving(tools, "wakepath-select-echo", "127.0.0.1", []) as (_, where):
        status, result = load(tools, where, ["--workload", "W9"])
        assert status == 0 and result["errors"] == 0 and result["requests"] == 200, result


def run_open_loop(tools):
    """A server that stops for 0.3 s makes an open loop's requests late by up to that; a closed loop asks less."""
    worst = {}
    for name, options in (("open", ["--rate", "1000"]), ("closed", ["--interval-us", "1000"])):
        with serving(tools, "wakepath-epoll-echo", "127.0.0.1", []) as (process, where):
            client = subprocess.Popen([f"{tools}/wakepath-load-client", "--connect", where, *LIMITS, "--connections", "1",
                                       "--requests", "1000", *options], stdout=subprocess.PIPE, text=True)
            time.sleep(0.3)
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            process.send_signal(signal.SIGCONT)
            worst[name] = json.loads(client.communicate(timeout=60)[0])
    assert worst["open"]["open_loop"] and not worst["closed"]["open_loop"]
    assert worst["closed"]["max_ns"] > 200_000_000, "the stop was not felt at all"
    assert worst["open"]["p90_ns"] > 50_000_000, f"the requests that were due meanwhile are left out: {worst['open']}"
    assert worst["closed"]["p90_ns"] < worst["open"]["p90_ns"], worst


def run_note_server(tools):
    """The note's server never accepts: asleep until its first client, a busy loop from then on."""
    def ticks(process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
            return sum(int(field) for field in stat.read().rsplit(")", 1)[1].split()[11:13])

    with serving(tools, "python_select_note.py", "127.0.0.1", []) as (process, where):
        time.sleep(0.5)
        before = ticks(process)
        time.sleep(0.5)
        asleep = ticks(process) - before
        load(tools, where, ["--workload", "W1", "--idle", "1"])
        busy = ticks(process) - before - asleep
        assert asleep <= 1, f"{asleep} ticks of CPU while nobody was there"
        assert busy >= 5, f"only {busy} ticks of CPU with a client nobody accepts"


def run_limit(tools):
    """A server that nobody stops ends by itself, even inside a blocking call."""
    for program in sorted({case[1] for case in CASES}):
        with running([f"{tools}/{program}", "--max-seconds", "1"]) as process:
            assert process.wait(timeout=20) == 1, f"{program} outlived its limit"


def main():
    tools = os.path.join(sys.argv[2], "demo-servers")
    with tempfile.TemporaryDirectory() as folder:
        for name, *case in CASES:
            run_case(tools, folder, *case)
            print(f"{name}: ok", flush=True)
    for name, check in (("urgent bytes", run_urgent), ("open loop is late where the server is", run_open_loop),
                        ("the note's server", run_note_server), ("time limit", run_limit)):
        check(tools)
        print(f"{name}: ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
