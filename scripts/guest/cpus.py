# SPDX-License-Identifier: GPL-2.0-or-later
"""Many CPUs, CPUs that are possible but not there, and CPUs that go and come: demos recorded in a guest, compared with what
both their ends logged, and the books of every CPU. Emulated on however few CPUs this machine has: counts, never a time."""
import json
import pathlib
import subprocess
import tempfile
import time

from guest import machine, programs
from guest.cell import run_json

HERE = pathlib.Path(__file__).resolve().parent
MEMORY_MIB = 1536  # a ring of 16 MiB for each possible CPU
DEMOS = ("epoll", "select", "thread")
HEAD = ("| guest | possible, online | demo | requests | complete | missing | wrong | CPUs in paths | firings | lost | books |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|")


class Layout:
    """`cpus`: that the machine has; `boot`: words for the kernel; `unplug`: CPUs that go and come back while recordings run."""

    def __init__(self, name, cpus, boot="", unplug="", least_cpus=2):
        self.name, self.cpus, self.boot, self.unplug, self.least_cpus = name, cpus, boot, unplug, least_cpus


LAYOUTS = (
    Layout("16 CPUs", 16, least_cpus=8),
    Layout("2 of 16 possible CPUs", 16, boot="maxcpus=2"),
    Layout("4 CPUs, two of which go and come", 4, unplug="2 3"),
)


def cpus_of(wakepath, recording):
    """CPUs on which stages of paths were seen."""
    lines = subprocess.run([wakepath, "export", "jsonl", recording, "-o", "-"], stdout=subprocess.PIPE, text=True,
                           check=True, timeout=120).stdout.splitlines()
    return {stage["cpu"] for line in lines for stage in json.loads(line)["stages"].values() if "cpu" in stage}


class Run:
    """One guest: what its demos said, and what is not as it must be."""

    def __init__(self, layout, kernel, build, requests, seconds, demos=DEMOS):
        self.layout, self.kernel, self.build = layout, kernel, pathlib.Path(build)
        self.requests, self.seconds, self.demos = requests, seconds, demos
        self.failure, self.cpus, self.results, self.log, self.took = "", "", {}, [], 0.0
        self.unplugged = 0

    def run(self):
        files = {**programs.of_build(self.build), "/vm/cpus.sh": HERE / "cpus.sh"}
        command = f"sh /vm/cpus.sh {self.requests} '{self.layout.unplug}' {' '.join(self.demos)}"
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="wakepath-cpus-") as folder:
            with machine.Guest(self.kernel, None, command, files, cpus=self.layout.cpus, memory=MEMORY_MIB,
                               boot=self.layout.boot, seconds=self.seconds) as guest:
                if status := guest.wait():
                    self.failure = f"status {status}: {(guest.output or guest.console).strip()[-600:]}"
                self.log = guest.complaints()
                if not guest.take_out(folder):
                    self.failure = self.failure or "nothing whole came out of the guest"
                    return self
            self._judge(pathlib.Path(folder))
        self.took = time.monotonic() - begin
        return self

    def _judge(self, folder):
        self.log += [line for line in (folder / "kernel.log").read_text(errors="replace").splitlines()
                     if machine.COMPLAINT.search(line)]
        self.cpus = (folder / "cpus").read_text().strip()
        if (folder / "unplugged").exists():
            self.unplugged = len((folder / "unplugged").read_text().splitlines())
        for demo in self.demos if not self.failure else ():
            try:
                said = json.loads((folder / f"{demo}.json").read_text())
            except (OSError, json.JSONDecodeError):
                self.failure = f"{demo}: {(folder / f'{demo}.errors').read_text().strip()[-400:]}"
                return
            recording = folder / f"{demo}.wkp"
            self.results[demo] = {"paths": said["paths"], "explanations": said["explanations"],
                                  "loss": run_json([self.build / "wakepath", "report", "--json", recording])["loss"],
                                  "cpus": cpus_of(self.build / "wakepath", recording)}

    def problems(self):
        found = [self.failure] if self.failure else []
        found += [f"kernel log: {line}" for line in self.log[:5]]
        for demo, result in self.results.items():
            paths, books = result["paths"], result["loss"]["books"]
            found += [f"{demo}: {paths[sort]} {sort}: {result['explanations'][:2]}" for sort in ("missing", "wrong", "stray")
                      if paths[sort]]
            if books["hooks_difference"] or books["rings_difference"]:
                found.append(f"{demo}: books: {books}")
        seen = set().union(*(result["cpus"] for result in self.results.values()))
        if not self.failure and len(seen) < self.layout.least_cpus:
            found.append(f"paths on CPUs {sorted(seen)} only")
        if self.layout.unplug and not self.unplugged:
            found.append("no CPU went")
        return found

    def rows(self):
        for demo, result in self.results.items():
            paths, books = result["paths"], result["loss"]["books"]
            lost = books["ring_full"] + books["map_full"] + books["missed"]
            yield (f"| {self.layout.name} | {self.cpus} | {demo} | {self.requests} | {paths['complete']} | {paths['missing']} | "
                   f"{paths['wrong']} | {len(result['cpus'])} | {books['fired']} | {lost} | "
                   f"{'balance' if not books['hooks_difference'] + books['rings_difference'] else 'differ'} |")
