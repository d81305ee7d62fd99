# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel tests share: when one is skipped, and how it is run in a folder of its own."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def reason_to_skip(tools=()):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    for tool in tools:
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


def run(test, tools=()):
    """Exit status of a script called with SOURCE_DIR BINARY_DIR: test(source, binary, folder) tells whether it failed."""
    reason = reason_to_skip(tools)
    if reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    source, binary = map(pathlib.Path, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        return 1 if test(source, binary, pathlib.Path(folder)) else 0


def demo(binary, *arguments):
    """Exit status of `wakepath demo`, and what it printed as JSON."""
    done = subprocess.run([binary / "wakepath", "demo", *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=280, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.returncode, {"failed": done.stderr.strip()}
