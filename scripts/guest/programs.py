# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of our programs go into a guest."""
import pathlib
import shutil


def of_build(folder, servers=("*",)):
    """wakepath, these demo servers and the tool for cards of a build folder, where they are built: guest path -> file."""
    built = [folder / "wakepath", folder / "tests/wp_napi_set"]
    for server in dict.fromkeys(servers):
        built += sorted((folder / "demo-servers").glob(f"wakepath-{server}"))
    files = {f"/vm/{path.name}": path for path in built if path.is_file()}
    for name in ("ip", "ethtool"):  # busybox knows no namespaces, and no offloads
        tool = shutil.which(name) or f"/sbin/{name}"
        if pathlib.Path(tool).exists():
            files[f"/vm/{name}"] = tool
    return files
