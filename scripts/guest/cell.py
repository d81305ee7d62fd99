# SPDX-License-Identifier: GPL-2.0-or-later
"""One cell of the matrix: a kernel, a card, echo servers in the guest, load from the host, every path compared with
what server and client logged. A server is the name of its program, "epoll", or that and a name of its own, "epoll.rps"."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from guest import machine, programs

HERE = pathlib.Path(__file__).resolve().parent
STOP = """
import socket, sys
talk = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
talk.shutdown(socket.SHUT_WR)
sys.exit(talk.recv(1) != b"")  # QEMU accepts before the guest listens, and resets then
"""
LEAST_FROM_IRQ = 0.99
MOST_APPENDED = 0.5  # of the paths: on a busy machine a guest's CPU stops for a while, with a server in the middle of its send
MOST_INSTRUCTIONS = 5000
APPENDED = "appended in the backlog"  # what wp_compare_truth calls them
# Kernels that can't be recorded on, and the word in doctor's answer that says why.
REFUSED = {"5.10": "BPF_MAP_TYPE_TASK_STORAGE"}


def stop(guest, port, seconds):
    """Tell the guest that the load is done: connect until its end reads, and closes."""
    end = time.monotonic() + seconds
    told = [*guest.enter, sys.executable, "-c", STOP, guest.address, str(port)]
    while time.monotonic() < end:
        if subprocess.run(told, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return
        time.sleep(0.1)


def run_json(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=120)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"failed": done.stderr.strip() or f"status {done.returncode}"}


class Cell:
    """Runs, then holds what came of it; `problems()` says what is not as it must be."""

    def __init__(self, kernel, card, build, servers=("epoll", "select"), load=(), texts=None, message=64, without="",
                 **guest):
        self.kernel, self.card, self.build = kernel, card, pathlib.Path(build)
        self.label = f"{kernel}, kprobes" if without == "fentry" else kernel
        self.servers = servers
        self.messages = message if isinstance(message, dict) else {server: message for server in servers}
        self.loads = load if isinstance(load, dict) else {server: load for server in servers}
        self.texts, self.without, self.options = texts or {}, without, guest
        self.failure, self.package, self.seconds = "", "", 0.0
        self.doctor, self.results, self.clients, self.log = {}, {}, {}, []
        self.requests = 0

    def run(self, tries=2):
        """A guest that dies, or whose clock ran at another rate than ours, is tried once more: emulation under load is not
        the kernel's fault."""
        for left in reversed(range(tries)):
            self.failure, self.results = "", {}
            begin = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="wakepath-cell-") as folder:
                status = self._run(pathlib.Path(folder))
            self.seconds = time.monotonic() - begin
            clocks_ran_apart = any("clocks" in result.get("failed", "") for result in self.results.values())
            if (status != machine.DIED and not clocks_ran_apart) or not left:
                break
        return self

    def _run(self, folder):
        stop_port = machine.free_port()
        ports = {server: machine.free_port() for server in self.servers}
        echoes = [f"{server.partition('.')[0]}-echo" for server in self.servers]
        files = {**programs.of_build(self.build, echoes), "/vm/cell.sh": HERE / "cell.sh"}
        pairs = " ".join(f"{server}:{port}:{self.messages[server]}" for server, port in ports.items())
        command = f"WITHOUT={self.without} sh /vm/cell.sh {stop_port} {pairs}"
        with machine.Guest(self.kernel, self.card, command, files, self.texts, [stop_port, *ports.values()],
                           **self.options) as guest:
            self.package = guest.kernel.package
            for server, port in ports.items():
                if not guest.wait_for(rf"^@ready {server}$"):
                    break
                self._drive(server, port, folder, guest)
                stop(guest, stop_port, 20)
            status = guest.wait()
            if status:
                self.failure = f"status {status}: {(guest.output or guest.console).strip()[-600:]}"
            self.log = guest.complaints()
            if not guest.take_out(folder):
                self.failure = self.failure or "nothing whole came out of the guest"
                return status
        self._judge(folder)
        return status

    def _drive(self, server, port, folder, guest):
        command = [*guest.enter, self.build / "demo-servers/wakepath-load-client", "--connect",
                   f"{guest.address}:{port}", "--size",
                   self.messages[server], "--truth", folder / f"{server}.client", "--max-seconds", max(5, int(guest.left())),
                   *self.loads[server]]
        told = run_json(command)
        if told.get("errors") != 0:
            self.failure = f"load on {server}: {told}"
        self.clients[server] = told

    def _judge(self, folder):
        self.log += [line for line in (folder / "kernel.log").read_text(errors="replace").splitlines()
                     if machine.COMPLAINT.search(line)]
        self.doctor = json.loads((folder / "doctor.json").read_text() or "{}")
        for server in self.servers:
            recording = folder / f"{server}.wkp"
            if not recording.exists() or self.failure:
                continue
            result = run_json([self.build / "tests/wp_compare_truth", recording, folder / f"{server}.client",
                               folder / f"{server}.truth"])
            result["report"] = run_json([self.build / "wakepath", "report", "--json", recording])
            result["interrupts"] = interrupts(folder, server)
            result["cpu_ms"] = cpu_ms((folder / f"{server}.stat").read_text())
            self.results[server] = result

    def problems(self, least=LEAST_FROM_IRQ):
        """What is not as it must be; `least` is the share of paths that must be complete from the card's interrupt on."""
        if self.is_refused():
            return [f"kernel log: {line}" for line in self.log[:5]]
        found = [self.failure] if self.failure else []
        found += [f"kernel log: {line}" for line in self.log[:5]]
        if not self.failure and not self.doctor.get("usable"):
            found.append(f"doctor: {self.doctor.get('verdict')}")
        for hook in self.doctor.get("hooks", []):
            if hook.get("verifier_instructions", 0) > MOST_INSTRUCTIONS:
                found.append(f"{hook['name']}: {hook['verifier_instructions']} instructions for the verifier")
        for server in self.servers:
            if not self.failure:
                found += [f"{server}: {problem}" for problem in problems_of(self.results.get(server, {}), least)]
        return found

    def is_refused(self):
        """Doctor said that this kernel can't be recorded on, as it must."""
        word = REFUSED.get(self.kernel)
        return bool(word and self.doctor and not self.doctor["usable"] and word in self.doctor["verdict"])

    def line(self):
        """Counts of both servers together, for the table."""
        total = {name: sum(r.get(name, 0) for r in self.results.values()) for name in
                 ("requests", "complete", "partial", "missing", "wrong", "stray")}
        total["appended"] = sum(r.get("beginnings", {}).get(APPENDED, 0) for r in self.results.values())
        total["from_irq"] = sum(from_irq(r) for r in self.results.values())
        total["irqs"] = sum(r.get("interrupts", 0) for r in self.results.values())
        return total


def from_irq(result):
    """Complete paths that begin at an interrupt of the card."""
    return sum(count for way, count in result.get("beginnings", {}).items()
               if re.match(r"irq (eth0|virtio0-(in|out)put)", way))


def interrupts(folder, server):
    """How many interrupts the card's lines took meanwhile, by the kernel's own count."""
    def total(name):
        lines = (folder / f"{server}.interrupts-{name}").read_text().splitlines()
        return sum(int(word) for line in lines if re.search(r"(eth0|virtio0-(in|out)put)", line)
                   for word in line.split()[1:] if word.isdigit())
    return total("after") - total("before")


def cpu_ms(stat):
    """Processor time of a process, from its /proc/PID/stat: user and system, counted in ticks of 10 ms."""
    fields = stat.rpartition(")")[2].split()
    return 10 * (int(fields[11]) + int(fields[12]))


def problems_of(result, least):
    if not result or "failed" in result:
        return [result.get("failed", "no recording")]
    found = [f"{result[sort]} {sort}: {result['explanations'][:2]}" for sort in ("missing", "wrong", "stray")
             if result[sort]]
    paths = sum(result["beginnings"].values())
    appended = result["beginnings"].get(APPENDED, 0)
    if (from_irq(result) + appended < least * paths or appended > MOST_APPENDED * paths or
            result["complete"] + appended < least * result["requests"]):
        found.append(f"{from_irq(result)} of {paths} paths complete from the card's interrupt: {result['beginnings']}, "
                     f"{result['explanations'][:2]}")
    return found + books(result["report"])


def books(report):
    """The loss counters' identity: every firing has one outcome, every record submitted was received, none was lost."""
    hooks = report.get("recording", {}).get("hooks", [])
    found = [] if hooks else ["the report has no books"]
    for hook in hooks:
        outcomes = sum(hook[name] for name in ("self", "filtered", "noted", "map_full", "ring_full", "submitted"))
        if hook["fired"] != outcomes:
            found.append(f"{hook['name']} fired {hook['fired']} times, of which {outcomes} are accounted for")
    if report.get("loss", {}).get("events") != 0:
        found.append(f"{report.get('loss', {}).get('events')} events lost")
    wrong = {"books_unbalanced", "not_received", "clock_regressions"}
    return found + [d["sentence"] for d in report.get("diagnostics", []) if d["name"] in wrong]
