# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the HTML report share: whether a browser is there, and the way from a recording to a judged page."""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 600  # for a machine that does much else


def skip_unless_ready():
    for what, there in (("chromium", pathlib.Path("/usr/bin/chromium").exists()), ("node", bool(shutil.which("node"))),
                        ("tests/html/node_modules", (HERE / "node_modules" / "playwright-core").is_dir())):
        if not there:
            print(f"skipped: there is no {what}; run scripts/setup")
            sys.exit(77)


def output_of(*command, file=None):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, timeout=SECONDS)
    if file:
        file.write_bytes(done.stdout)
    return done.stdout


def node(script, *arguments):
    """Whether a script of this folder found nothing wrong."""
    return subprocess.run(["node", HERE / script, *arguments], check=False, timeout=SECONDS).returncode == 0


def check_page(wakepath, folder, recording, *kind):
    """Reports on a recording, and lets a browser compare the page with what the other commands say."""
    html, paths, report = (folder / f"{recording.stem}.{suffix}" for suffix in ("html", "jsonl", "json"))
    output_of(wakepath, "report", recording, "--html", html)
    if html.stat().st_mode & 0o077:
        print(f"FAILED: {html.name} can be read by others")
        return False
    output_of(wakepath, "export", "jsonl", recording, file=paths)
    output_of(wakepath, "report", "--json", recording, file=report)
    return node("page.mjs", html, paths, report, *kind)
