#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every demo against its ground truth: usage demo_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Nothing may be missing or wrong, nothing lost, almost everything complete, and the kernel's wait queues must show
the wake function that this server's way of waiting is known for.
"""
import sys

import frame

REQUESTS = 20_000
LEAST_COMPLETE = 0.999
# demo -> wake functions of its waits, connections to try
DEMOS = {
    "epoll": ({"ep_poll_callback"}, (1, 64, 512)),
    "select": ({"pollwake"}, (1, 64, 512)),
    "poll": ({"pollwake"}, (1, 64, 512)),
    "blocking": ({"woken_wake_function"}, (1,)),
}


def complaints(status, result, functions):
    if "failed" in result:
        yield f"exit status {status}: {result['failed']}"
        return
    paths = result["paths"]
    if status != 0:
        yield f"exit status {status}"
    if result["truth"]["requests"] != REQUESTS or result["client"]["errors"] != 0:
        yield f"the load itself failed: {result['client']}"
    for sort in ("missing", "wrong", "stray"):
        if paths[sort] != 0:
            yield f"{paths[sort]} {sort}"
    if paths["complete"] < LEAST_COMPLETE * REQUESTS:
        yield f"only {paths['complete']} complete"
    if result["loss"]["events"] != 0:
        yield f"{result['loss']['events']} events lost"
    seen = set(result["witness"]["by_function"])
    if seen != functions:
        yield f"wake functions {sorted(seen)} instead of {sorted(functions)}"


def test(_source, binary, folder):
    failed = False
    for name, (functions, counts) in DEMOS.items():
        for connections in counts:
            status, result = frame.demo(binary, name, "--connections", str(connections), "--requests", str(REQUESTS),
                                        "-o", folder / f"{name}-{connections}.wkp")
            found = list(complaints(status, result, functions))
            print(f"{name} {connections}: {'; '.join(found) or 'ok'} {result.get('paths', '')}", flush=True)
            if found:
                failed = True
                print("\n".join("    " + line for line in result.get("explanations", [])), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(frame.run(test))
