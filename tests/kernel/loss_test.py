#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Loss is exact: usage loss_test.py SOURCE_DIR BINARY_DIR [FIRINGS]; 77: skipped.

A process that talks to itself over loopback is recorded in five regimes. Whatever is lost in them, `wakepath report`
must find from the file alone that every firing of every hook on every CPU and every record is accounted for, and that
the numbers missing in the file are as many as the counters say. FIRINGS: how many at least, over all regimes.
"""
import json
import re
import signal
import subprocess
import sys
import time

import frame

PATIENCE_S = 240
LOAD = """
import os, socket, sys
a = socket.create_server(("127.0.0.1", 0))
out = socket.create_connection(a.getsockname()); out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
back = a.accept()[0]
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        out.send(b"x"); back.recv(1)
    print("done", flush=True)
"""


class Load:
    """Sends itself so many one-byte requests when told to."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", LOAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.expect("ready")

    def expect(self, word):
        if self.process.stdout.readline().strip() != word:
            raise RuntimeError("the load ended early")

    def begin(self, requests):
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()

    def run(self, requests):
        self.begin(requests)
        self.expect("done")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.communicate()


class Recorder:
    def __init__(self, wakepath, load, file, *options, prefix=()):
        command = [*prefix, wakepath, "record", "--quiet", "-p", load.process.pid, "-o", file, *options]
        self.process = frame.started(command, stderr=subprocess.PIPE, text=True)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.outcome()

    def outcome(self):
        errors = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode, errors.strip()


class Tester:
    def __init__(self, binary, folder, scale):
        self.wakepath = str(binary / "wakepath")
        self.folder, self.scale = folder, scale
        self.failed, self.fired = 0, 0

    def report(self, file):
        done = subprocess.run([self.wakepath, "report", "--json", file], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def note(self, name, found, told):
        books = told["loss"]["books"]
        self.fired += books["fired"]
        print(f"{name}: {'; '.join(found) or 'ok'}: {books['fired']} firings, {books['submitted']} records, "
              f"{books['ring_full']} found the ring full, {books['in_gaps']} in gaps, {books['missed']} missed, "
              f"differences {books['hooks_difference']} and {books['rings_difference']}", flush=True)
        self.failed += bool(found)

    def check(self, name, file, requests, must_lose):
        told = self.report(file)
        books, loss = told["loss"]["books"], told["loss"]
        found = []
        if books["hooks_difference"] or books["rings_difference"]:
            found.append(f"unaccounted for: {books}")
        if not told["recording"]["closed_cleanly"]:
            found.append("not closed")
        if must_lose and books["ring_full"] == 0:
            found.append("nothing was lost: the regime is too weak")
        if books["ring_full"] != sum(gap["count"] for gap in loss["gaps"]):
            found.append("the gaps have other counts")
        if books["ring_full"] != sum(one["ring_full"] for one in books["lost"]):
            found.append("the hooks have other counts")
        # The load's own count: what it sent itself was read, or was lost.
        reads = told["transports"].get("tcp", 0)  # one byte each, and not what it reads of us
        if not reads <= requests <= reads + books["ring_full"]:
            found.append(f"{reads} reads of {requests}, {books['ring_full']} lost")
        self.note(name, found, told)

    def regime(self, name, requests, *options, stop_s=0.0, must_lose=False):
        requests = int(requests * self.scale)
        file = self.folder / (name.replace(" ", "-") + ".wkp")
        with Load() as load:
            recorder = Recorder(self.wakepath, load, file, *options)
            load.begin(requests)
            if stop_s:
                recorder.process.send_signal(signal.SIGSTOP)
                time.sleep(stop_s)
                recorder.process.send_signal(signal.SIGCONT)
            load.expect("done")
            status, errors = recorder.end()
        if status != 0:
            raise RuntimeError(f"{name}: {errors}")
        self.check(name, file, requests, must_lose)
        file.unlink()

    def full_disk(self, requests):
        disk, file = self.folder / "disk", self.folder / "full.wkp"
        disk.mkdir()
        # The recording goes outside before its file system does.
        prefix = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=1m wp '{disk}'\n\"$@\"\nstatus=$?\n"
                  f"cp '{disk}/a.wkp' '{file}'\nexit $status", "sh"]
        with Load() as load:
            recorder = Recorder(self.wakepath, load, disk / "a.wkp", prefix=prefix)
            while recorder.process.poll() is None:
                load.run(int(min(requests, 20_000)))
            status, errors = recorder.outcome()
        told = self.report(file)
        books = told["loss"]["books"]
        found = []
        if status != 1 or "No space left" not in errors:
            found.append(f"status {status}: {errors}")
        if told["recording"]["closed_cleanly"] or told["loss"]["damaged_blocks"]:
            found.append("it is closed, or damaged")
        if books["hooks_difference"]:
            found.append(f"unaccounted for at its last books: {books}")
        # received = written + dropped: what the error says was dropped, and what the file holds.
        told_by_error = re.search(r"(\d+) records were received in all, (\d+) dropped", errors)
        received, dropped = map(int, told_by_error.groups()) if told_by_error else (0, -1)
        if received != books["in_file"] + dropped:
            found.append(f"{received} received, {books['in_file']} in the file, {dropped} dropped: {errors}")
        self.note("full disk", found, told)


def test(_source, binary, folder):
    firings = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    scale = firings / 1_000_000
    t = Tester(binary, folder, scale)
    t.regime("idle", 0, "-d", "2s")
    t.regime("sustained", 40_000)
    t.regime("recorder stopped 3 s", max(20_000, 100_000 / scale), "--ring-pages", "64", stop_s=3, must_lose=True)
    t.regime("ring of one page", 20_000, "--ring-pages", "1", must_lose=True)
    t.full_disk(20_000)
    print(f"{t.fired} firings in all", flush=True)
    if t.fired < firings:
        print(f"fewer than {firings}: the load is too weak")
    return t.failed or t.fired < firings


if __name__ == "__main__":
    sys.exit(frame.run(test, ("unshare",)))
