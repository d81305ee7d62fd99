# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates every line of stdin, or with --whole all of it as one document, against a JSON Schema.

usage: validate_json.py [--whole] SCHEMA; prints what is wrong and exits 1, or 77 without the jsonschema module.
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)


def main(arguments):
    whole = "--whole" in arguments
    with open(arguments[-1], encoding="utf-8") as file:
        validator = jsonschema.Draft202012Validator(json.load(file))
    text = sys.stdin.buffer.read().decode("utf-8", errors="strict")
    documents = [text] if whole else text.splitlines()
    if not documents:
        print("nothing to validate")
        return 1
    wrong = 0
    for number, document in enumerate(documents, 1):
        for error in validator.iter_errors(json.loads(document)):
            print(f"document {number}: {error.json_path}: {error.message[:200]}")
            wrong += 1
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
