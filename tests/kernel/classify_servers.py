# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers to classify, started and talked to: shared by the kernel tests and scripts/bench/confusion."""
import os
import signal
import socket
import subprocess
import sys
import time

import frame

MESSAGE = b"m" * 64
SECONDS = 30

# The shape of the study note's own server: select on a listener, and nobody ever accepts.
NEVER_ACCEPTS = """
import select, socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)
print("listening", listener.getsockname()[1], flush=True)
while True:
    select.select([listener], [], [])
"""

# name -> program in demo-servers/, and what it must be called: class, beginning of its kind, architecture
EVENT, SPIN, POLL, HYBRID = "event_driven", "spin", "sleep_poll", "hybrid"
QUIET = {
    "epoll": ("epoll-echo", EVENT, "epoll", "multiplexing"),
    "select": ("select-echo", EVENT, "select", "multiplexing"),
    "poll": ("poll-echo", EVENT, "poll", "multiplexing"),
    "blocking": ("blocking-echo", EVENT, "blocking read", "iterative"),
    "sleep-poll": ("sleep-poll", POLL, "looks every", "multiplexing"),
    "sleep-poll-10ms": ("sleep-poll-10ms", POLL, "looks every", "multiplexing"),
    "epoll-short-timeout": ("epoll-short-timeout", HYBRID, "epoll, and its wait times out", "multiplexing"),
    "epoll-timerfd": ("epoll-timerfd", EVENT, "epoll", "multiplexing"),
    "timerfd-scan": ("timerfd-scan", POLL, "looks every", "multiplexing"),
    "spin-then-block": ("spin-then-block", HYBRID, "epoll, after looking again", "multiplexing"),
    "busy-poll": ("busy-poll-echo", EVENT, "blocking read", "iterative"),
    "edge-no-drain": ("epoll-edge-no-drain", "stalled", "epoll", "multiplexing"),
    "epoll-idle": ("epoll-echo", "undetermined", "", "undetermined"),
}
SPINNERS = {
    "recv-spin": ("recv-spin", SPIN, "system calls: receives", "multiplexing"),
    "epoll-zero": ("epoll-zero-spin", SPIN, "system calls: epoll_wait", "multiplexing"),
    "poll-zero": ("poll-zero-spin", SPIN, "system calls: poll", "multiplexing"),
    "select-zero": ("select-zero-spin", SPIN, "system calls: pselect6", "multiplexing"),
}
LIARS = {
    "ready-eventfd": ("epoll-ready-eventfd", SPIN, "false-ready: epoll_wait", "multiplexing"),
    "memory-spin": ("memory-spin", SPIN, "user space", "multiplexing"),
    "yield-spin": ("yield-spin", SPIN, "system calls: sched_yield", "multiplexing"),
    "hot-worker": ("epoll-hot-worker", EVENT, "epoll", "multiplexing"),
    "never-accepts": (None, SPIN, "false-ready: ", "undetermined"),
}
# One process or thread for each connection, and others that need more than one connection to show what they are.
BUILT = {
    "epoll-edge": ("epoll-edge-echo", EVENT, "epoll", "multiplexing"),
    "thread": ("thread-echo", EVENT, "blocking read", "thread_per_connection"),
    "fork": ("fork-echo --reap sigaction", EVENT, "blocking read", "process_per_connection"),
    "prefork": ("prefork-echo --share accept", EVENT, "blocking read", "prefork"),
}
# How many loops of a prefork server meet several of the few connections is chance: its architecture is not asked.
OTHERS = {
    "pool": ("pool-echo", EVENT, "epoll", "dispatcher"),
    "prefork-epoll": ("prefork-echo --share epoll", EVENT, "epoll", None),
    "prefork-exclusive": ("prefork-echo --share exclusive", EVENT, "epoll", None),
    "prefork-reuseport": ("prefork-echo --share reuseport", EVENT, "epoll", None),
    "io-uring": ("uring-echo --mode default", EVENT, "io_uring", "multiplexing"),
    "io-uring-defer": ("uring-echo --mode defer", EVENT, "io_uring", "multiplexing"),
    "python-select": ("python_select_echo.py", EVENT, "select", "multiplexing"),
    "asyncio": ("asyncio_echo.py", EVENT, "epoll", "multiplexing"),
    # The thread that submits for it spins for a while before it sleeps.
    "io-uring-sqpoll": ("uring-echo --mode sqpoll", HYBRID, "io_uring, after running on", "multiplexing"),
    "udp": ("udp-echo", EVENT, "blocking read", None),
    "unix": ("unix-echo", EVENT, "epoll", None),  # connections are counted by their TCP states
}
GROUPS = (QUIET, BUILT, OTHERS, SPINNERS, LIARS)
ONE_AT_A_TIME = {"blocking", "busy-poll"}


class Server:
    def __init__(self, name, program, folder):
        self.name = name
        command = [sys.executable, "-c", NEVER_ACCEPTS]
        if program:
            name, *options = program.split()
            name = name if name.endswith(".py") else "wakepath-" + name
            command = [os.path.join(folder, "demo-servers", name), *options, "--max-seconds", "120"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.where = self.process.stdout.readline().split()[1]

    @property
    def port(self):
        return int(self.where)

    def connect(self):
        if self.name == "udp":
            connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            connection.connect(("127.0.0.1", self.port))
        elif self.where.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.bind(f"\0wakepath-classify-{os.getpid()}-{id(connection)}")
            connection.connect("\0" + self.where.removeprefix("unix:"))
        else:
            connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(SECONDS)
        return connection

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=SECONDS)
        self.process.stdout.close()


def talk(server, requests, pause_s):
    """Two connections (one where the server serves one at a time), a request each in turn; they stay open."""
    if server.name == "epoll-idle":
        return []
    count = 1 if server.name in ONE_AT_A_TIME else 2
    connections = [server.connect() for _ in range(count)]
    if server.name == "never-accepts":
        return connections
    for number in range(requests):
        connection = connections[number % count]
        connection.sendall(MESSAGE)
        left = len(MESSAGE)
        while left:
            got = connection.recv(left)
            if not got:
                raise AssertionError(f"{server.name} hung up")
            left -= len(got)
        time.sleep(pause_s)
    if server.name == "edge-no-drain":
        connections[0].sendall(2 * MESSAGE)
    return connections


def record(binary, servers, file, requests=80, pause_s=0.012, quiet_s=4.0, visit=talk):
    """Records all of them while each is talked to by `visit` (which returns connections to be kept open), and then left
    alone."""
    pids = ",".join(str(server.process.pid) for server in servers)
    with frame.recording(os.path.join(binary, "wakepath"), file, "-f", "-p", pids, "--ring", "64"):
        failures, connections = frame.at_once(servers, lambda server: visit(server, requests, pause_s))
        time.sleep(quiet_s)
    for connection in connections:
        connection.close()
    return failures
