# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's root: busybox, modules, programs with the libraries they need, one archive the kernel unpacks."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from guest import packages

HERE = pathlib.Path(__file__).resolve().parent


@functools.lru_cache(None)
def libraries(program):
    """Shared libraries of a program, the loader among them; none for a script or a static one."""
    done = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if "not found" in done.stdout:
        raise packages.Failure(f"{program} lacks libraries here: {done.stdout.strip()}")
    return re.findall(r"(/\S+) \(0x", done.stdout)


def put(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(source, target)


LARGE = 4 << 20
SLIM = tempfile.TemporaryDirectory(prefix="wakepath-slim-")  # pylint: disable=consider-using-with


@functools.lru_cache(None)
def slim(program):
    """A large program without what is for debuggers only: most of a debug build, which every guest would have to unpack."""
    with open(program, "rb") as file:
        is_program = file.read(4) == b"\x7fELF"
    if not is_program or os.path.getsize(program) < LARGE or not shutil.which("strip"):
        return program
    made = pathlib.Path(tempfile.mkdtemp(dir=SLIM.name)) / "program"
    packages.run(["strip", "-g", "-o", str(made), str(program)])
    return made


def put_program(root, source, target):
    put(slim(source), root / target.lstrip("/"))
    for library in libraries(source):
        path = pathlib.Path(library)
        # the loader is asked for by its full name, the rest is searched for in /lib
        put(path, root / (library.lstrip("/") if path.name.startswith("ld-") else f"lib/{path.name}"))


@functools.lru_cache(None)
def applets(busybox):
    return packages.run([busybox, "--list"]).decode().split()


def put_busybox(root):
    busybox = shutil.which("busybox")
    if not busybox:
        raise packages.Failure("busybox is not installed; run scripts/setup")
    put(busybox, root / "bin/busybox")
    for applet in applets(busybox):
        link = root / "bin" / applet
        if not link.exists():
            link.symlink_to("busybox")


def build(archive, kernel, card, files, texts):
    """files: guest path -> program or file of ours. texts: guest path -> its content."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        put_busybox(root)
        put(HERE / "init", root / "init")
        (root / "init").chmod(0o755)
        modules = kernel.modules([*card_modules(card), "virtio_pci", "af_packet", "veth", "bridge", "tun"])
        for module in modules:
            put(module, root / "modules" / module.name)
        for target, source in files.items():
            put_program(root, source, target)
        texts = {"vm/modules": "".join(f"{module.name}\n" for module in modules), "vm/card": card or "", **texts}
        for target, text in texts.items():
            path = root / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        names = "".join(f"./{path.relative_to(root)}\0" for path in sorted(root.rglob("*")))
        with open(archive, "wb") as out:
            subprocess.run(["cpio", "-o0", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), stdout=out,
                           check=True, env={**os.environ, "LC_ALL": "C"})


def card_modules(card):
    from guest import kernels  # pylint: disable=import-outside-toplevel
    return [kernels.CARDS[card]] if card else []
