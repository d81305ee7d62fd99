#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Killed and failing recorders: usage crash_test.py SOURCE_DIR BINARY_DIR [KILLS [SEED [every]]]; 77: skipped.

SIGKILL at random moments, from loading the programs to closing the file, and at chosen calls; then calls that fail, the
n-th once or every one from it on. Each time: what is in the file opens, undamaged but for its tail, and holds all but
the last moments; and two seconds later nothing of ours is left in the kernel. `every`: not some calls on the way of the
output fail but each of them, with every error, once and for ever.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import frame  # noqa: E402
from errors_test import TOOLS, Tester  # noqa: E402

AT_RISK_S = 0.25
# On a busy machine the recorder may not get a CPU for a while: then what it had not yet seen is not "at risk" in the file.
STARVED_S = 0.5
KILLED_AT = ["bpf:1", "bpf:10", "bpf:60", "bpf:100", "open:1", "write:1", "write:2", "write:5", "fsync:1", "close:1"]
FAILING = [("write:1", 28), ("write:3", 28), ("write:3:ever", 28), ("write:2", 5), ("write:4:ever", 5), ("write:2", 4),
           ("write:1:ever", 4), ("write:2", "short"), ("write:1:ever", "short"), ("write:3", 122), ("open:1", 13),
           ("open:1", 4), ("fsync:1", 5), ("fsync:1", 4), ("fsync:1:ever", 28), ("close:1", 5), ("close:1", 4),
           ("ftruncate:1:ever", 5), ("bpf:1", 1), ("bpf:40", 12), ("bpf:40:ever", 1), ("mmap:1", 12), ("mmap:3", 1)]
HARMLESS = {4, "short"}  # an interruption and a short write are no failures
# Functions on the way of the output, each with what makes it be called.
OUTPUT_CALLS = {"open": "", "fchown": "", "unlink": "", "write": "", "fsync": "", "close": "", "ftruncate": ",write:2:28"}
ERRORS = [28, 5, 122, 4, 11, "short"]
LOAD = """
import socket, time
a, b = socket.socketpair()
while True:
    a.send(b"x"); b.recv(1); time.sleep(0.001)
"""


class Load:
    """Something to record, at any moment."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-c", LOAD])
        return self.process

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()


def opens(t, file, killed_ns=None):
    """What is wrong with what a recorder left behind."""
    if not file.exists() or file.stat().st_size == 0:
        return [], None
    done = t.run("report", file, "--json")
    if done.returncode != 0:
        # Killed while the header was being written: there is no recording yet.
        return ([] if file.stat().st_size < 4096 and "header block" in done.stderr else [done.stderr.strip()]), None
    told = json.loads(done.stdout)
    found = []
    damage = [d for d in told["diagnostics"] if d["name"] == "damage"]
    if damage and (damage[0]["count"] > 1 or "cut off in the middle" not in damage[0]["sentence"]):
        found.append(f"damaged: {damage}")
    if told["loss"]["books"]["hooks_difference"]:
        found.append(f"unaccounted for: {told['loss']['books']}")
    late = None
    if killed_ns and told["recording"]["last_ns"]:
        late = (killed_ns - told["recording"]["last_ns"]) / 1e9
    return found, late


def command(t, load, file):
    return [t.wakepath, "record", "--quiet", "-p", str(load.pid), "-o", str(file)]


def start(t, load, file):
    """A recorder, and a descriptor that becomes readable once it records."""
    return frame.begin([*command(t, load, file), "-d", "1200ms"], stderr=subprocess.DEVNULL)


def random_kills(t, load, kills, seed):
    """In turn at any moment before it records, and at any moment from then to after its end."""
    moments = random.Random(seed)
    begin = time.monotonic()
    process, ready = start(t, load, t.folder / "first.wkp")
    os.read(ready, 1)
    os.close(ready)
    startup = time.monotonic() - begin
    process.wait()
    latest, too_late, files = 0.0, 0, 0
    for i in range(kills):
        file = t.folder / f"killed-{i}.wkp"
        process, ready = start(t, load, file)
        if i % 2 == 0:
            os.read(ready, 1)
        at = moments.uniform(0, 1.3 if i % 2 == 0 else startup)
        time.sleep(at)
        process.kill()
        os.close(ready)
        killed_ns = time.monotonic_ns()
        status = process.wait()
        found, late = opens(t, file, killed_ns if status == -signal.SIGKILL else None)
        files += file.exists()
        if late is not None:
            latest = max(latest, late)
            too_late += late > AT_RISK_S
            if late > STARVED_S:
                found.append(f"its last {late:.3f} s are missing")
        left = t.kernel.left_over()
        if found or left:
            t.note(f"killed after {at:.3f} s", found)
        file.unlink(missing_ok=True)
    print(f"seed {seed}: {kills} kills, {files} files, at most {latest * 1000:.0f} ms missing, "
          f"{too_late} times more than {AT_RISK_S * 1000:.0f} ms", flush=True)
    t.note("random kills", [] if files >= kills // 2 else ["too few came to write: too weak"])


def with_fault(t, load, file, library, fault):
    environment = dict(os.environ, LD_PRELOAD=str(library), WP_FAULT=fault)
    return subprocess.run([*command(t, load, file), "-d", "600ms"], env=environment, capture_output=True, text=True,
                          timeout=60, check=False)


def chosen_kills(t, load, library):
    for point in KILLED_AT:
        file = t.folder / "point.wkp"
        done = with_fault(t, load, file, library, point + ":kill")
        found, _ = opens(t, file)
        if done.returncode != -signal.SIGKILL:
            found.append(f"it was not killed there: {done.returncode} {done.stderr.strip()}")
        t.note(f"killed at {point}", found)
        file.unlink(missing_ok=True)


def failing_calls(t, load, library):
    for call, error in FAILING:
        name, nth, *ever = call.split(":")
        file = t.folder / "fails.wkp"
        done = with_fault(t, load, file, library, ":".join([name, nth, str(error), *ever]))
        found, _ = opens(t, file)
        words = done.stderr.strip()
        is_told = done.returncode in (1, 5) and words.startswith("wakepath: ") and "\n" not in words
        if name in ("write", "open", "fsync", "close") and error not in HARMLESS:
            if not is_told or os.strerror(error) not in words or str(file) not in words:
                found.append(f"status {done.returncode}, '{words}'")
        elif error in HARMLESS or name == "ftruncate":
            if done.returncode != 0:
                found.append(f"status {done.returncode}, '{words}'")
        elif done.returncode != 0 and not is_told:
            found.append(f"status {done.returncode}, '{words}'")
        t.note(f"{call} fails with {error}", found)
        file.unlink(missing_ok=True)


def told_right(t, file, done, error):
    """What is wrong with how a recorder ended whose call failed with `error`."""
    found, _ = opens(t, file)
    words = done.stderr.strip()
    if error in HARMLESS:
        told = t.report(file)
        if done.returncode != 0 or "recording" not in told or not told["recording"]["closed_cleanly"]:
            found.append(f"status {done.returncode}, '{words}', {str(told)[:200]}")
    elif done.returncode != 1 or not words.startswith("wakepath: ") or "\n" in words:
        found.append(f"status {done.returncode}, '{words}'")
    elif os.strerror(error) not in words or str(file) not in words:
        found.append(f"'{words}' does not tell file and cause")
    return found


def fails_at(t, load, library, name, nth, error, how):
    """Whether there was an n-th call, and what was wrong."""
    file = t.folder / "every.wkp"
    file.write_text("in the way")
    told, tell = os.pipe()
    # For ftruncate it is the write before it that is told; whatever becomes of the ftruncate.
    environment = dict(os.environ, LD_PRELOAD=str(library), WP_FAULT=f"{name}:{nth}:{error}{how}{OUTPUT_CALLS[name]}",
                       WP_FAULT_TOLD=str(tell), SUDO_UID="65534", SUDO_GID="65534")
    try:
        done = subprocess.run([*command(t, load, file), "--force", "-d", "250ms"], env=environment, capture_output=True,
                              text=True, timeout=60, pass_fds=[tell], check=False)
    except subprocess.TimeoutExpired:
        return True, ["it hangs"]
    finally:
        os.close(tell)
    with open(told, "rb") as struck:
        is_struck = name[:1].encode() in struck.read()
    if name == "unlink" and error not in HARMLESS and file.read_bytes()[:3] == b"in ":
        file.unlink()  # what was in the way is still there, and is no recording
    elif name == "unlink" and is_struck and error not in HARMLESS:
        return True, ["what was in the way is gone"]
    wanted = error if name != "ftruncate" else 28
    found = told_right(t, file, done, wanted if is_struck or name == "ftruncate" else 4)
    file.unlink(missing_ok=True)
    return is_struck, found


def every_call(t, load, library):
    runs = 0
    for name in OUTPUT_CALLS:
        found, struck = [], 0
        for error in ERRORS if name == "write" else ERRORS[:-1]:
            for how in ("", ":ever"):
                nth, is_struck = 1, True
                while is_struck:
                    is_struck, wrong = fails_at(t, load, library, name, nth, error, how)
                    left = t.kernel.left_over()
                    found += [f"call {nth} {error}{how}: {what}" for what in wrong + [f"left: {sorted(left)}"] * bool(left)]
                    nth, runs, struck = nth + 1, runs + 1, struck + is_struck
        t.note(f"every call of {name}: {struck} failed", found if struck else [*found, "none was made to fail"])
    print(f"every call: {runs} recordings", flush=True)


def reading_to_a_full_disk(t, load):
    file = t.folder / "read.wkp"
    t.run("record", "-q", "-p", load.pid, "-d", "300ms", "-o", file)
    commands = [["report", file], ["report", file, "--json"], ["report", file, "--html", "-"], ["show", file]]
    formats = ("jsonl", "csv", "folded", "chrome", "perfetto")
    for words in commands + [["export", name, file] for name in formats]:
        with open("/dev/full", "wb") as full:
            done = subprocess.run([t.wakepath, *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                  check=False)
        told = done.returncode == 1 and os.strerror(28) in done.stderr and done.stderr.count("\n") == 1
        t.note(f"{' '.join(map(str, words)).replace(str(file), 'FILE')} to a full disk",
               [] if told else [f"status {done.returncode}, '{done.stderr.strip()}'"])


def test(source, binary, folder):
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 6
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else time.time_ns() % 1_000_000
    library = next((binary / "tests").glob("*wp_faults.so"))
    with Load() as load:
        t = Tester(source, binary, folder)
        random_kills(t, load, kills, seed)
        chosen_kills(t, load, library)
        if sys.argv[5:6] == ["every"]:
            every_call(t, load, library)
        else:
            failing_calls(t, load, library)
        reading_to_a_full_disk(t, load)
    return t.failed


if __name__ == "__main__":
    sys.exit(frame.run(test, TOOLS))
