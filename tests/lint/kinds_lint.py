# SPDX-License-Identifier: GPL-2.0-or-later
"""Every event kind of the kernel side is made by some program: a row without a probe is a promise not kept."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
header = (source / "bpf" / "wire" / "events.h").read_text()
kinds = [name for number, name in re.findall(r"^\tE\((\d+), (\w+),", header, re.M) if int(number) < 128]
programs = "".join(path.read_text() for path in sorted((source / "bpf").glob("*.bpf.[ch]")))
# A program begins a record with BEGIN(c, hook, kind), or one of its variants.
made = set(re.findall(r"\bBEGIN\w*\([^,()]+,[^,()]+,\s*(\w+)\)", programs)) | set(re.findall(r"\bWP_KIND_(\w+)", programs))
missing = [name for name in kinds if name not in made]
if not kinds:
    sys.exit("found no kinds: the lint looks in the wrong place")
if missing:
    sys.exit("no program in bpf/ makes: " + ", ".join(missing))
