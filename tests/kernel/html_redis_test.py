#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report of a real redis under load: usage html_redis_test.py SOURCE_DIR BINARY_DIR

redis-server is recorded with --detail timeline while redis-benchmark asks it; then page.mjs compares what a browser shows
with what the other commands say of the same recording. 77: skipped.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

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
        ready, told = os.pipe()
        recorder = subprocess.Popen([BINARY / "wakepath", "record", "-q", "-p", str(server.pid), "-o", recording, "--detail", "timeline",
                                     "--ready-fd", str(told)], pass_fds=(told,))
        os.close(told)
        if os.read(ready, 1) != b"\0":
            raise AssertionError("the recorder did not start")
        subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-c", "20", "-n", str(REQUESTS), "-t", "get", "-q"],
                       check=True, stdout=subprocess.DEVNULL, timeout=120)
        recorder.send_signal(2)
        if recorder.wait(timeout=60) != 0:
            raise AssertionError("the recorder failed")
    finally:
        server.terminate()
        server.wait(timeout=60)


def main():
    pages.skip_unless_ready()
    if os.geteuid() != 0 or not shutil.which("redis-server"):
        print("skipped: needs root and redis-server")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording = folder / "redis.wkp"
        record(folder, recording)
        sys.exit(0 if pages.check_page(BINARY / "wakepath", folder, recording) else 1)


main()
