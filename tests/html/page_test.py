# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report in a real browser: usage page_test.py SOURCE_DIR BINARY_DIR

Made recordings of a server behind a card, with harmless and with hostile names; and one that was cut off.
What page.mjs checks is checked against `export jsonl` and `report --json` of the same recording.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, BINARY = map(pathlib.Path, sys.argv[1:3])
HERE = SOURCE / "tests" / "html"
WAKEPATH = BINARY / "wakepath"


def skip_unless_ready():
    for what, there in (("chromium", pathlib.Path("/usr/bin/chromium").exists()), ("node", bool(shutil.which("node"))),
                        ("tests/html/node_modules", (HERE / "node_modules" / "playwright-core").is_dir())):
        if not there:
            print(f"skipped: there is no {what}; run scripts/setup")
            sys.exit(77)


def output_of(*command, file=None):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE)
    if file:
        file.write_bytes(done.stdout)
    return done.stdout


def check_page(folder, recording, *kind):
    """Reports on a recording, and lets a browser look at the report."""
    html, paths, report = (folder / f"{recording.stem}.{suffix}" for suffix in ("html", "jsonl", "json"))
    output_of(WAKEPATH, "report", recording, "--html", html)
    if html.stat().st_mode & 0o077:
        sys.exit(f"{html} can be read by others")
    output_of(WAKEPATH, "export", "jsonl", recording, file=paths)
    output_of(WAKEPATH, "report", "--json", recording, file=report)
    done = subprocess.run(["node", HERE / "page.mjs", html, paths, report, *kind], check=False, timeout=280)
    return done.returncode == 0


def main():
    skip_unless_ready()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = []
        for kind, requests in (("hostile", 3000),):
            recording = folder / f"{kind}.wkp"
            output_of(BINARY / "tests" / "wp_html_fixture", recording, requests, kind)
            good.append(check_page(folder, recording, kind))
        # A file that a mail program cut off says so instead of showing nothing.
        whole = (folder / "hostile.html").read_bytes()
        (folder / "cut.html").write_bytes(whole[:len(whole) // 3] + whole[-len(whole) // 2:])
        good.append(subprocess.run(["node", HERE / "cut.mjs", folder / "cut.html"], check=False, timeout=100).returncode == 0)
        sys.exit(0 if all(good) else 1)


main()
