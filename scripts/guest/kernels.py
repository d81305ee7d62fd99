# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of Debian's packages, ready to boot: the uncompressed image and the modules a guest may need."""
import lzma
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

from guest import packages

# Where each line of kernels is kept up to date; other lines are looked for in the last one.
SUITES = {
    "5.10": ("bullseye-security", "bullseye"),
    "6.1": ("bookworm-security", "bookworm"),
    "6.12": ("bookworm-security", "bookworm"),
}
OTHER_LINES = ("trixie-backports",)

# QEMU's name of a card -> its driver's module
CARDS = {
    "virtio-net-pci": "virtio_net",
    "e1000": "e1000",
    "e1000e": "e1000e",
    "igb": "igb",
    "vmxnet3": "vmxnet3",
    "rtl8139": "8139cp",
}
OTHER_MODULES = ("virtio_pci", "af_packet", "veth", "bridge", "tun")
FOLDERS = ("drivers/net", "drivers/virtio", "drivers/dca", "drivers/i2c/algos", "drivers/ptp", "drivers/pps", "net")


class Kernel:
    """One unpacked kernel; `vmlinux` boots, `modules` is in the order of need."""

    def __init__(self, folder):
        self.folder = folder
        self.name, self.package = (folder / "name").read_text(encoding="ascii").split()
        self.vmlinux = folder / "vmlinux"

    def modules(self, names):
        """The files of these modules and of what they need, that first. A built-in or missing one gives nothing."""
        order = []
        for name in names:
            self._need(name, order)
        return order

    def _need(self, name, order):
        path = self.folder / "modules" / f"{name.replace('-', '_')}.ko"
        if not path.exists() or path in order:
            return
        for needed in depends(path):
            self._need(needed, order)
        order.append(path)


def depends(module):
    found = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return found.group(1).decode().split(",") if found and found.group(1) else []


def parse(name):
    """'6.12' or '6.12-rt' -> (line, flavour with its dash)."""
    match = re.fullmatch(r"(\d+\.\d+)(-cloud|-rt)?", name)
    if not match:
        raise packages.Failure(f"no kernel '{name}': write a line such as 6.12, or 6.12-cloud, 6.12-rt")
    return match.group(1), match.group(2) or ""


def newest(suites, line, flavour):
    """The package that holds the newest image of a line. From 6.19 on linux-image is empty and linux-binary has it."""
    pattern = re.compile(rf"linux-(image|binary)-{re.escape(line)}\.\d[0-9a-z.+-]*?{flavour}-amd64")
    found = [name for name in suites.names("linux-image-") + suites.names("linux-binary-")
             if pattern.fullmatch(name) and "unsigned" not in name and "dbg" not in name
             and (flavour or not re.search(r"-(cloud|rt)-amd64$", name))]
    if not found:
        raise packages.Failure(f"Debian has no kernel {line}{flavour} any more in {suites.folder.name}")
    return max(found, key=lambda name: (packages.natural(name.split("-", 2)[2]), "binary" in name))


def decompress_image(vmlinuz):
    """The vmlinux inside a bzImage: payload_offset and payload_length of its setup header (Documentation/arch/x86/boot)."""
    image = vmlinuz.read_bytes()
    offset, length = struct.unpack_from("<II", image, 0x248)
    begin = (image[0x1F1] + 1) * 512 + offset
    payload = image[begin:begin + length - 4]  # its size follows, 4 bytes
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.decompress(payload)
    tool = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4"}.get(payload[:4])
    if not tool:
        raise packages.Failure(f"{vmlinuz.name} is compressed in a way we don't know")
    return subprocess.run([tool, "-dcq"], input=payload, stdout=subprocess.PIPE, check=True).stdout


def plain_module(path):
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    return path.read_bytes()


def keep(root, folder, name, package):
    """From the unpacked packages what a guest needs, into the cache."""
    images = list(root.glob("**/vmlinuz*"))
    if not images:
        raise packages.Failure(f"{package} holds no vmlinuz")
    (folder / "vmlinux").write_bytes(decompress_image(images[0]))
    (folder / "modules").mkdir()
    available = {path.name.split(".")[0].replace("-", "_"): path for path in root.glob("**/*.ko*")}
    wanted = list(CARDS.values()) + list(OTHER_MODULES)
    while wanted:
        module = wanted.pop().replace("-", "_")
        target = folder / "modules" / f"{module}.ko"
        if module in available and not target.exists():
            target.write_bytes(plain_module(available[module]))
            wanted += depends(target)
    (folder / "name").write_text(f"{name} {package}\n", encoding="ascii")


def fetch(name, fresh=False):
    """The newest kernel of a line, from the cache unless told otherwise."""
    line, flavour = parse(name)
    folder = packages.cache_folder() / "kernels" / name
    if (folder / "name").exists() and not fresh:
        return Kernel(folder)
    with packages.Lock("kernels"):
        if (folder / "name").exists() and not fresh:
            return Kernel(folder)
        suites = packages.Suites(SUITES.get(line, OTHER_LINES))
        suites.update()
        package = newest(suites, line, flavour)
        wanted = ["./boot/vmlinuz-*", "*/vmlinuz*"] + [f"*/kernel/{sub}/*" for sub in FOLDERS]
        with tempfile.TemporaryDirectory(dir=packages.cache_folder()) as work:
            root, made = pathlib.Path(work) / "root", pathlib.Path(work) / "made"
            root.mkdir()
            made.mkdir()
            suites.unpack(package, root, wanted)
            if package.startswith("linux-binary-"):
                suites.unpack(package.replace("linux-binary-", "linux-modules-"), root, wanted)
            keep(root, made, name, package)
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(exist_ok=True)
            made.rename(folder)
        return Kernel(folder)
