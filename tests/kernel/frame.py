# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel tests share: when one is skipped, how it is run in a folder of its own, and how a recorder is."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

SKIPPED = 77
PATIENCE_S = 300


def reason_to_skip(tools=(), cpus=1):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    if len(os.sched_getaffinity(0)) < cpus:
        return f"needs {cpus} CPUs"
    for tool in tools:
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


def run(test, tools=(), cpus=1):
    """Exit status of a script called with SOURCE_DIR BINARY_DIR: test(source, binary, folder) tells whether it failed."""
    reason = reason_to_skip(tools, cpus)
    if reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    source, binary = map(pathlib.Path, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        return 1 if test(source, binary, pathlib.Path(folder)) else 0


def run_cases(cases, tools=(), cpus=1):
    """As run(): cases(source, binary, folder) yields the name of each and what is wrong with it."""
    def test(*where):
        failed = False
        for name, found in cases(*where):
            print(f"{name}: {'; '.join(found) or 'ok'}", flush=True)
            failed |= bool(found)
        return failed
    return run(test, tools, cpus)


def begin(command, **more):
    """A process given --ready-fd, and the descriptor that says when it is ready."""
    ready, told = os.pipe()
    try:
        process = subprocess.Popen([*map(str, command), "--ready-fd", str(told)], pass_fds=[told], **more)
    finally:
        os.close(told)
    return process, ready


def started(command, **more):
    """A process that is ready."""
    process, ready = begin(command, **more)
    with open(ready, "rb", buffering=0) as told:
        if told.read(1) != b"\0":
            errors = process.communicate(timeout=PATIENCE_S)[1]
            raise RuntimeError(f"{command[0]} {command[1]} did not begin: status {process.returncode} {errors or ''}")
    return process


def ended(process, number=signal.SIGINT):
    """What it wrote until it was done."""
    process.send_signal(number)
    output = process.communicate(timeout=PATIENCE_S)[0]
    if process.returncode != 0:
        raise RuntimeError(f"{process.args[0]} {process.args[1]} ended with {process.returncode}")
    return output


@contextlib.contextmanager
def recording(wakepath, file, *options, **more):
    """Records from the first statement inside to the last."""
    recorder = started([wakepath, "record", "-q", "-o", file, *options], **more)
    try:
        yield recorder
    finally:
        ended(recorder)


def at_once(servers, visit):
    """Visits each of them in a thread of its own: what failed, and all that visit(server) returned."""
    failures, together = [], []

    def one(server):
        try:
            together.extend(visit(server))
        except (OSError, AssertionError) as error:
            failures.append(f"{server.name}: {error}")

    visitors = [threading.Thread(target=one, args=(server,)) for server in servers]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    return failures, together


def demo(binary, *arguments):
    """Exit status of `wakepath demo`, and what it printed as JSON."""
    done = subprocess.run([binary / "wakepath", "demo", *map(str, arguments), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=280, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.returncode, {"failed": done.stderr.strip()}
