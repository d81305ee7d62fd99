#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rights: usage rights_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

What is missing is said in one line with its cause and remedy; what is enough is enough; and a recorder that runs has
given its rights away. What it writes is its user's alone and holds no byte of what the servers were sent.
"""
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import frame  # noqa: E402
from errors_test import BLOCK, NOBODY, PATIENCE_S, TOOLS, Tester, in_mounts  # noqa: E402

FORBID_BPF = """
import ctypes, os, sys
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_init.argtypes = [ctypes.c_uint32]
lib.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
lib.seccomp_load.argtypes = [ctypes.c_void_p]
rules = lib.seccomp_init(0x7fff0000)
lib.seccomp_rule_add(rules, 0x00050000 | 1, lib.seccomp_syscall_resolve_name(b"bpf"), 0)
lib.seccomp_load(rules)
os.execv(sys.argv[1], sys.argv[1:])
"""
NO_BPF_CALL = [sys.executable, "-c", FORBID_BPF]
FORBIDDEN = ("open", "socket", "execve", "fork", "setuid", "ptrace", "bpf_prog_load", "unlink")
CANARY = b"CANARY-7f3a9c51e0-CANARY"


def without(*caps):
    drop = ",".join("-" + cap for cap in caps)
    return ["setpriv", "--bounding-set", drop, "--inh-caps", drop]


def with_only(*caps):
    """Nobody, with these."""
    give = ",".join("+" + cap for cap in caps)
    return [*NOBODY, "--inh-caps", give, "--ambient-caps", give]


def refused(t):
    record = ["record", "-a", "-d", "1s", "-o", t.folder / "none.wkp"]
    proc = ["unshare", "-m", "sh", "-ec", "mount -t tmpfs none /proc\nexec \"$@\"", "sh"]
    locked = t.folder / "lockdown"
    locked.write_text("none integrity [confidentiality]\n")
    lockdown = in_mounts(f"mount -t tmpfs none /sys/kernel/security; cp '{locked}' /sys/kernel/security/lockdown")
    for name, prefix, status, words in (
            ("CAP_BPF alone is missing", without("sys_admin", "bpf"), 5, "and CAP_BPF is missing"),
            ("CAP_PERFMON alone is missing", without("sys_admin", "perfmon"), 5, "and CAP_PERFMON is missing"),
            ("root of a user namespace", ["unshare", "-U", "-r"], 5, "user namespace"),
            ("bpf(2) forbidden by a filter", NO_BPF_CALL, 5, "a seccomp filter"),
            ("kernel locked down", [*lockdown, *NO_BPF_CALL], 5, "locked down"),
            ("no /proc", proc, 5, "mount proc on /proc"),
            ("too few descriptors", ["prlimit", "--nofile=16"], 1, "RLIMIT_NOFILE is 16"),
            ("too little address space", ["prlimit", f"--as={400 << 20}"], 1, "--ring")):
        options = ["--ring", "256"] if "address space" in name else []
        begin = time.monotonic()
        t.expect(name, [*record, *options], status, words, prefix)
        done = t.run(*record, *options, prefix=prefix)
        lines = done.stderr.strip().splitlines()
        t.note(name + ", in one line", [] if len(lines) == 1 else [f"{len(lines)} lines: {lines}"])
        print(f"  {time.monotonic() - begin:.2f} s for both", flush=True)
    t.note("no file of a recording that never began", ["there is one"] if (t.folder / "none.wkp").exists() else [])
    full = t.folder / "limit.wkp"
    t.expect("a limit on file sizes", ["record", "-a", "-d", "20s", "-o", full], 1, "File too large",
             ["prlimit", "--fsize=16384"])
    t.note("recording up to the limit is readable", [] if "recording" in t.report(full) else ["it is not"])


def enough(t):
    open_to_all = t.folder / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    for name, caps, warns in (("CAP_BPF and CAP_PERFMON", ("bpf", "perfmon"), True),
                              ("and CAP_SYSLOG", ("bpf", "perfmon", "syslog"), False)):
        file = open_to_all / (caps[-1] + ".wkp")
        prefix = with_only(*caps)
        hides = subprocess.run([*prefix, "head", "-c", "16", "/proc/kallsyms"], capture_output=True, check=True).stdout
        done = t.run("record", "-a", "-d", "500ms", "-o", file, prefix=prefix)
        found = [] if done.returncode == 0 else [f"status {done.returncode}: {done.stderr.strip()}"]
        if warns and hides == b"0" * 16 and "CAP_SYSLOG" not in done.stderr:
            found.append("it does not warn that addresses are hidden")
        told = t.report(file) if not found else {}
        if not found and told["loss"]["books"]["submitted"] == 0:
            found.append("it recorded nothing")
        t.note(f"{name} are enough", found)
    bare = in_mounts("for place in /sys/fs/bpf /sys/kernel/tracing /sys/kernel/debug; do "
                     "[ -d $place ] && mount -t tmpfs none $place || true; done")
    t.expect("no bpffs, no tracefs", ["record", "-q", "-a", "-d", "300ms", "-o", t.folder / "bare.wkp"], 0, prefix=bare)
    for file in pathlib.Path("/sys/fs/cgroup").glob("**/cgroup.procs"):
        t.expect(f"cgroup {'v2' if (file.parent / 'cgroup.controllers').exists() else 'v1'}",
                 ["record", "-q", "--cgroup", file.parent, "-d", "300ms", "-o", t.folder / "cgroup.wkp"], 0)
        break


def confined(t, library):
    with t.recording("-p", os.getpid(), "-o", t.folder / "confined.wkp") as recorder:
        status = pathlib.Path(f"/proc/{recorder.pid}/status").read_text()
        recorder.send_signal(signal.SIGINT)
        ended = recorder.wait(PATIENCE_S)
    value = dict(re.findall(r"^(\w+):\s*(\S+)", status, re.M))
    found = [f"{name} is {value[name]}" for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")
             if int(value[name], 16)]
    found += [f"{name} is {value[name]}" for name, wanted in (("NoNewPrivs", "1"), ("Seccomp", "2"))
              if value[name] != wanted]
    t.note("a recorder that runs has no rights", found if ended == 0 else [*found, f"status {ended}"])
    environment = dict(os.environ, LD_PRELOAD=str(library), WP_TRY_FORBIDDEN="1")
    done = subprocess.run([t.wakepath, "record", "-q", "-a", "-d", "300ms", "-o", str(t.folder / "tries.wkp")],
                          env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    allowed = [name for name in FORBIDDEN if f"tried {name}: refused" not in done.stderr]
    t.note("what it does not need is refused", [f"{allowed} in: {done.stderr}"] if allowed or done.returncode else [])


def files(t):
    file = t.folder / "sudo.wkp"
    record = [t.wakepath, "record", "-q", "-a", "-d", "300ms", "-o", str(file)]
    environment = dict(os.environ, SUDO_UID="65534", SUDO_GID="65533")
    for round_, more in (("new", []), ("replaced", ["--force"])):
        done = subprocess.run([*record, *more], env=environment, capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)
        info = file.stat()
        is_right = (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (65534, 65533, 0o600)
        t.note(f"under sudo it is the user's, {round_}", [] if is_right and done.returncode == 0 else [str(info), done.stderr])
    victim, link = t.folder / "victim", t.folder / "link.wkp"
    victim.write_text("mine")
    link.symlink_to(victim)
    t.expect("a link in the way", ["record", "-a", "-d", "1s", "-o", link], 1, "--force")
    t.expect("a link in the way, forced", ["record", "-a", "-d", "1s", "-o", link, "--force"], 1, "not a regular file")
    t.note("where the link leads is untouched", [] if victim.read_text() == "mine" else ["it was changed"])
    environment = dict(os.environ, SUDO_UID="65534; rm", SUDO_GID="x")
    file.unlink()
    subprocess.run(record, env=environment, timeout=PATIENCE_S, check=False)
    t.note("a made-up SUDO_UID is none", [] if file.stat().st_uid == 0 else [f"owner {file.stat().st_uid}"])


def raw_records(file):
    """All payloads, as they were before compression."""
    data, frames = file.read_bytes(), b""
    at = 0
    while at + BLOCK.size <= len(data):
        length = BLOCK.unpack_from(data, at)[7]
        frames += data[at + BLOCK.size:at + BLOCK.size + length]
        at += BLOCK.size + length
    return subprocess.run(["zstd", "-dcq"], input=frames, capture_output=True, check=True).stdout


def privacy(t):
    file = t.folder / "payload.wkp"
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        with socket.create_connection(listener.getsockname()) as out, listener.accept()[0] as back:
            while not stop.is_set():
                out.send(CANARY * 20)
                back.recv(4096)

    thread = threading.Thread(target=serve)
    with t.recording("-p", os.getpid(), "-o", file) as recorder:
        thread.start()
        time.sleep(0.5)
        stop.set()
        thread.join()
        recorder.send_signal(signal.SIGINT)
        recorder.wait(PATIENCE_S)
    records = raw_records(file)
    reads = t.report(file)["totals"]["reads"]
    # Any eight bytes of it would be a leak.
    leaked = [part for i in range(len(CANARY) - 7) if (part := CANARY[i:i + 8]) in records]
    found = [] if reads > 100 and len(records) > 10_000 else [f"only {reads} reads: too weak"]
    t.note(f"no payload in {len(records)} bytes of {reads} reads", found + [f"found {leaked}"] * bool(leaked))


def test(source, binary, folder):
    library = next((binary / "tests").glob("*wp_faults.so"))
    t = Tester(source, binary, folder)
    refused(t)
    enough(t)
    confined(t, library)
    files(t)
    privacy(t)
    return t.failed


if __name__ == "__main__":
    sys.exit(frame.run(test, TOOLS))
