# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTML report in a real browser: usage page_test.py SOURCE_DIR BINARY_DIR

A made recording of a server behind a card, in which every name is hostile; the same with most of it not embedded; and
a report that was cut off. What page.mjs checks is checked against `export jsonl` and `report --json`.
"""
import pathlib
import sys
import tempfile

import pages

BINARY = pathlib.Path(sys.argv[2])
WAKEPATH = BINARY / "wakepath"


def main():
    pages.skip_unless_ready()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        recording = folder / "hostile.wkp"
        pages.output_of(BINARY / "tests" / "wp_html_fixture", recording, 3000, "hostile")
        good = [pages.check_page(WAKEPATH, folder, recording, "hostile")]
        part = folder / "part.html"
        pages.output_of(WAKEPATH, "report", recording, "--html", part, "--html-requests", 500, "--html-slices", 5000)
        good.append(pages.node("part.mjs", part, folder / "hostile.json"))
        # A file that a mail program cut says so instead of showing nothing.
        whole = (folder / "hostile.html").read_bytes()
        (folder / "cut.html").write_bytes(whole[:len(whole) // 3] + whole[-len(whole) // 2:])
        good.append(pages.node("cut.mjs", folder / "cut.html"))
        sys.exit(0 if all(good) else 1)


main()
