#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report of a real redis under load: usage html_redis_test.py SOURCE_DIR BINARY_DIR

redis-server is recorded with --detail timeline while redis-benchmark asks it; then page.mjs compares what a browser shows
with what the other commands say of the same recording. 77: skipped.
"""
import pathlib
import socket
import subprocess
import sys
import time

import frame

SOURCE, BINARY = map(pathlib.Path, sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "tests" / "html"))
import pages  # noqa: E402

REQUESTS = 4000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_listens(port):
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError("redis-server does not listen")


def record(folder, recording):
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
                              stdout=subprocess.DEVNULL)
    try:
        wait_until_it_listens(port)
        with frame.recording(BINARY / "wakepath", recording, "-p", server.pid, "--detail", "timeline"):
            subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-c", "20", "-n", str(REQUESTS), "-t", "get",
                            "-q"], check=True, stdout=subprocess.DEVNULL, timeout=120)
    finally:
        server.terminate()
        server.wait(timeout=60)


def test(_source, binary, folder):
    recording = folder / "redis.wkp"
    record(folder, recording)
    return not pages.check_page(binary / "wakepath", folder, recording)


if __name__ == "__main__":
    pages.skip_unless_ready()
    sys.exit(frame.run(test, ("redis-server",)))
