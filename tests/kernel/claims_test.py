#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims of different sorts are measured and settled: usage claims_test.py SOURCE_DIR BINARY_DIR; 77: skipped.

One that must be refuted by a server's trace, one by trials, one confirmed, one that does not apply; the raw counts that are
kept give the same verdicts again; and counts that were tampered with are believed by nobody.
"""
import json
import os
import pathlib
import subprocess
import sys

import frame

SOURCE, BINARY = sys.argv[1:3]
WAKEPATH = os.path.join(BINARY, "wakepath")
REFUTED, UNDECIDED, USAGE = 3, 4, 2
# an event loop beside a thread that computes does not poll. S3-33: urgent data is in the stream. S3-35: peeking keeps.
WANTED = {"X-09": "refuted", "S3-33": "refuted", "S3-35": "confirmed", "S0-27": "not_applicable"}


def claims(*words, status):
    done = subprocess.run([WAKEPATH, "claims", *words], capture_output=True, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"claims {' '.join(words)}: exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr[-3000:]}")
    return done.stdout


def validated(text, schema):
    checker = os.path.join(SOURCE, "tests/support/validate_json.py")
    subprocess.run([sys.executable, checker, "--whole", os.path.join(SOURCE, "docs/schema", schema)], input=text.encode(),
                   check=True)
    return json.loads(text)


def verdicts(settled):
    return {claim["id"]: claim["verdict"] for claim in settled["claims"]}


def judge_changed(folder, runs, change):
    """Verdicts and exit status of counts that were changed."""
    batch = json.loads(json.dumps(runs))
    change(batch["runs"])
    file = os.path.join(folder, "changed.json")
    pathlib.Path(file).write_text(json.dumps(batch))
    return json.loads(claims("judge", file, "--json", status=UNDECIDED))


def spinner_named_good(runs):
    for run in runs:
        if run["arm"] == "epoll-zero":
            run["wait_class"] = "event_driven"


def lose_events(runs):
    for run in runs:
        if "events_lost" in run["facts"]:
            run["facts"]["events_lost"] = 1


def test(_source, _binary, folder):
    validated(claims("list", "--json", status=0), "claims-list.json")
    claims("show", "S9-99", status=USAGE)
    file = os.path.join(folder, "runs.json")
    settled = validated(claims("run", *WANTED, "-o", file, "--json", status=REFUTED), "claims.json")
    if not settled["trusted"]:
        sys.exit(f"a control was judged wrongly: {settled['controls']}")
    found = verdicts(settled)
    if found != WANTED:
        sys.exit(f"settled {found}, must be {WANTED}\n{json.dumps(settled['claims'], indent=1)}")
    runs = validated(pathlib.Path(file).read_text(), "claims-runs.json")
    again = verdicts(json.loads(claims("judge", file, "--json", status=REFUTED)))
    if any(again.get(name) != verdict for name, verdict in WANTED.items()):
        sys.exit(f"judged again: {again}")
    text = claims("explain", "X-09", file, status=0)
    if "ep_poll_callback" not in text or "confirmed, were the whole interval" not in text or "request of" not in text:
        sys.exit(f"the explanation lacks something\n{text}")
    untrusted = judge_changed(folder, runs, spinner_named_good)
    if untrusted["trusted"] or set(verdicts(untrusted).values()) - {"undecided", "not_applicable"}:
        sys.exit(f"a spinner was called event-driven, and {verdicts(untrusted)} was decided")
    lost = verdicts(judge_changed(folder, runs, lose_events))
    if lost["X-09"] != "undecided":
        sys.exit(f"with events lost: {lost}")
    print(f"claims hold: {found}")
    return False


if __name__ == "__main__":
    sys.exit(frame.run(test))
