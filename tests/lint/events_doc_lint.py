# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/events.md says what bpf/wire/events.h says."""
import pathlib
import subprocess
import sys

source, binary = map(pathlib.Path, sys.argv[1:3])
program = binary / "tests" / "wp_events_doc"
made = subprocess.run([program], check=True, capture_output=True, text=True).stdout
if made != (source / "docs" / "events.md").read_text():
    sys.exit(f"docs/events.md is out of date; renew it: {program.relative_to(source)} > docs/events.md")
