# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest: started, watched, ended. Emulated (no KVM), bounded in time, its process never outlives ours."""
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import tarfile
import tempfile
import time

from guest import emulator, initramfs, kernels, packages

DIED = 125  # status of a guest that ended without telling one
BOOT = ("console=ttyS0,115200 panic=-1 quiet loglevel=4 net.ifnames=0 mitigations=off tsc=reliable no_timer_check nokaslr "
        "panic_on_warn=1 softlockup_panic=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=180")
COMPLAINT = re.compile(r"WARNING:|BUG:|Oops|Kernel panic|Call Trace|rcu.*detected (stall|expedited)|self-detected stall|soft lockup -|hard LOCKUP|hung task|segfault|"
                       r"general protection")


def free_port():
    """A port of loopback nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tap:
    """A card's other end with as many queues as the guest has CPUs, in a network namespace of its own: needs root."""

    HOST, GUEST = "10.0.2.2", "10.0.2.15"

    def __init__(self):
        if os.geteuid() != 0:
            raise packages.Failure("a card of several queues ends in a tap device, which takes root to make")
        self.name = f"wakepath-{os.getpid()}-{id(self) & 0xffff:x}"
        self.enter = ["ip", "netns", "exec", self.name]
        packages.run(["ip", "netns", "add", self.name])
        try:
            for words in (["tuntap", "add", "dev", "tap0", "mode", "tap", "multi_queue"],
                          ["addr", "add", f"{self.HOST}/24", "dev", "tap0"], ["link", "set", "tap0", "up"],
                          ["link", "set", "lo", "up"]):
                packages.run([*self.enter, "ip", *words])
        except BaseException:
            self.remove()
            raise

    def remove(self):
        packages.run(["ip", "netns", "del", self.name])


def die_with_parent():
    """PR_SET_PDEATHSIG, for whoever kills us outright."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Guest:
    """with Guest(...) as guest: ...; guest.wait(); guest.output, guest.status, guest.console."""

    def __init__(self, kernel, card=None, command="true", files=None, texts=None, forward=(), cpus=2, memory=512,
                 boot="", device="", seconds=120, queues=1):
        self.kernel, self.card, self.seconds = kernels.fetch(kernel), card, seconds
        if card and card not in kernels.CARDS:
            raise packages.Failure(f"no card '{card}': {', '.join(kernels.CARDS)}")
        self.files, self.texts = files or {}, {"vm/command": command + "\n", **(texts or {})}
        self.forward, self.cpus, self.memory, self.boot, self.device = forward, cpus, memory, boot, device
        self.queues, self.tap = queues, None
        self.process = self.status = None
        self.begin = time.monotonic()

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="wakepath-vm-")  # pylint: disable=consider-using-with
        self.folder = pathlib.Path(self._folder.name)
        try:
            self.tap = Tap() if self.queues > 1 else None
            initramfs.build(self.folder / "root", self.kernel, self.card, self.files, self.texts)
            with open(self.folder / "qemu", "wb") as said:
                # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
                self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                                preexec_fn=die_with_parent)
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self._clean_up()

    def _clean_up(self):
        self._folder.cleanup()
        if self.tap:
            self.tap.remove()

    @property
    def address(self):
        """Where the guest's ports are reached from here."""
        return self.tap.GUEST if self.tap else "127.0.0.1"

    @property
    def enter(self):
        """What goes before a command here that is to reach them."""
        return self.tap.enter if self.tap else []

    def _command(self):
        words = [*self.enter, *emulator.command(), "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max", "-smp", self.cpus,
                 "-m", self.memory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", self.kernel.vmlinux,
                 "-initrd", self.folder / "root", "-append", f"{BOOT} {self.boot}".strip()]
        for port in ("console", "output", "out"):
            words += ["-serial", f"file:{self.folder / port}"]
        if self.card and self.tap:
            words += ["-netdev", f"tap,id=n0,ifname=tap0,script=no,downscript=no,queues={self.queues}", "-device",
                      f"{self.card},netdev=n0,romfile=,mq=on,vectors={2 * self.queues + 2}"]
        elif self.card:
            forward = "".join(f",hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{port}" for port in self.forward)
            words += ["-netdev", f"user,id=n0,restrict=on{forward}",
                      "-device", f"{self.card},netdev=n0,romfile={self.device and ',' + self.device}"]
        return [str(word) for word in words]

    def _text(self, name):
        path = self.folder / name
        return path.read_bytes().decode(errors="replace").replace("\r", "") if path.exists() else ""

    @property
    def output(self):
        """What the command printed so far."""
        return re.sub(r"@@status \d+\n\Z", "", self._text("output"))

    @property
    def console(self):
        return self._text("console") + self._text("qemu")

    def left(self):
        return self.seconds - (time.monotonic() - self.begin)

    def wait_for(self, pattern):
        """Until the output has it, the guest ends, or time is up. Returns the match or None."""
        while True:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.output, re.M)
            if found or ended or self.left() <= 0:
                return found
            time.sleep(0.1)

    def wait(self):
        """The command's status; DIED when the guest told none within its time."""
        try:
            self.process.wait(max(self.left(), 0.1))
        except subprocess.TimeoutExpired:
            pass
        self.stop()
        told = re.search(r"^@@status (\d+)$", self._text("output"), re.M)
        self.status = int(told.group(1)) if told else DIED
        return self.status

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def take_out(self, into):
        """Unpack what the command left in /vm/out, the kernel's log among it. False: nothing whole came."""
        try:
            with tarfile.open(self.folder / "out") as archive:
                archive.extractall(into)  # our own guest's, regular files only
        except (tarfile.TarError, OSError, EOFError):
            return False
        return (pathlib.Path(into) / "kernel.log").exists()

    def complaints(self):
        """Lines in which the kernel complains, on the console; the whole log is in /vm/out/kernel.log."""
        return [line for line in self.console.splitlines() if COMPLAINT.search(line)]
