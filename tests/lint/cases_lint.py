# SPDX-License-Identifier: GPL-2.0-or-later
"""Every event kind appears in some golden case, and every case is small, whole and explained."""
import pathlib
import re
import sys

MOST_LINES = {"events.txt": 40, "expected.txt": 30}

source = pathlib.Path(sys.argv[1])
cases = source / "tests" / "cases"
kinds = re.findall(r"^\tE\(\d+, (\w+),", (source / "bpf/wire/events.h").read_text(), re.M)
folders = sorted(path for path in cases.iterdir() if path.is_dir())
errors = []
texts = [(cases / "names.txt").read_text()]
for folder in folders:
    for name in ("events.txt", "expected.txt", "why.md"):
        if not (folder / name).is_file() or not (folder / name).read_text().strip():
            errors.append(f"{folder.name}: {name} is missing or empty")
            continue
        lines = (folder / name).read_text().splitlines()
        if len(lines) > MOST_LINES.get(name, 2):
            errors.append(f"{folder.name}/{name}: {len(lines)} lines; a case shows one idea")
        if name == "events.txt":
            texts.append((folder / name).read_text())
used = set(re.findall(r"^\d+ cpu=\d+ (?:seq=\d+ )?(\w+)", "\n".join(texts), re.M))
errors += [f"no case has an event of kind {kind}" for kind in kinds if kind not in used]
if not kinds or not folders:
    errors.append("found no kinds or no cases: the lint looks in the wrong place")
sys.exit("\n".join(errors) if errors else 0)
