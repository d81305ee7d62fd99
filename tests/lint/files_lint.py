# SPDX-License-Identifier: GPL-2.0-or-later
"""Every source file names its licence near the top, and none is longer than 500 lines."""
import pathlib
import subprocess
import sys

MAX_LINES = 500
SOURCES = {".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".cmake", ".js", ".mjs", ".css", ".html"}
NAMED = {"CMakeLists.txt"}


def main():
    source = pathlib.Path(sys.argv[1])
    listed = subprocess.run(["git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode != 0:
        print("skipped: this is no git checkout, so which files are ours can't be told")
        sys.exit(77)
    errors = []
    checked = 0
    for name in filter(None, listed.stdout.split("\0")):
        path = source / name
        is_script = name.startswith(("scripts/", ".ci/"))
        if not path.is_file() or not (path.suffix in SOURCES or path.name in NAMED or is_script):
            continue
        lines = path.read_text(errors="replace").splitlines()
        checked += 1
        if not any("SPDX-License-Identifier: GPL-2.0-or-later" in line for line in lines[:3]):
            errors.append(f"{name}: no SPDX-License-Identifier in its first three lines")
        if len(lines) > MAX_LINES:
            errors.append(f"{name}: {len(lines)} lines; split what has grown past {MAX_LINES}")
    if not checked:
        errors.append("found no source files: the lint looks in the wrong place")
    sys.exit("\n".join(errors) if errors else 0)


main()
