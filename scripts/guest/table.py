# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/kernels.md: what the matrix found, and nothing else."""

HEAD = """# Kernels and network cards

`scripts/vm` runs a command in a Debian kernel with an emulated network card, without installing either:

```sh
scripts/vm -k 6.1 -n igb -- wakepath doctor
scripts/vm -k 6.12 -n none -- uname -r
```

Kernels are packages of Debian's suites by their line (5.10, 6.1, 6.12, 6.18, 7.3; with `-cloud` or `-rt` too), unpacked into
`~/.cache/wakepath`, by an apt with its own sources: the mirror is the machine's, its configuration stays as it is. QEMU is
the machine's from 8.1 on, else the one of bookworm's backports, unpacked beside it. The guest needs no rights and no
`/dev/kvm`, is bounded in time, and ends with the script. `scripts/vm-shapes` makes the [other shapes of the receive
path](receive-path.md) in one.

## The matrix

Written by `scripts/vm-matrix`. In each cell `wakepath doctor` is asked, then an epoll and a select server in the guest are
recorded while this machine drives them through the card, {requests} requests each over 4 connections; every path is compared
with what server and client logged ([ground truth](ground-truth.md)). A cell must have all programs loaded, at most 5,000
instructions for the verifier in each, 99 % of its paths complete from an interrupt of the card on, none missing, none wrong,
no event lost, books that balance, and no complaint in the kernel's log. Left out of the 99 % are packets that TCP appended to
another in the backlog of a socket whose owner was still in its send: of those nothing before the socket is known, and their
paths say so.

Emulation is slow and shares its CPUs: counts and order mean something here, times don't.

### 5.10

Answered by `doctor`, and not recorded. What the programs stand on and 5.10 lacks: storage of tasks for tracing programs (5.13)
and of sockets (5.11), in place of which a hash would do; and the current task as a typed pointer (`bpf_get_current_task_btf`,
5.11), the socket behind a file (`bpf_sock_from_file`, 5.11), a socket's cookie in tracing programs (5.12), atomic additions
that tell what was there before (5.12), and pointers handed to global functions (5.12), in place of which nothing does: without the
last the verifier goes through every program many times over. The versions are from the kernel's history: between 5.10 and 6.1
nothing was run.

### Functions in place of tracepoints

`sk_data_ready` and `sock_recv_length` came with 6.3. Before, the same stages come from fentry where that can be attached, else from
kprobes ([what that costs](limits.md#what-to-keep-in-mind)). The rows `6.1, kprobes` are cells with fentry left out (`--without fentry`,
hidden).

"""


def hooks_told(doctor):
    """Hooks that are missing or replaced, in doctor's words."""
    told = [f"`{hook['tracepoint']}` for `{hook['stands_in_for']}`" for hook in doctor.get("hooks", [])
            if hook.get("stands_in_for")]
    told += [f"no `{hook['tracepoint']}`" for hook in doctor.get("hooks", []) if hook.get("outlook") == "missing"]
    return ", ".join(told) or "nothing"


def kernel_rows(cells):
    seen = {}
    for made in cells:
        if made.doctor and made.label not in seen:
            seen[made.label] = made
    for made in seen.values():
        worst = max(made.doctor.get("hooks", []), key=lambda hook: hook.get("verifier_instructions", 0), default={})
        total = sum(hook.get("verifier_instructions", 0) for hook in made.doctor.get("hooks", []))
        if not made.doctor.get("usable"):
            yield f"| {made.label} | {made.package} | no | {made.doctor.get('obstacle') or made.doctor.get('verdict')} | - | - |\n"
            continue
        yield (f"| {made.label} | {made.package} | yes | {hooks_told(made.doctor)} | {total:,} | "
               f"{worst.get('verifier_instructions', 0):,} (`{worst.get('name')}`) |\n")


def program_rows(cells):
    """Instructions for the verifier, of the programs that have 1,000 somewhere: a row each, a column for each kernel."""
    by_kernel = {}
    for made in cells:
        if made.doctor.get("usable"):
            by_kernel.setdefault(made.label, {hook["name"]: hook.get("verifier_instructions", 0)
                                               for hook in made.doctor["hooks"]})
    names = {name for counts in by_kernel.values() for name, count in counts.items() if count >= 1000}
    yield f"\n| program | {' | '.join(by_kernel)} |\n|---|{'---|' * len(by_kernel)}\n"
    for name in sorted(names, key=lambda name: -max(counts.get(name, 0) for counts in by_kernel.values())):
        yield f"| `{name}` | {' | '.join(f'{counts.get(name, 0):,}' for counts in by_kernel.values())} |\n"


def cell_rows(cells):
    for made in cells:
        if not made.results:
            continue
        n = made.line()
        yield (f"| {made.label} | {made.card} | {n['requests']} | {n['complete']} | {n['partial']} | {n['appended']} | {n['missing']} | "
               f"{n['wrong']} | {n['from_irq']} | {n['irqs']} | {'ok' if not made.problems() else 'NOT OK'} |\n")


def page(cells, seconds):
    requests = next((made.results["epoll"]["requests"] for made in cells if made.results.get("epoll")), 0)
    parts = [HEAD.format(requests=requests),
             "| kernel | package | usable | missing or replaced | verifier, all programs | largest program |\n",
             "|---|---|---|---|---|---|\n", *kernel_rows(cells),
             *program_rows(cells), "\n| kernel | card | requests | complete | partial | of these appended in a backlog | missing | wrong | paths from the card's interrupt | "
             "interrupts of the card | |\n", "|---|---|---|---|---|---|---|---|---|---|---|\n", *cell_rows(cells)]
    failed = [made for made in cells if made.problems() and not made.is_refused()]
    parts += [f"\nNot as it must be: {made.label} {made.card}: {made.problems()[0]}\n" for made in failed]
    parts.append(f"\n{len(cells)} cells in {seconds:.0f} s.\n")
    return "".join(parts)
