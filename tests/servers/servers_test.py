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

HEADER = struct.Struct("<8sIIQQ")  # userspace/truth/records.hpp
READ = struct.Struct("<QQQQIIiI")
LIMITS = ["--max-seconds", "60"]

# name, server, its address, its options, the client's options, requests
CASES = [
    *((f"{server}, {n} connections", server, "127.0.0.1", [], ["--connections", str(n)], 4000)
      for server in ("epoll", "select", "poll") for n in (1, 64, 512)),
    ("blocking, one connection", "blocking", "127.0.0.1", [], [], 2000),
    ("blocking, one after another", "blocking", "127.0.0.1", [], ["--connections", "8", "--sequential"], 2000),
    ("IPv6", "epoll", "::1", [], ["--connections", "4"], 1000),
    ("pipelined", "poll", "127.0.0.1", [], ["--connections", "4", "--pipeline", "16"], 4000),
    ("batched", "select", "127.0.0.1", [], ["--connections", "4", "--batch", "16"], 4000),
    ("in pieces", "epoll", "127.0.0.1", [], ["--split", "4", "--split-pause-us", "20"], 500),
    ("paced", "epoll", "127.0.0.1", [], ["--connections", "4", "--interval-us", "100"], 500),
    *((f"larger than the socket buffers, {server}", server, "127.0.0.1", ["--message-size", "300000"],
       ["--connections", "4", "--pipeline", "16", "--size", "300000"], 200) for server in ("epoll", "select", "poll")),
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
        assert magic == b"wptread1" and size == READ.size and dropped == 0
        body = log.read()
    assert len(body) == records * READ.size, "log cut short"
    ends, total = {}, 0
    for before, after, connection, offset, length, _, _, _ in READ.iter_unpack(body):
        assert before <= after and offset == ends.get(connection, 0), "hole in the log"
        ends[connection] = offset + length
        total += length
    return total


def run_case(tools, folder, server, address, server_options, client_options, requests):
    log = os.path.join(folder, "server.truth")
    with running([f"{tools}/wakepath-{server}-echo", "--bind", address, "--truth", log, *LIMITS, *server_options]) as process:
        port = process.stdout.readline().split()[1]
        host = f"[{address}]" if ":" in address else address
        done = subprocess.run([f"{tools}/wakepath-load-client", "--connect", f"{host}:{port}", "--requests", str(requests),
                               "--truth", os.path.join(folder, "client.truth"), *LIMITS, *client_options],
                              stdout=subprocess.PIPE, text=True, timeout=90, check=False)
        result = json.loads(done.stdout)
        assert done.returncode == 0 and result["errors"] == 0 and result["requests"] == requests, result
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0, "the server did not end well"
    size = int(client_options[client_options.index("--size") + 1]) if "--size" in client_options else 64
    assert bytes_in_log(log) == requests * size, "bytes sent and bytes logged differ"


def run_limit(tools):
    """A server that nobody stops ends by itself, even inside a blocking call."""
    for server in ("epoll", "select", "poll", "blocking"):
        with running([f"{tools}/wakepath-{server}-echo", "--max-seconds", "1"]) as process:
            assert process.wait(timeout=20) == 1, f"{server} outlived its limit"


def main():
    tools = os.path.join(sys.argv[2], "demo-servers")
    with tempfile.TemporaryDirectory() as folder:
        for name, *case in CASES:
            run_case(tools, folder, *case)
            print(f"{name}: ok", flush=True)
    run_limit(tools)
    print("time limit: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
