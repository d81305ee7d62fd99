# SPDX-License-Identifier: GPL-2.0-or-later
"""Every mutant still applies: what it changes stands exactly once in its file. scripts/mutants runs them."""
import pathlib
import sys
import tomllib

LEAST = 40


def main():
    source = pathlib.Path(sys.argv[1])
    mutants = tomllib.loads((source / "tests/mutants/mutants.toml").read_text())["mutant"]
    errors = [f"{one['name']}: its text stands {count} times in {one['file']}" for one in mutants
              if (count := (source / one["file"]).read_text().count(one["find"])) != 1]
    if len({one["name"] for one in mutants}) < LEAST:
        errors.append(f"fewer than {LEAST} mutants")
    sys.exit("\n".join(errors) if errors else 0)


main()
