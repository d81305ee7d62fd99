#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Other kernels, real drivers: usage vm_test.py SOURCE_DIR BINARY_DIR; needs no root, but Debian's mirror.

Cells of scripts/vm-matrix, one with kprobes for two tracepoints; what doctor answers where something is missing; and in
a guest of their own the other shapes of the receive path, each made on a kernel and told in its own words. Guests are
emulated: what is asserted is order, counts and words, never a time.
"""
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "scripts"))
from guest import cell, machine, packages, programs, shapes  # noqa: E402  pylint: disable=wrong-import-position

# With a pause between echo and next request: else it meets the server still inside its send, and waits in the backlog.
LOAD = ("--requests", "200", "--connections", "4", "--interval-us", "10000")
# The first needs stand-ins for two tracepoints and has two queues; the second gets kprobes for them; the third is the
# newest, and has no tracefs.
CELLS = (("6.1", "igb", {}), ("6.1", "virtio-net-pci", {"without": "fentry"}),
         ("7.3", "virtio-net-pci", {"texts": {"vm/without-tracefs": ""}}))
# Without BTF, without rights, without tracefs, without fentry: what doctor is asked with, and words of its answer.
ANSWERS = (
    ("no BTF", "mkdir /tmp/none; mount --bind /tmp/none /sys/kernel/btf", "", "not usable: this kernel has no BTF"),
    ("no rights", "umount /sys/kernel/btf", "/vm/setpriv --reuid 65534 --clear-groups",
     "not usable: recording needs CAP_BPF and CAP_PERFMON"),
    ("no rights: hooks", "", "/vm/setpriv --reuid 65534 --clear-groups",
     "attached, 0 more when needed, 1 missing,"),
    ("no tracefs", "umount /sys/kernel/tracing", "", "usable: "),
    ("no fentry", "", "WITHOUT", "kprobe/sock_def_readable stands in for it"),
)
SHAPES = ("6.12", "virtio-net-pci")
SECONDS = 280
# Less than the matrix asks for: where the machine stops a guest's CPU between two of the kernel's steps, such as the state of
# a sleeper and its sleep, what is seen of them does not agree, and the path says so.
LEAST = 0.85


def run(kernel, make):
    """False: not as it must be. None: Debian has no such kernel any more."""
    try:
        made, problems, told = make()
    except packages.Failure as failure:
        print(f"left out: {kernel}: {failure}", flush=True)
        return None
    print(f"{made.package}: {made.seconds:.0f} s, {told}: {'; '.join(problems) or 'ok'}", flush=True)
    return not problems


def run_cell(kernel, card, options, build):
    made = cell.Cell(kernel, card, build, load=LOAD, seconds=SECONDS, **options).run()
    return made, made.problems(LEAST), f"{card} {made.line()} {options or ''}"


class Answers:
    """What doctor says in a guest where something is missing."""

    def __init__(self, build):
        script = "".join(f"{setting}\necho '@answer {name}'\n{told.replace('WITHOUT', '')} wakepath doctor "
                         f"{'--without fentry' if told == 'WITHOUT' else ''} 2>&1\n"
                         for name, setting, told, _ in ANSWERS)
        files = {**programs.of_build(pathlib.Path(build), ()), "/vm/setpriv": shutil.which("setpriv")}
        with machine.Guest("6.1", None, "sh /vm/answers", files, {"vm/answers": script}, seconds=SECONDS) as guest:
            self.package = guest.kernel.package
            guest.wait()
            self.output, self.seconds = guest.output, SECONDS - guest.left()

    def problems(self):
        answers = dict(part.split("\n", 1) for part in self.output.split("@answer ")[1:])
        return [f"doctor, {name}: {answers.get(name, self.output)!r}" for name, _, _, words in ANSWERS
                if words not in " ".join(answers.get(name, "").split())]


def run_answers(build):
    made = Answers(build)
    return made, made.problems(), f"doctor's answers, {len(ANSWERS)}"


def run_shapes(build):
    made = shapes.run(*SHAPES, build, SECONDS, [shape for shape in shapes.SHAPES if not shape.guest])
    rows = "".join(f"\n{row}" for row in shapes.rows(made))
    return made[0][0], shapes.problems(made), f"shapes{rows}\n"


def main():
    build = sys.argv[2]
    outcomes = [run(kernel, lambda k=kernel, c=card, o=options: run_cell(k, c, o, build))
                for kernel, card, options in CELLS]
    outcomes.append(run("6.1", lambda: run_answers(build)))
    outcomes.append(run(SHAPES[0], lambda: run_shapes(build)))
    if outcomes[-1] is None or outcomes.count(None) > 3:
        print("too many of Debian's kernels can't be fetched")
        return 1
    return 1 if False in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
