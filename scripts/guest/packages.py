# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages of any suite, unpacked but not installed.

apt works in a folder of its own: own list of sources, own lists, own state. The machine's are read, to learn which
mirror it uses, and never changed.
"""
import fcntl
import os
import pathlib
import re
import subprocess
import tempfile

# bookworm-security stands before bookworm: where both have a kernel line, the newer one counts.
SECURITY = "-security"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Failure(Exception):
    """What went wrong, why, and what to do: one line."""


def cache_folder():
    """Where kernels and programs are kept between runs; never inside the repository."""
    named = os.environ.get("WAKEPATH_CACHE")
    base = pathlib.Path(named) if named else pathlib.Path.home() / ".cache" / "wakepath"
    folder = base / "vm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Lock:
    """One process at a time fills the cache."""

    def __init__(self, name):
        self.path = cache_folder() / f"{name}.lock"

    def __enter__(self):
        self.file = open(self.path, "w", encoding="ascii")  # pylint: disable=consider-using-with
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def run(command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **options)
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise Failure(f"{command[0]} {command[1]}: status {done.returncode}: {told[-1] if told else 'no message'}")
    return done.stdout


def natural(name):
    """Sort key that knows 6.12.9 < 6.12.10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name) if part]


def mirrors():
    """(archive, security archive) of this machine."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(CREATED_BY)"]).decode()
    archive = security = None
    for line in listed.splitlines():
        uri, release, created_by = line.split("|")
        if created_by != "Packages":
            continue
        if release.endswith(SECURITY):
            security = security or uri
        elif release in ("bullseye", "bookworm", "trixie", "forky"):
            archive = archive or uri
    if not archive:
        raise Failure("apt of this machine names no Debian mirror: kernels can't be fetched")
    return archive, security or archive


class Suites:
    """apt over some suites, for instance ("bookworm-security", "bookworm")."""

    def __init__(self, names):
        self.folder = cache_folder() / "apt" / "+".join(names)
        for sub in ("lists/partial", "cache/archives/partial"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        self._write_sources(names)
        self.environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf")}

    def _write_sources(self, names):
        archive, security = mirrors()
        options = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        lines = [f"deb {options}{security if name.endswith(SECURITY) else archive} {name} main\n" for name in names]
        (self.folder / "sources.list").write_text("".join(lines), encoding="utf-8")
        (self.folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{self.folder}/sources.list";\nDir::Etc::sourceparts "-";\n'
            f'Dir::State::lists "{self.folder}/lists";\nDir::Cache "{self.folder}/cache";\n'
            'Acquire::Languages "none";\nAPT::Get::List-Cleanup "0";\nAcquire::Retries "3";\n', encoding="utf-8")

    def update(self):
        run(["apt-get", "update", "-q"], env=self.environment)

    def names(self, prefix):
        return run(["apt-cache", "pkgnames", prefix], env=self.environment).decode().split()

    def version(self, package):
        shown = run(["apt-cache", "show", "--no-all-versions", package], env=self.environment).decode()
        return re.search(r"^Version: (.*)$", shown, re.M).group(1)

    def unpack(self, package, into, wanted=()):
        """The files of a package, or only those matching the patterns of tar."""
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            run(["apt-get", "download", package], env=self.environment, cwd=folder)
            deb = next(pathlib.Path(folder).glob("*.deb"))
            with subprocess.Popen(["dpkg", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as files:
                command = ["tar", "x", "-C", str(into)]
                if wanted:
                    command += ["--wildcards", *wanted]
                done = subprocess.run(command, stdin=files.stdout, stderr=subprocess.DEVNULL, check=False)
            # tar complains of a pattern that matches nothing; what is needed is looked for by the caller
            if files.returncode != 0 or done.returncode not in (0, 2):
                raise Failure(f"unpack {package}: status {done.returncode}")
