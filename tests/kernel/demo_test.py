#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every demo against its ground truth: usage demo_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

Nothing may be missing or wrong, nothing lost, almost everything complete, and the kernel's wait queues must show
the wake function that this server's way of waiting is known for.
"""
import json
import os
import subprocess
import sys
import tempfile

REQUESTS = 20_000
LEAST_COMPLETE = 0.999
# demo -> wake functions of its waits, connections to try
DEMOS = {
    "epoll": ({"ep_poll_callback"}, (1, 64, 512)),
    "select": ({"pollwake"}, (1, 64, 512)),
    "poll": ({"pollwake"}, (1, 64, 512)),
    "blocking": ({"woken_wake_function"}, (1,)),
}


def reason_to_skip():
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "this kernel has no BTF"
    return None


def run_demo(wakepath, demo, connections, folder):
    command = [wakepath, "demo", demo, "--json", "--connections", str(connections), "--requests", str(REQUESTS),
               "-o", os.path.join(folder, f"{demo}-{connections}.wkp")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=280, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.returncode, {"failed": done.stderr.strip()}


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


def main():
    reason = reason_to_skip()
    if reason:
        print(f"SKIPPED: {reason}")
        return 77
    wakepath = os.path.join(sys.argv[2], "wakepath")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for demo, (functions, counts) in DEMOS.items():
            for connections in counts:
                status, result = run_demo(wakepath, demo, connections, folder)
                found = list(complaints(status, result, functions))
                print(f"{demo} {connections}: {'; '.join(found) or 'ok'} {result.get('paths', '')}", flush=True)
                if found:
                    failed = True
                    print("\n".join("    " + line for line in result.get("explanations", [])), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
