# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU that survives kernel text being patched under multi-threaded emulation: 8.1 or later.

Before that, attaching a tracepoint on one CPU while another runs the code hangs or crashes 3 of 100 guests ("accel/tcg:
Always lock pages before translation" repaired it). Where the machine's own is older, the one of the backports is
unpacked beside it and runs on the machine's libraries.
"""
import functools
import re
import shutil
import tempfile
import pathlib

from guest import packages

PROGRAM = "qemu-system-x86_64"
LEAST = (8, 1)
SUITES = ("bookworm-backports",)
PACKAGES = ("qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios")


def version(command):
    told = packages.run([*command, "--version"]).decode()
    return tuple(int(part) for part in re.search(r"version (\d+)\.(\d+)", told).groups())


def unpacked(folder):
    return [folder / "usr/bin" / PROGRAM, "-L", folder / "usr/share/qemu", "-L", folder / "usr/share/seabios"]


@functools.lru_cache(None)
def command():
    """The words that start QEMU."""
    own = shutil.which(PROGRAM)
    if not own:
        raise packages.Failure(f"{PROGRAM} is not installed; run scripts/setup")
    if version([own]) >= LEAST:
        return [own]
    folder = packages.cache_folder() / "qemu"
    with packages.Lock("qemu"):
        if not folder.exists():
            suites = packages.Suites(SUITES)
            suites.update()
            with tempfile.TemporaryDirectory(dir=packages.cache_folder()) as work:
                root = pathlib.Path(work) / "root"
                root.mkdir()
                for package in PACKAGES:
                    suites.unpack(package, root)
                root.rename(folder)
    if version(unpacked(folder)[:1]) < LEAST:
        raise packages.Failure(f"{folder} holds a QEMU older than {LEAST[0]}.{LEAST[1]}: remove it")
    return unpacked(folder)
