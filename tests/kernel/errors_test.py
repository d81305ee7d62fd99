#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with a recording: usage errors_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Each case: one clear message, its exit status, and nothing left in the kernel: no program, map, link or pin of ours
that no living process holds.
"""
import contextlib
import ctypes
import ctypes.util
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

import frame

TOOLS = ("bpftool", "setpriv", "unshare")  # of Tester
DROP = "-sys_admin,-bpf,-perfmon"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
WITHOUT_CAPS = ["setpriv", "--bounding-set", DROP, "--inh-caps", DROP]
BLOCK = struct.Struct("<8sHHHHQIIQQQQ")  # userspace/stream/format.hpp
PATIENCE_S = 60
GONE_WITHIN_S = 2.0


class Kernel:
    """Objects of ours that no living process holds."""

    MAPS = {"wp_ring", "rings", "cpus", "packets", "irq_names", "device_names", "tasks", "socks", "targets", "newborn", "canaries_of_cpu",
            "socks_by_addres",  # 15 bytes of a name are kept
            "wakepath.rodata", "wakepath.bss", ".rodata", ".bss"}

    def __init__(self, source):
        header = (source / "bpf/wire/events.h").read_text()
        self.programs = set(re.findall(r"^\tH\(\d+, (\w+),", header, re.M))
        self.before = self.orphans()

    @staticmethod
    def listed(what):
        for _ in range(20):  # bpftool gives up when an object goes while it lists
            done = subprocess.run(["bpftool", "-j", what, "list"], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return json.loads(done.stdout or "[]")
            time.sleep(0.05)
        raise RuntimeError(f"bpftool {what} list: {done.stdout} {done.stderr}")

    @staticmethod
    def held():
        ids = set()
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                descriptors = list((process / "fd").iterdir())
                for fd in descriptors:
                    with contextlib.suppress(OSError):
                        if "bpf" in os.readlink(fd):
                            info = (process / "fdinfo" / fd.name).read_text()
                            ids |= {(kind, int(n)) for kind, n in re.findall(r"^(prog|map|link)_id:\s*(\d+)", info, re.M)}
        return ids

    def orphans(self):
        programs = {("prog", p["id"]) for p in self.listed("prog") if p.get("name") in self.programs}
        maps = {("map", m["id"]) for m in self.listed("map") if m.get("name") in self.MAPS}
        links = {("link", n["id"]) for n in self.listed("link") if ("prog", n.get("prog_id")) in programs}
        pins = {("pin", str(p)) for p in pathlib.Path("/sys/fs/bpf").rglob("*")}
        return ((programs | maps | links) - self.held()) | pins

    def left_over(self):
        until = time.monotonic() + GONE_WITHIN_S
        while (rest := self.orphans() - self.before) and time.monotonic() < until:
            time.sleep(0.1)
        return rest


class Tester:
    def __init__(self, source, binary, folder):
        self.folder = folder
        self.wakepath = str(folder / "wakepath")  # where everybody may run it
        shutil.copy(binary / "wakepath", self.wakepath)
        folder.chmod(0o755)
        self.kernel = Kernel(source)
        self.failed = 0

    def run(self, *arguments, prefix=()):
        return subprocess.run([*prefix, self.wakepath, *map(str, arguments)], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False, cwd=self.folder)

    def note(self, name, found):
        left = self.kernel.left_over()
        if left:
            found = [*found, f"left in the kernel: {sorted(left)}"]
        print(f"{name}: {'; '.join(found) or 'ok'}", flush=True)
        self.failed += bool(found)

    def expect(self, name, arguments, status, words="", prefix=()):
        done = self.run(*arguments, prefix=prefix)
        errors = done.stderr.strip()
        found = [] if done.returncode == status else [f"exit status {done.returncode} instead of {status}: {errors}"]
        if words and words not in errors:
            found.append(f"'{words}' is not in: {errors}")
        if words and not [line for line in errors.splitlines() if words in line and line.startswith("wakepath: ")]:
            found.append(f"no line 'wakepath: ...' says it: {errors}")
        self.note(name, found)

    def report(self, file):
        done = self.run("report", file, "--json")
        return json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr.strip()}

    @contextlib.contextmanager
    def recording(self, *arguments):
        """A recorder that runs; yields once it is attached."""
        with frame.started([self.wakepath, "record", "--quiet", *arguments], stderr=subprocess.PIPE, text=True,
                           cwd=self.folder) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def in_mounts(script):
    """A prefix: run in a private mount namespace after the script."""
    return ["unshare", "-m", "sh", "-ec", script + '\nexec "$@"', "sh"]


def sleeper():
    return subprocess.Popen(["sleep", "60"])


def rights(t):
    record = ["record", "-a", "-d", "1s", "-o", t.folder / "none.wkp"]
    empty = t.folder / "empty"
    empty.mkdir()
    no_btf = in_mounts(f"mount --bind '{empty}' /sys/kernel/btf")
    t.expect("not root", record, 5, "CAP_BPF", NOBODY)
    t.expect("capabilities dropped", record, 5, "CAP_BPF", WITHOUT_CAPS)
    t.expect("no BTF", record, 5, "no BTF", no_btf)
    t.expect("a PID namespace", record, 5, "PID namespace", ["unshare", "-p", "-f", "--mount-proc"])
    t.expect("a shifted clock", record, 5, "time namespace", ["unshare", "-T", "--monotonic", "1000", "-f"])
    t.expect("doctor", ["doctor"], 0)
    t.expect("doctor without BTF", ["doctor"], 5, prefix=no_btf)
    for name, prefix in (("doctor, not root", NOBODY), ("doctor, capabilities dropped", WITHOUT_CAPS)):
        done = t.run("doctor", "--json", prefix=prefix)
        told = json.loads(done.stdout)
        right = done.returncode == 5 and not told["usable"] and len(told["stages"]) == 17
        t.note(name, [] if right else [f"status {done.returncode}, usable {told['usable']}"])


def targets(t):
    out = ["-o", t.folder / "none.wkp"]
    with sleeper() as gone:
        gone.kill()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    t.expect("pid that does not exist", ["record", "-p", gone.pid, *out], 1, "there is no process")
    t.expect("tid that is not a pid", ["record", "-p", thread.native_id, *out], 1, "is a thread, not a process")
    done.set()
    thread.join()
    t.expect("port nobody listens on", ["record", "--port", port, *out], 1, "nobody has a socket")
    t.expect("cgroup that is none", ["record", "--cgroup", t.folder, *out], 1, "is not a cgroup")
    t.expect("cgroup that does not exist", ["record", "--cgroup", t.folder / "no", *out], 1, "No such file")
    t.expect("two targets", ["record", "-a", "-p", os.getpid(), *out], 2, "only one of")
    t.expect("no target", ["record", *out], 2, "nothing to watch")
    t.note("no file of a recording that never began", ["there is one"] if (t.folder / "none.wkp").exists() else [])


def outputs(t):
    file = t.folder / "there.wkp"
    file.write_text("mine")
    t.expect("existing output file", ["record", "-a", "-d", "1s", "-o", file], 1, "--force")
    t.note("existing output file is untouched", [] if file.read_text() == "mine" else ["it was changed"])
    t.expect("directory that is missing", ["record", "-a", "-o", t.folder / "no/a.wkp"], 1, "make the directory first")
    disk = t.folder / "disk"
    disk.mkdir()
    read_only = in_mounts(f"mount -t tmpfs -o ro wp '{disk}'")
    t.expect("unwritable directory", ["record", "-a", "-o", disk / "a.wkp"], 1, "Read-only file system", read_only)
    # The recording goes outside before its file system does.
    full = ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=16k wp '{disk}'\n\"$@\"\nstatus=$?\n"
            f"cp '{disk}/a.wkp' '{t.folder}/full.wkp'\nexit $status", "sh"]
    t.expect("full disk", ["record", "-a", "-d", "20s", "-o", disk / "a.wkp"], 1, "No space left", full)
    told = t.report(t.folder / "full.wkp")
    cut = "recording" in told and not told["recording"]["closed_cleanly"] and told["loss"]["damaged_blocks"] == 0
    t.note("recording on a full disk is readable", [] if cut else [str(told)[:300]])


def commands(t):
    for name, words, status, says in (("command not found", ["no-such-command"], 127, "no-such-command"),
                                      ("command not executable", [t.folder], 126, "Permission denied"),
                                      ("command's status", ["sh", "-c", "exit 42"], 42, ""),
                                      ("command's signal", ["sh", "-c", "kill -9 $$"], 137, "")):
        file = t.folder / (name + ".wkp")
        t.expect(name, ["record", "-q", "-o", file, "--", *words], status, says)
        told = t.report(file)
        closed = "recording" in told and told["recording"]["closed_cleanly"]
        t.note(name + ", its recording", [] if closed else [str(told)[:300]])


def ends(t):
    def check(name, file, status, wanted, closed):
        told = t.report(file)
        found = [] if status == wanted else [f"exit status {status} instead of {wanted}"]
        if "failed" in told or told["recording"]["closed_cleanly"] != closed:
            found.append(str(told.get("failed", "closed wrongly")))
        t.note(name, found)

    file = t.folder / "exits.wkp"
    with sleeper() as server, t.recording("-p", server.pid, "-o", file) as recorder:
        server.kill()
        server.wait()
        check("pid that exits", file, recorder.wait(PATIENCE_S), 0, True)
    for name, number, wanted, closed in (("SIGINT", signal.SIGINT, 0, True), ("SIGTERM", signal.SIGTERM, 0, True),
                                         ("SIGHUP", signal.SIGHUP, 0, True), ("SIGKILL", signal.SIGKILL, -9, False)):
        file = t.folder / (name + ".wkp")
        with t.recording("-a", "-o", file) as recorder:
            time.sleep(0.4)  # something to lose: blocks are written every 100 ms
            recorder.send_signal(number)
            check(name, file, recorder.wait(PATIENCE_S), wanted, closed)


def newer_version(good):
    """The recording with its format's major version raised and sealed again; None without libxxhash."""
    name = ctypes.util.find_library("xxhash")
    if not name:
        return None
    xxh3 = ctypes.CDLL(name).XXH3_64bits
    xxh3.restype, xxh3.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    fields = list(BLOCK.unpack_from(good))
    fields[1] += 1
    head = BLOCK.pack(*fields)[:-8]
    return head + struct.pack("<Q", xxh3(head, len(head))) + good[BLOCK.size:]


def files(t):
    good = (t.folder / "SIGINT.wkp").read_bytes()
    header = BLOCK.size + BLOCK.unpack_from(good)[7]

    def made(name, content):
        file = t.folder / name
        file.write_bytes(content)
        return file

    def usable(name, content, *found):
        told = t.report(made(name, content))
        names = {d["name"] for d in told.get("diagnostics", [])}
        t.note(f"recording {name}", [] if names >= set(found) else [f"{found} not in {names}: {told.get('failed')}"])

    flipped = bytearray(good)
    flipped[header + BLOCK.size + 100] ^= 0x10
    usable("cut in a block", good[:header + BLOCK.size + 50], "damage", "not_closed")
    usable("cut before its end", good[:-10], "not_closed")
    usable("with a bit flipped", bytes(flipped), "damage")
    for command in ("report", "show"):
        for name, content, words in (("cut in its header", good[:header - 5], "header block"),
                                     ("of a newer version", newer_version(good), "use a newer wakepath"),
                                     ("that is empty", b"", "it is empty"),
                                     ("that is none", b"#!/bin/sh\n" * 100, "not a recording")):
            if content is None:
                print(f"{command}, recording {name}: SKIPPED, libxxhash was not found")
            else:
                t.expect(f"{command}, recording {name}", [command, made(name, content)], 1, words)
        t.expect(f"{command}, a directory", [command, t.folder], 1, "not a regular file")
        t.expect(f"{command}, no file", [command, t.folder / "no.wkp"], 1, "No such file")
        os.mkfifo(t.folder / f"{command}.fifo")
        t.expect(f"{command}, a FIFO", [command, t.folder / f"{command}.fifo"], 1, "not a regular file")
    t.note("only the owner reads a recording",
           [] if stat.S_IMODE((t.folder / "SIGINT.wkp").stat().st_mode) == 0o600 else ["mode is not 0600"])


def test(source, binary, folder):
    t = Tester(source, binary, folder)
    for group in (rights, targets, outputs, commands, ends, files):
        group(t)
    return t.failed


if __name__ == "__main__":
    sys.exit(frame.run(test, TOOLS))
