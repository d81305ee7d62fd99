# SPDX-License-Identifier: GPL-2.0-or-later
"""The waterfall of `show` in terminals of every width, with and without colour: usage show_test.py SOURCE_DIR BINARY_DIR"""
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

import pages

BINARY = pathlib.Path(sys.argv[2])
PLAIN = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LANG")}
PLAIN.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def piped(command, **variables):
    return subprocess.run(command, env={**PLAIN, **variables}, check=True, stdout=subprocess.PIPE, text=True).stdout


def in_terminal(command, **variables):
    """What a terminal would get."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env={**PLAIN, **variables}, stdout=theirs) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
    os.close(ours)
    check(process.returncode == 0, f"show ended with {process.returncode}")
    return text.decode()


def main():
    with tempfile.TemporaryDirectory() as folder:
        recording = os.path.join(folder, "a.wkp")
        pages.output_of(BINARY / "tests" / "wp_html_fixture", recording, 300)
        command = [str(BINARY / "wakepath"), "show", recording, "--slowest", "2"]
        check("\x1b[" in in_terminal(command), "a terminal gets colour")
        check("\x1b[" not in in_terminal(command, NO_COLOR="1"), "NO_COLOR is honoured")
        check("\x1b[" not in in_terminal(command, TERM="dumb"), "a dumb terminal gets no colour")
        check("\x1b[" not in piped(command), "a pipe gets no colour")
        check("\x1b[" in piped(command, CLICOLOR_FORCE="1"), "CLICOLOR_FORCE is honoured")
        check("\x1b[" not in piped(command, CLICOLOR_FORCE="1", NO_COLOR="1"), "NO_COLOR comes first")
        check("\x1b[" in piped([*command, "--color", "always"], NO_COLOR="1"), "--color comes before all")
        for width in (80, 100, 109, 110, 140, 200):
            text = re.sub(r"\x1b\[[0-9]+m", "", in_terminal(command, COLUMNS=str(width)))
            widest = max(len(line.rstrip("\r\n")) for line in text.splitlines())
            check(widest <= width, f"{width} columns: a line of {widest}")
            check("\u2588" in text and "request #" in text, f"{width} columns: the waterfall is there")
        check("\u2588" not in piped(command, LC_ALL="C"), "without UTF-8 it is ASCII")
    for failure in failures:
        print("FAILED:", failure)
    sys.exit(1 if failures else 0)


main()
