# SPDX-License-Identifier: GPL-2.0-or-later
"""Which folder may include which: the directions that keep the analysis free of the kernel.

The linker holds the large border (only wp_capture links libbpf); this holds the finer ones.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": set(),
    "event": {"base", "wire"},
    "stream": {"event", "base", "wire"},
    "model": {"base"},
    "reconstruct": {"model", "event", "base", "wire"},
    "report": {"model", "base", "stat"},
    "truth": {"model", "base"},
    "judge": {"model", "base"},
    "capture": {"event", "base", "wire", "stat", "bpf", "libbpf"},
    "cli": {"base", "event", "stream", "model", "reconstruct", "report", "truth", "judge", "capture", "wire", "stat"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def folder_of(name):
    """What a rule calls the header, None where no rule speaks of it."""
    if name == "bpf/wire/events.h":
        return "wire"
    if name == "bpf/wire/stat.h":  # plain histograms, for whoever shows them
        return "stat"
    if name.startswith(("bpf/libbpf", "bpf/bpf.h", "bpf/btf.h", "bpf/bpf_")) or name.endswith(".skel.h"):
        return "libbpf"
    if name.startswith("bpf/"):
        return "bpf"
    parts = name.split("/")
    return parts[1] if parts[0] == "userspace" and len(parts) > 2 else None


def errors_in(source, path):
    folder = path.relative_to(source / "userspace").parts[0]
    if folder not in MAY_INCLUDE:
        yield f"{path.relative_to(source)}: there is no rule for the folder '{folder}' in {pathlib.Path(__file__).name}"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        wanted = folder_of(match.group(1)) if match else None
        if wanted and wanted != folder and wanted not in MAY_INCLUDE[folder]:
            yield f"{path.relative_to(source)}:{number}: {folder} may not include {match.group(1)}"


def main():
    source = pathlib.Path(sys.argv[1])
    files = [p for p in sorted((source / "userspace").rglob("*")) if p.suffix in (".hpp", ".cpp")]
    if not files:
        sys.exit("found no source files: the lint looks in the wrong place")
    errors = [error for path in files for error in errors_in(source, path)]
    sys.exit("\n".join(errors) if errors else 0)


main()
