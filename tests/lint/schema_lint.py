# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemas are schemas, their enumerations are the model's, and they refuse what they should.

What report and path really produce is validated by the unit tests of the reports.
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

SOURCE = pathlib.Path(sys.argv[1])
STAGES = {"queued": {"seen": True, "how": "sk_data_ready"}, "hw": {"seen": False, "reason": "no card stamps packets"}}
DEMO = {"server": "epoll_echo", "recording": "a.wkp", "truth": {"requests": 10},
        "paths": {"complete": 9, "partial": 1, "missing": 0, "wrong": 0}, "loss": {"events": 0},
        "stages": {"queued": {"n": 10}}, "more": True}
DOCTOR = {"kernel": "6.18.0", "usable": True, "stages": STAGES, "rights": {"bpf": True},
          "hooks": [{"name": "irq__entry", "tracepoint": "irq_handler_entry", "attached": True}]}

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def schema(name):
    return json.loads((SOURCE / "docs/schema" / f"{name}.json").read_text(encoding="utf-8"))


def accepts(name, document):
    return jsonschema.Draft202012Validator(schema(name)).is_valid(document)


for path in sorted((SOURCE / "docs/schema").glob("*.json")):
    try:
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
    except (jsonschema.SchemaError, json.JSONDecodeError) as error:
        check(False, f"{path.name}: {error}")

model = (SOURCE / "userspace/model/model.cpp").read_text(encoding="utf-8")
reasons = re.findall(r'ReasonRow\{Reason::k\w+, "(\w+)"', model)
check(len(reasons) > 20, "no reasons found in model.cpp")
for name in ("path", "report"):
    check(schema(name)["$defs"]["reason"]["enum"] == reasons, f"{name}.json: the reasons are not those of model.cpp")

check(accepts("demo", DEMO), "demo.json refuses a good document")
check(not accepts("demo", {**DEMO, "paths": {"complete": 9}}), "demo.json accepts missing counts")
check(accepts("doctor", DOCTOR), "doctor.json refuses a good document")
check(not accepts("doctor", {**DOCTOR, "stages": {"nonsense": {"seen": True}}}), "doctor.json accepts an unknown stage")
check(not accepts("path", {"id": 1}), "path.json accepts nearly nothing")

print("\n".join(failures) or "schemas hold")
sys.exit(1 if failures else 0)
