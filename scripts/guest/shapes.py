# SPDX-License-Identifier: GPL-2.0-or-later
"""The other shapes of the receive path, each made in a guest by settings of its card, and what its paths must say.

A shape is a server (its program, a dot, its name), what is set before it is started, its load, and what must be counted of
it. One guest makes most of them, one after the other; some need a kernel, a boot parameter or a card of their own.
"""
import os

from guest import cell

NET = "/sys/class/net/eth0"
UNSET = f"""
rm -f /tmp/options
echo 0 >{NET}/threaded
echo 0 >{NET}/napi_defer_hard_irqs
echo 0 >{NET}/gro_flush_timeout
for queue in {NET}/queues/rx-*; do echo 0 >$queue/rps_cpus; done
echo 0 >/proc/sys/net/core/busy_read
echo 300 >/proc/sys/net/core/netdev_budget
/vm/ethtool -K eth0 gro on
"""
BRIDGE = """
mkdir -p /var/run
/vm/ip netns add box
/vm/ip link add br0 type bridge
/vm/ip link add outside type veth peer name inside netns box
/vm/ip addr flush dev eth0
for device in eth0 outside; do /vm/ip link set $device master br0 up; done
/vm/ip link set br0 up
/vm/ip netns exec box ip link set lo up
/vm/ip netns exec box ip addr add 10.0.2.15/24 dev inside
/vm/ip netns exec box ip link set inside up
/vm/ip netns exec box ping -c 3 -W 5 10.0.2.2 || true
touch /tmp/box
"""
ONE_BY_ONE = ("--requests", "200", "--connections", "1", "--interval-us", "10000")
AT_ONCE = ("--requests", "800", "--connections", "16")
# Each in a guest of its own.
GUESTS = {
    "threadirqs": {"boot": "threadirqs"},
    "queues": {"queues": 2},
    "suspension": {"kernel": "6.18"},
}


class Shape:
    """`counts`: name of a count -> least share of the paths; `none`: counts that must be 0; `lines`: how many of the
    card's interrupt lines must have brought something; `guest`: of GUESTS."""

    def __init__(self, server, what, setting="", load=ONE_BY_ONE, size=64, counts=None, none=(), lines=0, guest=""):
        self.server, self.what, self.setting, self.load, self.size = server, what, setting, load, size
        self.counts, self.none, self.lines, self.guest = counts or {}, none, lines, guest


SHAPES = (
    Shape("epoll.plain", "one request at a time", counts={"irq": 0.9, "over_idle": 0.3}, none=("merged", "forwarded")),
    Shape("epoll.threaded", "a NAPI thread", f"echo 1 >{NET}/threaded", counts={"napi_thread": 0.9, "irq": 0.9}),
    Shape("poll.rps", "steered to CPU 1 by RPS",
          "for line in /proc/irq/*/virtio0-input.* /proc/irq/*/eth0*; do\nif [ -e $line ]; then echo 1 >${line%/*}/smp_affinity; fi\ndone\n"
          f"for queue in {NET}/queues/rx-*; do echo 2 >$queue/rps_cpus; done", counts={"irq": 0.9, "steered": 0.25}),
    Shape("blocking.sleeps", "a reader that sleeps", counts={"irq": 0.9}),
    Shape("blocking.polls", "polled by the reader itself", "echo 200000 >/proc/sys/net/core/busy_read",
          counts={"busy_poll": 0.5}),
    Shape("busy-poll.option", "polled by the reader itself, by an option of its socket",
          "echo --busy-us 200000 >/tmp/options", counts={"busy_poll": 0.5}),
    Shape("epoll.timer", "interrupts put off: a timer polls",
          f"echo 100 >{NET}/napi_defer_hard_irqs\necho 2000000 >{NET}/gro_flush_timeout", counts={"timer": 0.5}),
    Shape("epoll.at_once", "16 connections at once", load=AT_ONCE, counts={"irq": 0.5}),
    Shape("epoll.ksoftirqd", "16 connections at once, a budget of one packet", "echo 1 >/proc/sys/net/core/netdev_budget",
          load=AT_ONCE, counts={"irq": 0.5}),  # how many go to ksoftirqd is a matter of how many come together
    Shape("epoll.gro", "requests of several frames, merged", load=("--requests", "100", "--connections", "1",
          "--interval-us", "10000"), size=8192, counts={"merged": 0.2}),
    Shape("epoll.no_gro", "the same with GRO off", "/vm/ethtool -K eth0 gro off", load=("--requests", "100",
          "--connections", "1", "--interval-us", "10000"), size=8192, none=("merged",)),
    # last: it takes the card's address away
    Shape("select.bridge", "through bridge and veth into a namespace", BRIDGE, counts={"irq": 0.9, "forwarded": 0.9}),

    Shape("epoll.threadirqs", "booted with threadirqs", counts={"irq": 0.9, "irq_thread": 0.9}, guest="threadirqs"),
    Shape("epoll.queues", "a card of two queues", load=("--requests", "400", "--connections", "8", "--interval-us", "10000"),
          counts={"irq": 0.9}, lines=2, guest="queues"),
    # the first of a pair lets a timer poll while the server works, the second puts that off for so long as the server
    # comes back for more
    Shape("epoll.preferred", "polled by epoll_wait, by a timer meanwhile",
          "/vm/wp_napi_set eth0 100 1000000 0\necho --busy-us 50000 >/tmp/options", load=AT_ONCE,
          counts={"busy_poll": 0.1}, guest="suspension"),
    Shape("epoll.suspended", "the same with interrupts suspended",
          "/vm/wp_napi_set eth0 100 1000000 500000000\necho --busy-us 50000 >/tmp/options", load=AT_ONCE,
          counts={"busy_poll": 0.8}, guest="suspension"),
)


def prepare():
    """The script that cell.sh runs before each server, with its name."""
    cases = "".join(f"{shape.server})\n{shape.setting}\n;;\n" for shape in SHAPES)
    return f"{UNSET}\ncase $1 in\n{cases}esac\n"


def run(kernel, card, build, seconds, chosen=SHAPES):
    """Cells, one for each guest that the chosen shapes need: of each its shapes."""
    made = []
    for guest in dict.fromkeys(shape.guest for shape in chosen):
        shapes = [shape for shape in chosen if shape.guest == guest]
        options = {"kernel": kernel, **GUESTS.get(guest, {})}
        made.append((cell.Cell(options.pop("kernel"), card, build, servers=[shape.server for shape in shapes],
                               load={shape.server: shape.load for shape in shapes},
                               message={shape.server: shape.size for shape in shapes},
                               texts={"vm/prepare": prepare()}, seconds=seconds, **options).run(), shapes))
    return made


def possible():
    """All shapes that can be made here: a card of several queues takes root."""
    return [shape for shape in SHAPES if shape.guest != "queues" or os.geteuid() == 0]


def problems_of(shape, result):
    if "failed" in result or not result.get("paths"):
        return [f"{shape.what}: {result.get('failed', 'no paths')}"]
    paths, counts = result["paths"], result["counts"]
    found = [f"{counts.get(name, 0)} of {paths} paths are {name}, fewer than {least:.0%}"
             for name, least in shape.counts.items() if counts.get(name, 0) < least * paths]
    found += [f"{counts[name]} of {paths} paths are {name}" for name in shape.none if counts.get(name)]
    found += [f"{result[sort]} {sort}: {result['explanations'][:3]}" for sort in ("missing", "wrong", "stray")
              if result[sort]]
    lines = {way.split()[1] for way in result["beginnings"] if way.startswith("irq ")}
    if len(lines) < shape.lines:
        found.append(f"paths begin at {len(lines)} interrupt lines: {result['beginnings']}")
    return [f"{shape.what}: {problem}" for problem in found + cell.books(result["report"])]


def problems(made):
    found = []
    for one, shapes in made:
        found += [one.failure] if one.failure else []
        found += [f"kernel log: {line}" for line in one.log[:5]]
        for shape in shapes:
            found += problems_of(shape, one.results.get(shape.server, {}))
    return found


def rows(made):
    return [row(one, shape) for one, shapes in made for shape in shapes]


def row(made, shape):
    """What was counted, for people. The times are of an emulated machine: good for comparing one with another, no more."""
    result = made.results.get(shape.server, {})
    receive = result.get("report", {}).get("receive", {})
    counts = ", ".join(f"{name} {count}" for name, count in sorted(result.get("counts", {}).items()) if count)
    return (f"| {shape.what} | {result.get('requests', 0)} | {result.get('wrong', 0)} | {receive.get('packets', 0)} | "
            f"{receive.get('interrupts', 0)} | {receive.get('polls', 0)} | {counts} | {result.get('cpu_ms', 0)} | "
            f"{made.clients.get(shape.server, {}).get('p50_ns', 0) / 1e6:.2f} |")


HEAD = ("| shape | requests | wrong | packets | interrupts behind them | polls | paths | server's CPU ms | p50 of a round trip, ms |\n"
        "|---|---|---|---|---|---|---|---|---|")
