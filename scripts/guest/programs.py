# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of our programs go into a guest."""
import pathlib
import shutil


def of_build(folder):
    """wakepath and the demo servers of a build folder, where they are built: guest path -> file."""
    built = [folder / "wakepath", *sorted((folder / "demo-servers").glob("wakepath-*"))]
    files = {f"/vm/{path.name}": path for path in built if path.is_file()}
    tool = shutil.which("ip") or "/sbin/ip"  # busybox knows no namespaces
    if pathlib.Path(tool).exists():
        files["/vm/ip"] = tool
    return files
