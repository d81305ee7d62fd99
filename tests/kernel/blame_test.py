#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Troubles of a known cause, and whom the blame falls on: usage blame_test.py SOURCE_DIR BINARY_DIR [NAME...]

A server is recorded while something known makes its requests slow. Server and trouble have real-time priorities, so that
whatever else the machine does is not a second trouble. Of the requests that took longer than a
millisecond, at least 95 in 100 must have that cause as their largest, and whoever it was by name. 77: skipped.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import frame

BINARY = pathlib.Path(sys.argv[2])
SLOW_NS = 1_000_000
# A flood is recorded with --detail timeline: its softirqs run on top of whoever has the CPU, and are slices there. The
# verdict is about longer waits, because the client's own CPU sends the flood.
FLOOD_NS = 4_000_000
FEWEST = 20
MOST_TAPS = 2000
SECONDS = 30
CPU = max(os.sched_getaffinity(0))
OTHER_CPU = min(os.sched_getaffinity(0))


@contextlib.contextmanager
def running(*command, cpu=None, priority=0, **streams):
    """A program that is ended by its number when the block is left."""
    def place():
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        if priority:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))

    with subprocess.Popen(command, **streams, text=True, preexec_fn=place) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=SECONDS)


@contextlib.contextmanager
def server(*options, prefix=()):
    command = [*prefix, str(BINARY / "demo-servers/wakepath-faulty-echo"), "--max-seconds", "60", *options]
    with running(*command, cpu=CPU, priority=1, stdout=subprocess.PIPE) as process:
        words = process.stdout.readline().split()
        assert words and words[0] == "listening", words
        yield process, int(words[1])


def recording(file, pid, *options):
    return frame.recording(BINARY / "wakepath", file, "--force", *options, "-p", pid, "-d", "60")


def connect(port, address="127.0.0.1"):
    client = socket.create_connection((address, port), timeout=SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def ask(client):
    client.sendall(bytes(64))


def answer(client):
    left = 64
    while left:
        left -= len(client.recv(left))


def paths_of(file):
    lines = subprocess.run([str(BINARY / "wakepath"), "export", "jsonl", file], check=True, capture_output=True, text=True)
    paths = [json.loads(line) for line in lines.stdout.splitlines()]
    for path in paths:
        total = path.get("total_ns", 0)
        assert sum(share["ns"] for share in path["blame"]) == total, f"#{path['id']}: the blame does not add up to {total}"
    return paths


def judge(name, paths, is_right, slow_ns=SLOW_NS):
    slow = [path for path in paths if path.get("total_ns", 0) >= slow_ns]
    assert len(slow) >= FEWEST, f"{name}: only {len(slow)} of {len(paths)} requests were slow: nothing is shown"
    wrong = [path for path in slow if not is_right(path["blame"][0])]
    found = {}
    for path in slow:
        first = path["blame"][0]
        key = (first["cause"], first.get("culprit", {}).get("comm", ""), first.get("culprit", {}).get("call", ""))
        found[key] = found.get(key, 0) + 1
    print(f"{name}: {len(slow) - len(wrong)} of {len(slow)} slow requests blame it; largest causes: {found}")
    assert len(wrong) * 20 <= len(slow), f"{name}: {json.dumps(wrong[0]['blame'])}"


def report(file):
    done = subprocess.run([str(BINARY / "wakepath"), "report", "--json", file], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["blame"]


def hog(file):
    """A task that uses the server's CPU up."""
    with server() as (process, port), connect(port) as client:
        trouble = (str(BINARY / "demo-servers/wakepath-trouble"), "hog", "--seconds", "30")
        with recording(file, process.pid), running(*trouble, cpu=CPU, priority=2):
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline:
                ask(client)
                answer(client)
                time.sleep(0.001)
    judge("hog", paths_of(file), lambda first: first["cause"] == "run_queue" and first["culprit"]["comm"] == "wp-hog")
    row = report(file)["causes"]["run_queue"]
    assert '"wp-hog"' in row["culprit"], row


def sleeper(file):
    """One connection's handler sleeps 3 ms."""
    with server("--sleep-us", "3000") as (process, port), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(port))]
        ask(clients[0])
        answer(clients[0])  # the server has accepted it first
        clients += [stack.enter_context(connect(port)) for _ in range(4)]
        for client in clients[1:]:
            ask(client)
            answer(client)
        with recording(file, process.pid):
            for _ in range(40):
                ask(clients[0])
                time.sleep(0.0005)
                for client in clients[1:]:
                    ask(client)
                for client in clients:
                    answer(client)
        peer = "%s:%d" % clients[0].getsockname()
    others = [path for path in paths_of(file) if path["socket"].get("peer") != peer]
    judge("sleeper", others, lambda first: first["cause"] == "busy" and first["culprit"].get("peer") == peer and
          first["culprit"]["doing"] == "asleep" and first["culprit"].get("call", "").endswith("nanosleep"))


def stopped(file):
    """The server is stopped and continued by signals."""
    with server() as (process, port), connect(port) as client:
        with recording(file, process.pid):
            for _ in range(40):
                process.send_signal(signal.SIGSTOP)
                while ") T " not in pathlib.Path(f"/proc/{process.pid}/stat").read_text():
                    time.sleep(0.0005)
                ask(client)
                time.sleep(0.004)
                process.send_signal(signal.SIGCONT)
                answer(client)
    judge("stopped", paths_of(file), lambda first: first["cause"] == "stopped" and
          first["culprit"].get("waker_tid") == os.getpid())


def accepting(file):
    """The server sleeps 3 ms before every accept."""
    with server("--accept-sleep-us", "3000") as (process, port):
        with recording(file, process.pid):
            for _ in range(6):
                with contextlib.ExitStack() as stack:
                    clients = []
                    # The first waits as long for its accept as, once accepted, for the next one's: one in twenty.
                    for _ in range(20):
                        clients.append(stack.enter_context(connect(port)))
                        ask(clients[-1])
                    for client in clients:
                        answer(client)
    judge("accepting", paths_of(file), lambda first: first["cause"] == "accept_queue" and
          first["culprit"].get("call", "").endswith("nanosleep"))


@contextlib.contextmanager
def network():
    """A network of two hosts; what the second one receives is taken in on the server's CPU."""
    name = f"wpb{os.getpid() % 100000}"
    setup = [["netns", "add", name], ["link", "add", name, "type", "veth", "peer", "name", "eth1", "netns", name],
             ["addr", "add", "10.211.7.1/30", "dev", name], ["link", "set", name, "up"],
             ["-n", name, "addr", "add", "10.211.7.2/30", "dev", "eth1"], ["-n", name, "link", "set", "eth1", "up"],
             ["-n", name, "link", "set", "lo", "up"]]
    try:
        for words in setup:
            subprocess.run(["ip", *words], check=True)
        subprocess.run(["ip", "netns", "exec", name, "sh", "-c",
                        f"echo {1 << CPU:x} > /sys/class/net/eth1/queues/rx-0/rps_cpus"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "link", "del", name], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "netns", "del", name], check=False)


# Holds sockets in the network: a datagram socket that nobody reads, and for every line of its input a hundred that see each
# packet, for work.
SINK = """
import socket, sys
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sink.bind(("10.211.7.2", 9))
taps = []
for line in sys.stdin:
    taps += [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in range(100)]
    print(len(taps), flush=True)
"""


def slow_of(client, seconds):
    """How many of the requests made in this time waited for FLOOD_NS, by the client's clock."""
    deadline, slow = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        begin = time.monotonic_ns()
        ask(client)
        answer(client)
        slow += time.monotonic_ns() - begin >= FLOOD_NS
        time.sleep(0.001)
    return slow


def flood(file):
    """A flood of datagrams that ksoftirqd has to take in."""
    with network() as name, contextlib.ExitStack() as stack:
        inside = ("ip", "netns", "exec", name)
        sink = stack.enter_context(running(*inside, sys.executable, "-c", SINK, cpu=OTHER_CPU, stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE))
        process, port = stack.enter_context(server("--bind", "10.211.7.2", prefix=inside))
        client = stack.enter_context(connect(port, "10.211.7.2"))
        stack.enter_context(running(str(BINARY / "demo-servers/wakepath-trouble"), "flood", "--to", "10.211.7.2",
                                    "--port", "9", "--seconds", "90", cpu=OTHER_CPU, priority=1))
        def more():
            sink.stdin.write("more\n")
            sink.stdin.flush()
            return int(sink.stdout.readline())

        taps = more()
        while slow_of(client, 0.5) < 10 and taps < MOST_TAPS:  # what a packet costs is the machine's own
            taps = more()
        with recording(file, process.pid, "--detail", "timeline"):
            deadline, slow = time.monotonic() + SECONDS, slow_of(client, 1)
            while slow < 4 * FEWEST and time.monotonic() < deadline:  # a recorded flood is slower
                taps = more() if taps < MOST_TAPS else taps
                slow += slow_of(client, 1)
    paths = paths_of(file)
    print(f"flood: {taps} sockets see each packet")
    # Where ksoftirqd itself has to wait for a CPU, an interrupt may take the packets in first, over whoever runs: the same flood.
    judge("flood", paths, lambda first: first["cause"] in ("ksoftirqd", "softirq", "interrupted") or
          first["cause"] == "run_queue" and first["culprit"]["comm"] == f"ksoftirqd/{CPU}", FLOOD_NS)
    named = sum(path["blame"][0]["cause"] == "ksoftirqd" for path in paths if path.get("total_ns", 0) >= FLOOD_NS)
    assert named >= FEWEST, f"flood: ksoftirqd is the largest cause of {named} requests only"


TROUBLES = {trouble.__name__: trouble for trouble in (hog, sleeper, stopped, accepting, flood)}


def cases(_source, _binary, folder):
    os.sched_setaffinity(0, {OTHER_CPU})
    for name in sys.argv[3:] or TROUBLES:
        found = []
        try:
            TROUBLES[name](os.environ.get("WP_KEEP", str(folder)) + f"/{name}.wkp")
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            found.append(repr(error))
        yield name, found


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases, cpus=2))
