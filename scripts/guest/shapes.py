# SPDX-License-Identifier: GPL-2.0-or-later
"""The other shapes of the receive path, each made in a guest by settings of its card, and what its paths must say.

One guest makes them all, one after the other: a shape is a server (its program, a dot, its name), what is set before it is
started, its load, and what must be counted of it.
"""
from guest import cell

NET = "/sys/class/net/eth0"
UNSET = f"""
echo 0 >{NET}/threaded
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


class Shape:
    """`counts`: name of a count -> least share of the paths; `none`: counts that must be 0."""

    def __init__(self, server, what, setting="", load=ONE_BY_ONE, size=64, counts=None, none=()):
        self.server, self.what, self.setting, self.load, self.size = server, what, setting, load, size
        self.counts, self.none = counts or {}, none


SHAPES = (
    Shape("epoll.plain", "one request at a time", counts={"irq": 0.9, "over_idle": 0.3}, none=("merged", "forwarded")),
    Shape("epoll.threaded", "a NAPI thread", f"echo 1 >{NET}/threaded", counts={"napi_thread": 0.9, "irq": 0.9}),
    Shape("poll.rps", "steered to CPU 1 by RPS",
          "for line in /proc/irq/*/virtio0-input.* /proc/irq/*/eth0*; do\nif [ -e $line ]; then echo 1 >${line%/*}/smp_affinity; fi\ndone\n"
          f"for queue in {NET}/queues/rx-*; do echo 2 >$queue/rps_cpus; done", counts={"irq": 0.9, "steered": 0.25}),
    Shape("blocking.sleeps", "a reader that sleeps", counts={"irq": 0.9}),
    Shape("blocking.polls", "polled by the reader itself", "echo 200000 >/proc/sys/net/core/busy_read",
          counts={"busy_poll": 0.5}),
    Shape("epoll.at_once", "16 connections at once", load=AT_ONCE, counts={"irq": 0.5}),
    Shape("epoll.ksoftirqd", "16 connections at once, a budget of one packet", "echo 1 >/proc/sys/net/core/netdev_budget",
          load=AT_ONCE, counts={"irq": 0.5}),  # how many go to ksoftirqd is a matter of how many come together
    Shape("epoll.gro", "requests of several frames, merged", load=("--requests", "100", "--connections", "1",
          "--interval-us", "10000"), size=8192, counts={"merged": 0.2}),
    Shape("epoll.no_gro", "the same with GRO off", "/vm/ethtool -K eth0 gro off", load=("--requests", "100",
          "--connections", "1", "--interval-us", "10000"), size=8192, none=("merged",)),
    # last: it takes the card's address away
    Shape("select.bridge", "through bridge and veth into a namespace", BRIDGE, counts={"irq": 0.9, "forwarded": 0.9}),
)


def prepare():
    """The script that cell.sh runs before each server, with its name."""
    cases = "".join(f"{shape.server})\n{shape.setting}\n;;\n" for shape in SHAPES)
    return f"{UNSET}\ncase $1 in\n{cases}esac\n"


def run(kernel, card, build, seconds, chosen=SHAPES):
    return cell.Cell(kernel, card, build, servers=[shape.server for shape in chosen],
                     load={shape.server: shape.load for shape in chosen},
                     message={shape.server: shape.size for shape in chosen},
                     texts={"vm/prepare": prepare()}, seconds=seconds).run()


def problems_of(shape, result):
    if "failed" in result or not result.get("paths"):
        return [f"{shape.what}: {result.get('failed', 'no paths')}"]
    paths, counts = result["paths"], result["counts"]
    found = [f"{counts.get(name, 0)} of {paths} paths are {name}, fewer than {least:.0%}"
             for name, least in shape.counts.items() if counts.get(name, 0) < least * paths]
    found += [f"{counts[name]} of {paths} paths are {name}" for name in shape.none if counts.get(name)]
    found += [f"{result[sort]} {sort}: {result['explanations'][:3]}" for sort in ("missing", "wrong", "stray")
              if result[sort]]
    return [f"{shape.what}: {problem}" for problem in found + cell.books(result["report"])]


def problems(made, chosen=SHAPES):
    found = [made.failure] if made.failure else []
    found += [f"kernel log: {line}" for line in made.log[:5]]
    for shape in chosen:
        found += problems_of(shape, made.results.get(shape.server, {}))
    return found


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
