#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bundled demos on this kernel: usage servers_demo_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Every demo must be what its row says: requests answered, none wrong or missing, the share of complete paths it promises,
no other wait-queue entry than its own, and of a mechanism every number that its program told. Then, of a few, what is
special: who reaped, who was woken for nothing, how many packets a message made. One server each over IPv6.
"""
import collections
import json
import subprocess
import sys

import jsonschema

import frame

REQUESTS = "1000"
# A sensible part of all of them: the other test of demos has epoll, select, poll and blocking, with more requests.
DEMOS = ("select-timeout", "epoll-edge", "thread", "fork", "fork-wait", "fork-waitpid", "fork-zombies", "prefork-epoll",
         "prefork-exclusive", "pool", "io-uring", "io-uring-defer", "io-uring-sqpoll", "udp", "unix", "half-close",
         "python-select-note", "asyncio", "pipe-two", "oob", "peek", "waitall", "three-writes", "three-writes-nodelay",
         "writev", "fork-socket", "wait-status")
HERD_TRIES = 10
OVER_IPV6 = ("epoll-edge", "fork", "io-uring")


def specials(rows):
    """What must be true of a demo besides its row: pairs of a sentence and whether it holds."""
    facts = {name: row.get("facts", {}) for name, row in rows.items()}

    def of(name, fact):
        return facts[name].get(fact, 0)

    yield "sigaction leaves no zombie", of("fork", "processes_left") == 0 and of("fork", "processes_reaped") > 0
    # Those that end together share a signal, and whoever ends while the handler reaps is taken before its own comes.
    yield ("children were reaped after SIGCHLD",
           0 < of("fork", "reaped_after_sigchld") <= of("fork", "processes_reaped"))
    yield "nobody reaps: all stay", of("fork-zombies", "processes_left") == of("fork-zombies", "processes_forked") > 0
    yield "the parent slept in wait for each", of("fork-wait", "reaped_asleep") == of("fork-wait", "processes_reaped") > 0
    yield "waitpid was asked, not slept in", of("fork-waitpid", "reaped_asleep") == 0
    yield "writev: a packet a message", of("writev", "writev_packets") == of("writev", "writev_calls") > 0
    yield "three writes without Nagle: a packet each", (of("three-writes-nodelay", "write_packets")
                                                        == of("three-writes-nodelay", "write_calls") > 0)
    yield "with Nagle: fewer packets than writes", (of("three-writes", "told_packets")
                                                    < of("three-writes", "write_calls"))
    yield "the FIN goes out with the last close", of("fork-socket", "fins_with_the_last") > 0
    yield "an edge-triggered server reads until EAGAIN", of("epoll-edge", "empty_reads_per_request") > 0.5
    yield "io_uring needs less than a call a request", 0 < of("io-uring", "syscalls_per_request") < 2
    yield "the note's server spins", of("python-select-note", "waits") > 1000
    yield "a timeout that nothing answered", of("select-timeout", "empty_waits") > 0


def rows_of(source, binary, problems):
    """The rows of `demo all`, each with what is wrong about it appended to `problems`; None: there are none."""
    status, result = frame.demo(binary, "all", "--only", ",".join(DEMOS))
    if "failed" in result:
        problems.append(f"demo all ended with status {status}: {result['failed']}")
        return None
    jsonschema.validate(result, json.loads((source / "docs/schema/demo-all.json").read_text()))
    rows = {row["demo"]: row for row in result["demos"]}
    if set(rows) != set(DEMOS):
        problems.append(f"asked for {sorted(DEMOS)}, got {sorted(rows)}")
    for name, row in rows.items():
        print(f"{name}: {'; '.join(row['problems']) or 'ok'}", flush=True)
        problems += [f"{name}: {problem}" for problem in row["problems"]]
        if row["problems"]:
            print("\n".join("    " + line for line in row.get("explanations", [])), flush=True)
    if status != (1 if problems else 0) or result["holds"] == bool(problems):
        problems.append(f"exit status {status} and holds {result['holds']} with {len(problems)} problems")
    return rows


def sees_a_herd(binary):
    """A herd is there only if the others still sleep when a connection comes: not in every run. With EPOLLEXCLUSIVE never."""
    for _ in range(HERD_TRIES):
        _, result = frame.demo(binary, "all", "--only", "prefork-epoll,prefork-exclusive")
        all_of_them, one = ({row["demo"]: row["facts"] for row in result["demos"]}[name] for name in ("prefork-epoll", "prefork-exclusive"))
        print("woken for 8 connections:", all_of_them["woken_for_connection"], one["woken_for_connection"], flush=True)
        if one["woken_for_connection"] > one["connections_announced"] * 1.5:
            return False
        herd = all_of_them["woken_for_connection"]
        if herd > all_of_them["connections_announced"] and herd > one["woken_for_connection"] and all_of_them["woken_for_nothing"]:
            return True
    return False


def is_whole_over_ipv6(binary, name, folder):
    """Tried twice: one run of some fifty had 18 partial paths. What a failed one does not know is printed."""
    for turn in ("once", "twice"):
        file = folder / f"{name}-{turn}.wkp"
        status, one = frame.demo(binary, name, "--ipv6", "--requests", REQUESTS, "-o", file)
        print(f"{name} over IPv6: status {status} {one.get('paths', one)}", flush=True)
        if status == 0:
            return True
        lines = subprocess.run([binary / "wakepath", "export", "jsonl", file, "-o", "-"], stdout=subprocess.PIPE, text=True,
                               check=False).stdout.splitlines()
        print(collections.Counter(str(json.loads(line).get("unknown")) for line in lines).most_common(4), flush=True)
    return False


def test(source, binary, folder):
    problems = []
    rows = rows_of(source, binary, problems)
    if not sees_a_herd(binary):
        problems.append("a herd is woken for a connection, and with EPOLLEXCLUSIVE none")
    for sentence, holds in specials(rows) if rows else ():
        print(f"{sentence}: {'ok' if holds else 'NO'}", flush=True)
        if not holds:
            problems.append(sentence)
    problems += [f"{name} over IPv6" for name in OVER_IPV6 if not is_whole_over_ipv6(binary, name, folder)]
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(frame.run(test))
