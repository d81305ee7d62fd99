#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording leaves the machine as it was: usage harmless_test.py SOURCE_DIR BINARY_DIR [CONNECTIONS]; 77: skipped.

Kernel log, sysctls, mounts, bpffs, interfaces, queueing disciplines and resource limits before and after; a recorder
whose memory does not grow with the connections it has seen; one that has room for few processes, meets more, counts
what it can't hold and is as before within a second of their end; and one that makes next to no events where nothing
happens.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import frame  # noqa: E402
from errors_test import PATIENCE_S, TOOLS, Tester, sleeper  # noqa: E402

COMPLAINTS = re.compile(r"WARNING|BUG|Oops|stall|lockup|hung task|Call Trace|UBSAN|KASAN|refcount", re.I)
# What counts by itself, or is drawn anew for every reader.
VOLATILE = re.compile(r"/(random/|fs/.*-(nr|state)$|kernel/(ns_last_pid|random|pty/nr|perf_event_max_sample_rate)|"
                      r"net/netfilter/nf_conntrack_count|fs/aio-nr|fs/quota/)")
MOST_MEMORY_KIB = 256 * 1024
MOST_GROWTH_KIB = 4096
MOST_IDLE_EVENTS_PER_S = 20
LOAD = """
import socket, struct, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        with socket.create_connection(listener.getsockname()) as out:
            with listener.accept()[0] as back:
                out.send(b"x"); back.recv(1)
                out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    print("done", flush=True)
"""


ROOM, CROWD, REQUESTS = 16, 40, 50
# Uses a connection that it was born with: its socket has to be found.
ASK = """
import socket, sys, time
out, back = (socket.socket(fileno=int(word)) for word in sys.argv[1:3])
time.sleep(0.5)
for _ in range(int(sys.argv[3])):
    out.send(b"x"); back.recv(1)
"""


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def sysctls():
    values = {}
    for file in pathlib.Path("/proc/sys").rglob("*"):
        if VOLATILE.search(str(file)) or not file.is_file():
            continue
        try:
            values[str(file)] = file.read_text()
        except (OSError, UnicodeDecodeError):
            continue
    return values


def state_of_the_machine():
    """What must not change. Other users of the machine may change some of it: the caller asks twice then."""
    return {"sysctls": sysctls(), "mounts": pathlib.Path("/proc/self/mounts").read_text(),
            "bpffs": sorted(map(str, pathlib.Path("/sys/fs/bpf").rglob("*"))),
            "interfaces": sorted(os.listdir("/sys/class/net")), "qdiscs": output("tc", "qdisc"),
            "limits": pathlib.Path("/proc/self/limits").read_text(), "affinity": os.sched_getaffinity(0),
            "bpf_stats": pathlib.Path("/proc/sys/kernel/bpf_stats_enabled").read_text()}


def changed(before, after):
    for name in before:
        if before[name] == after[name]:
            continue
        if isinstance(before[name], dict):
            yield from (f"{key}: {before[name].get(key)!r} -> {after[name].get(key)!r}" for key in before[name]
                        if before[name][key] != after[name].get(key))
        else:
            yield name


def leaves_nothing(t):
    for attempt in range(3):
        log, before = output("dmesg").splitlines(), state_of_the_machine()
        for number in (signal.SIGINT, signal.SIGKILL):
            with t.recording("-a", "-o", t.folder / f"state-{attempt}-{number}.wkp") as recorder:
                time.sleep(0.5)
                recorder.send_signal(number)
                recorder.wait(PATIENCE_S)
        time.sleep(1)
        found = list(changed(before, state_of_the_machine()))
        if not found:
            break
        print(f"  changed, perhaps by somebody else: {found}", flush=True)
    new = output("dmesg").splitlines()[len(log):]
    found += [line for line in new if COMPLAINTS.search(line)]
    t.note(f"the machine is as it was: {len(before['sysctls'])} sysctls and more", found)


def memory_kib(pid, name):
    return int(re.search(rf"^{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1))


def memory_is_flat(t, connections):
    load = subprocess.Popen([sys.executable, "-c", LOAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    load.stdout.readline()

    def connect(count):
        load.stdin.write(f"{count}\n")
        load.stdin.flush()
        load.stdout.readline()

    file = t.folder / "memory.wkp"
    with t.recording("-p", load.pid, "-o", file) as recorder:
        connect(connections // 4)
        # The rings' pages count once they were read through; after that nothing may be added.
        first = memory_kib(recorder.pid, "RssAnon")
        connect(connections - connections // 4)
        last, most = memory_kib(recorder.pid, "RssAnon"), memory_kib(recorder.pid, "VmHWM")
        recorder.send_signal(signal.SIGINT)
        recorder.wait(PATIENCE_S)
    load.kill()
    load.communicate()
    told = t.report(file)
    found = []
    if last - first > MOST_GROWTH_KIB:
        found.append(f"it grew from {first} to {last} KiB")
    if most > MOST_MEMORY_KIB:
        found.append(f"it took {most} KiB")
    if told["loss"]["books"]["map_full"]:
        found.append(f"{told['loss']['books']['map_full']} found no room for state")
    if told["transports"].get("tcp", 0) + told["loss"]["events"] < connections:
        found.append(f"only {told['transports']} of {connections} connections")
    t.note(f"memory over {connections} connections: {first} -> {last} KiB of its own, {most} KiB at most", found)


def ask(program):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as out:
        with listener.accept()[0] as back:
            fds = [out.fileno(), back.fileno()]
            subprocess.run([program, "-c", ASK, *map(str, fds), str(REQUESTS)], pass_fds=fds, timeout=PATIENCE_S, check=True)


def recovers_when_full(t):
    programs = {}
    for name, target in (("asks", sys.executable), ("stays", shutil.which("sleep"))):  # tasks are named after the link
        (t.folder / name).mkdir()
        programs[name] = t.folder / name / "wp-crowd"
        programs[name].symlink_to(target)
    file = t.folder / "crowd.wkp"
    with t.recording("-c", "wp-crowd", "--target-room", str(ROOM), "-o", file) as recorder:
        crowd = [subprocess.Popen([programs["stays"], "60"]) for _ in range(CROWD)]
        time.sleep(0.5)
        ask(programs["asks"])
        for one in crowd:
            one.kill()
            one.wait()
        ask(programs["asks"])  # which begins to talk half a second later
        recorder.send_signal(signal.SIGINT)
        recorder.wait(PATIENCE_S)
    told = t.report(file)
    full, reads = told["loss"]["books"]["map_full"], told["transports"].get("tcp", 0)
    found = []
    if full != CROWD + 1 - ROOM:
        found.append(f"{full} found no room, of {CROWD + 1} for {ROOM} and one after them")
    if reads < 2 * REQUESTS - 1:  # without room its socket is found when it first reads
        found.append(f"{reads} of {2 * REQUESTS} reads recorded")
    if told["loss"]["books"]["hooks_difference"]:
        found.append(f"unaccounted for: {told['loss']['books']}")
    t.note(f"more processes than there is room for: {full} counted, all of the next recorded", found)


def idle_is_quiet(t):
    file, seconds = t.folder / "idle.wkp", 3
    with sleeper() as idle:
        done = t.run("record", "-q", "-p", idle.pid, "-d", f"{seconds}s", "-o", file)
        idle.kill()
    told = t.report(file)
    # The first ones say who is watched.
    rate = told["loss"]["books"]["submitted"] / seconds
    found = [] if done.returncode == 0 and rate <= MOST_IDLE_EVENTS_PER_S else [done.stderr.strip()]
    t.note(f"idle: {rate:.1f} records a second", found)


def test(source, binary, folder):
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 6_000
    t = Tester(source, binary, folder)
    leaves_nothing(t)
    memory_is_flat(t, connections)
    recovers_when_full(t)
    idle_is_quiet(t)
    return t.failed


if __name__ == "__main__":
    sys.exit(frame.run(test, TOOLS))
