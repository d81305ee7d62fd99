# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Python servers share: options, sessions, the log of every read (userspace/truth/records.hpp), the end."""
import argparse
import os
import signal
import socket
import struct
import threading
import time

_HEADER = struct.Struct("<8sIIQQ")
_READ = struct.Struct("<QQQQIIiIQQ")


class ReadLog:
    """Kept in memory; written when the server ends."""

    def __init__(self, path):
        self._file = open(path, "wb") if path else None
        self._records = []

    def add(self, before_ns, after_ns, connection, offset, count, fd):
        if self._file:
            self._records.append((before_ns, after_ns, connection, offset, count, threading.get_native_id(), fd, 0,
                                  0, 0))

    def write(self):
        if not self._file:
            return
        self._file.write(_HEADER.pack(b"wptread2", _READ.size, 0, len(self._records), 0))
        for record in self._records:
            self._file.write(_READ.pack(*record))
        self._file.close()


class Session:
    """One connection: what was read and not yet answered."""

    def __init__(self, connection, options):
        self.socket = connection
        family = int(connection.family)
        self._key = family << 32 | connection.getsockname()[1] << 16 | connection.getpeername()[1]
        self._fd = connection.fileno()
        self._message_bytes = options.message_size
        self._received = 0
        self._pending = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @staticmethod
    def now():
        """CLOCK_MONOTONIC, the clock of the recordings."""
        return time.monotonic_ns()

    def took(self, log, data, before_ns):
        """Notes what a read returned; gives the whole messages that are to be answered now."""
        if data:
            log.add(before_ns, self.now(), self._key, self._received, len(data), self._fd)
        self._received += len(data)
        self._pending += data
        whole = len(self._pending) // self._message_bytes * self._message_bytes
        answer, self._pending = self._pending[:whole], self._pending[whole:]
        return answer

    def serve(self, log):
        """One read and its answer. False: the peer is gone."""
        before_ns = self.now()
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        answer = self.took(log, data, before_ns)
        self.socket.sendall(answer)
        return bool(data)


def session_of(connection, options):
    return Session(connection, options)


def accept(listener, options):
    connection, _ = listener.accept()
    return Session(connection, options)


def options_and_log():
    """Parses the options every server has; SIGTERM writes the log and ends the server with status 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--truth", default="")
    parser.add_argument("--truth-records", type=int, default=0, help="not needed here: memory grows")
    parser.add_argument("--max-seconds", type=int, default=600)
    parser.add_argument("--message-size", type=int, default=64)
    options = parser.parse_args()
    log = ReadLog(options.truth)

    def end(number, _frame):
        log.write()
        os._exit(0 if number != signal.SIGALRM else 1)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(options.max_seconds)
    return options, log


def listen_on(options):
    """A listening socket; tells where clients can connect."""
    family = socket.AF_INET6 if ":" in options.bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.bind, options.port))
    listener.listen(128)
    print(f"listening {listener.getsockname()[1]}", flush=True)
    return listener
