#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Situations that the golden cases replay, made on this kernel: usage situations_test.py SOURCE_DIR BINARY_DIR [NAME...]

A small server is recorded while this program is its client; what must then be in the recording is asserted. Nothing
depends on luck: the client sends once the server sleeps (as /proc says), and a server that must not sleep spins.
77: skipped.
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
from situations_servers import PIECE, REQUEST

BINARY = pathlib.Path(sys.argv[2])
SERVERS = pathlib.Path(__file__).with_name("situations_servers.py")
SECONDS = 20
# Spinning is no promise to have a CPU: then the reader waits for one.
AWAKE = {"running", "already_runnable", "woken_by_earlier_data"}


def until(what, condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited too long for {what}")
        time.sleep(0.002)


@contextlib.contextmanager
def recorder(*options, stdout=None, pass_fds=()):
    """A recorder that has ended well when the block is left, whoever ended it."""
    command = [str(BINARY / "wakepath"), "record", "-q", *options]
    with subprocess.Popen(command, pass_fds=pass_fds, stdout=stdout, text=True) as process:
        try:
            yield process
            if process.wait(timeout=SECONDS) != 0:
                raise AssertionError(f"the recorder, or what it recorded, ended with {process.returncode}")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def exported(file):
    lines = subprocess.run([str(BINARY / "wakepath"), "export", "jsonl", file], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in lines.stdout.splitlines()]


def reported(file):
    done = subprocess.run([str(BINARY / "wakepath"), "report", "--json", file], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class Situation:
    """One server, recorded from its first instruction: what it was asleep in is then known, too."""

    def __init__(self, folder, name, connections=0, pass_fds=(), family=socket.AF_INET, address="127.0.0.1"):
        self.name, self.connections, self.pass_fds = name, connections, pass_fds
        self.family, self.address = family, address
        self.file = os.path.join(folder, f"{name}.wkp")
        self.port, self.pid, self.descriptors, self.said = 0, 0, [], None

    def answer(self, word):
        words = self.said.readline().split()
        if not words or words[0] != word:
            raise AssertionError(f"the server said {words} instead of {word}")
        return [int(number) for number in words[1:]]

    def connect(self):
        client = socket.socket(self.family, socket.SOCK_STREAM)
        client.settimeout(SECONDS)
        client.connect((self.address, self.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def until_asleep(self):
        """A task that sleeps has a system call in /proc; one that runs has the word running there."""
        proc = pathlib.Path(f"/proc/{self.pid}")

        def asleep():
            return proc.joinpath("syscall").read_text().split()[0].isdigit() and ") S " in proc.joinpath("stat").read_text()

        until("the server to sleep", asleep)

    def record(self, act, *options):
        """What act(client...) does to the server, as paths."""
        server = ["--", sys.executable, str(SERVERS), self.name, *map(str, self.pass_fds)]
        with recorder("-o", self.file, *options, *server, stdout=subprocess.PIPE, pass_fds=self.pass_fds) as process:
            self.said = process.stdout
            self.port = self.answer("port")[0]
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(self.connect()) for _ in range(self.connections)]
                self.pid, *self.descriptors = self.answer("ready")
                self.until_asleep()
                act(*clients)
                process.wait(timeout=SECONDS)
        return exported(self.file)


def equal(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} instead of {wanted!r}")


def among(what, found, wanted):
    if found not in wanted:
        raise AssertionError(f"{what}: {found!r}, none of {sorted(wanted)}")


def ranges(paths):
    return [(path["begin"], path["end"]) for path in paths]


def pieces(origin, count, size):
    return [(origin + i * size, origin + (i + 1) * size) for i in range(count)]


def was_woken(path, mechanism, func):
    """Asleep, woken for this data, seen and witnessed."""
    wake = path["wake"]
    equal("needed", wake["needed"], True)
    equal("certainty", wake["certainty"], "observed")
    equal("mechanism", wake["mechanism"], mechanism)
    equal("woken task", wake["woken_tid"], path["task"]["tid"])
    among("witness", func, {entry["func"] for entry in path["witness"]})
    equal("waking", path["stages"]["waking"]["certainty"], "observed")
    among("running", path["stages"]["running"]["certainty"], {"observed", "inferred"})  # a switch may go unreported


def no_wake(path):
    equal("needed", path["wake"]["needed"], False)
    equal("certainty", path["wake"]["certainty"], "observed")


def was_awake(path, reasons=frozenset(AWAKE)):
    no_wake(path)
    among("why no wake", path["wake"]["why"], reasons)


def whole(paths, count):
    equal("paths", len(paths), count)
    for path in paths:
        if not path["complete"]:
            raise AssertionError(f"path {path['id']} is incomplete: {path['unknown']}, loss {path['loss_nearby']}")


def interleaved(folder):
    situation = Situation(folder, "interleaved", 2)
    paths = situation.record(lambda a, b: (a.send(b"a" * REQUEST), b.send(b"b" * REQUEST)))
    whole(paths, 2)
    by_fd = {path["read"]["fd"]: path for path in paths}
    first, second = (by_fd[fd] for fd in situation.descriptors)
    was_woken(first, "epoll", "ep_poll_callback")
    was_awake(second, AWAKE | {"woken_by_other_socket"})
    equal("read second, delivered first", first["read_id"] > second["read_id"], True)
    equal("bytes", [first["bytes"], second["bytes"]], [REQUEST, REQUEST])


def five_segments(folder):
    paths = Situation(folder, "five_segments", 1).record(lambda a: [a.send(b"a" * PIECE) for _ in range(5)])
    whole(paths, 5)
    equal("ranges", ranges(paths), pieces(paths[0]["begin"], 5, PIECE))
    equal("reads", len({path["read_id"] for path in paths}), 1)
    equal("deliveries", len({path["delivery_id"] for path in paths}), 5)
    equal("parts", {path["deliveries_of_read"] for path in paths}, {5})
    was_woken(paths[0], "epoll", "ep_poll_callback")
    for path in paths[1:]:
        was_awake(path)


def five_requests(folder):
    paths = Situation(folder, "five_requests", 1).record(lambda a: a.send(b"a" * 5 * PIECE))
    whole(paths, 5)
    equal("ranges", ranges(paths), pieces(paths[0]["begin"], 5, PIECE))
    equal("reads", len({path["read_id"] for path in paths}), 5)
    equal("deliveries", len({path["delivery_id"] for path in paths}), 1)
    equal("parts", [path["part_of_delivery"] for path in paths], [0, 1, 2, 3, 4])
    equal("replies", [path["reply_bytes"] for path in paths], [1] * 5)
    for path in paths:
        was_woken(path, "epoll", "ep_poll_callback")


def migrates(folder):
    situation = Situation(folder, "migrates", 1)

    def act(client):
        client.send(b"a" * REQUEST)
        client.recv(1)
        situation.until_asleep()
        client.send(b"a" * REQUEST)

    paths = situation.record(act)
    whole(paths, 2)
    cpus = sorted(os.sched_getaffinity(0))[:2]
    for path, cpu in zip(paths, cpus):
        was_woken(path, "epoll", "ep_poll_callback")
        equal("CPUs", {path["stages"][stage]["cpu"] for stage in ("running", "returned", "read", "done")}, {cpu})


def busy(folder):
    def act(a, b):
        a.send(b"a" * REQUEST)
        a.recv(1)
        b.send(b"b" * REQUEST)
        b.recv(1)
        b.send(b"b" * REQUEST)

    paths = Situation(folder, "busy", 2).record(act)
    whole(paths, 3)
    was_woken(paths[0], "epoll", "ep_poll_callback")
    was_awake(paths[1], {"running", "already_runnable"})
    equal("returned", "returned" in paths[1]["stages"], True)
    was_awake(paths[2])
    equal("returned", paths[2]["not_needed"].get("returned"), "read_without_wait")


def entries(folder):
    """With --detail timeline the entries of calls are known: more stages, and why a wait did not sleep."""

    def act(a, b):
        a.send(b"a" * REQUEST)
        a.recv(1)
        b.send(b"b" * REQUEST)
        b.recv(1)
        b.send(b"b" * REQUEST)

    paths = Situation(folder, "busy", 2).record(act, "--detail", "timeline", "--force")
    whole(paths, 3)
    order = ["waking", "runnable", "running", "returned", "read", "copied", "done", "reply", "xmit"]
    times = [paths[0]["stages"][stage]["ts_ns"] for stage in order]
    equal("order of the stages", times, sorted(times))
    was_awake(paths[1], {"found_ready", "already_runnable"})


def spurious(folder):
    situation = Situation(folder, "spurious", 1)
    paths = situation.record(lambda a: a.send(b"a" * REQUEST))
    whole(paths, 1)
    equal("reader", paths[0]["task"]["tid"], situation.descriptors[0])
    was_awake(paths[0])
    among("witness", situation.pid, {entry["tid"] for entry in paths[0]["witness"]})
    equal("empty reads", reported(situation.file)["totals"]["empty_reads"], 1)


def peek(folder):
    paths = Situation(folder, "peek", 1).record(lambda a: a.send(b"a" * REQUEST))
    whole(paths, 2)
    equal("peek", [path["read"]["peek"] for path in paths], [True, False])
    equal("ranges", len(set(ranges(paths))), 1)
    equal("deliveries", len({path["delivery_id"] for path in paths}), 1)
    equal("replies", [path["reply_bytes"] for path in paths], [0, 1])
    for path in paths:
        was_woken(path, "epoll", "ep_poll_callback")


def datagrams(folder):
    situation = Situation(folder, "datagrams")

    def act():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", situation.port))
            client.send(b"a" * 30)
            client.send(b"b" * 20)

    paths = situation.record(act)
    whole(paths, 2)
    equal("datagram", [path["datagram"] for path in paths], [True, True])
    equal("ranges", ranges(paths), pieces(paths[0]["begin"], 2, 1))
    equal("bytes", [path["bytes"] for path in paths], [30, 20])
    equal("protocol", [path["socket"]["protocol"] for path in paths], ["udp", "udp"])
    was_woken(paths[0], "blocking", "receiver_wake_function")
    was_awake(paths[1], AWAKE | {"read_before_ready"})


def unix_stream(folder):
    ours, theirs = socket.socketpair()
    paths = Situation(folder, "unix_stream", pass_fds=[theirs.fileno()]).record(lambda: ours.send(b"a" * REQUEST))
    whole(paths, 1)
    equal("protocol", paths[0]["socket"]["protocol"], "unix_stream")
    equal("bytes", paths[0]["bytes"], REQUEST)
    was_woken(paths[0], "epoll", "ep_poll_callback")
    equal("sender", paths[0]["arrival"]["sender_tid"], os.getpid())
    equal("waker", paths[0]["wake"]["waker"]["tid"], os.getpid())
    equal("driver", paths[0]["not_applicable"]["driver"], "unix_no_network")


def pipe(folder):
    theirs, ours = os.pipe()
    paths = Situation(folder, "pipe", pass_fds=[theirs]).record(lambda: os.write(ours, b"a" * REQUEST))
    whole(paths, 1)
    equal("bytes", paths[0]["bytes"], REQUEST)
    equal("needed", paths[0]["wake"]["needed"], True)
    equal("certainty", (paths[0]["wake"]["certainty"], paths[0]["wake"]["why"]), ("inferred", "waker_context"))
    equal("waker", paths[0]["wake"]["waker"]["tid"], os.getpid())
    equal("returned", paths[0]["stages"]["returned"]["certainty"], "observed")


def version_six(folder):
    if not pathlib.Path("/proc/net/if_inet6").exists():
        print("version_six: left out, this machine has no IPv6")
        return
    situation = Situation(folder, "version_six", 1, family=socket.AF_INET6, address="::1")
    paths = situation.record(lambda a: a.send(b"a" * REQUEST))
    whole(paths, 1)
    equal("family", paths[0]["socket"]["family"], "inet6")
    equal("local address", paths[0]["socket"]["local"], f"[::1]:{situation.port}")
    was_woken(paths[0], "epoll", "ep_poll_callback")


def blocking(folder):
    paths = Situation(folder, "blocking", 1).record(lambda a: a.send(b"a" * REQUEST))
    whole(paths, 1)
    was_woken(paths[0], "blocking", "woken_wake_function")
    equal("read", paths[0]["not_needed"]["read"], "blocked_in_read")
    equal("returned", paths[0]["not_needed"]["returned"], "blocked_in_read")


def selecting(folder):
    paths = Situation(folder, "selecting", 1).record(lambda a: a.send(b"a" * REQUEST))
    whole(paths, 1)
    was_woken(paths[0], "select", "pollwake")
    among("wait call", paths[0]["wait"]["syscall"], {"select", "pselect6"})


def load(folder, name, *options, requests=200):
    """The epoll demo server under the load client; its paths, in the order of its stream."""
    file = os.path.join(folder, f"{name}.wkp")
    server = subprocess.Popen([str(BINARY / "demo-servers/wakepath-epoll-echo"), "--max-seconds", "60"],
                              stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().split()[1]
        with frame.recording(BINARY / "wakepath", file, "-p", server.pid):
            subprocess.run([str(BINARY / "demo-servers/wakepath-load-client"), "--connect", f"127.0.0.1:{port}",
                            "--requests", str(requests), *options], check=True, stdout=subprocess.DEVNULL, timeout=60)
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=SECONDS)
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()
    paths = [path for path in exported(file) if not path["read"]["peek"]]
    paths.sort(key=lambda path: path["begin"])
    equal("bytes", sum(path["bytes"] for path in paths), requests * REQUEST)
    equal("gaps between ranges", [a["end"] for a in paths[:-1]], [b["begin"] for b in paths[1:]])
    whole(paths, len(paths))
    return paths


def load_split(folder):
    paths = load(folder, "load_split", "--split", "4", "--split-pause-us", "200")
    deliveries = len({path["delivery_id"] for path in paths})
    equal("deliveries, four a request", deliveries, 4 * 200)


def load_batch(folder):
    paths = load(folder, "load_batch", "--batch", "5")
    equal("deliveries, one for five requests", len({path["delivery_id"] for path in paths}), 200 // 5)


def load_pipeline(folder):
    paths = load(folder, "load_pipeline", "--pipeline", "4")
    equal("reads of each request", sum(path["bytes"] for path in paths), 200 * REQUEST)


SITUATIONS = [interleaved, five_segments, five_requests, migrates, busy, entries, spurious, peek, datagrams, unix_stream,
              pipe, version_six, blocking, selecting, load_split, load_batch, load_pipeline]


def cases(_source, _binary, folder):
    wanted = set(sys.argv[3:])
    for situation in SITUATIONS:
        if wanted and situation.__name__ not in wanted:
            continue
        found = []
        try:
            situation(folder)
        except (AssertionError, KeyError, IndexError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            found.append(f"{type(error).__name__} {error}")
        yield situation.__name__, found


if __name__ == "__main__":
    sys.exit(frame.run_cases(cases, cpus=2))
