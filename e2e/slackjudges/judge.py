"""Lays payloads before each judge, after broken ones: a judge that does not notice what it is known to see is blind, and its silence says
nothing. Usage: judge.py HOME PAYLOADS, where HOME has node_modules and venv, and these files beside them."""
import collections
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def judges(home):
    python = os.path.join(home, "venv", "bin", "python")
    return {"types": ["node", os.path.join(HERE, "types.js")], "sdk": [python, os.path.join(HERE, "sdk.py")],
            "blocks": [python, os.path.join(HERE, "blocks.py")], "rules": [python, os.path.join(HERE, "rules.py")]}


def faults(command, file):
    """What a judge says of a file: its faults by the payload's name."""
    ran = subprocess.run(command + [file], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)} {file} failed ({ran.returncode}):\n{ran.stderr}")
    found = collections.defaultdict(list)
    for line in ran.stdout.splitlines():
        name, _, fault = line.partition("\t")
        found[name].append(fault)
    return found


def blind(judge, command):
    """The broken payloads that a judge should see and does not, and the other way round."""
    file = os.path.join(HERE, "broken.jsonl")
    with open(file, encoding="utf-8") as lines:
        broken = [json.loads(line) for line in lines]
    seen = faults(command, file)
    wanted = {p["name"] for p in broken if judge in p["judges"]}
    return [f"{name}: not noticed" for name in sorted(wanted - set(seen))] + [
        f"{name}: noticed ({seen[name][0]}), though broken.jsonl does not say so" for name in sorted(set(seen) - wanted)]


def main(home, file):
    with open(file, encoding="utf-8") as lines:
        kinds = collections.Counter(json.loads(line)["kind"] for line in lines)
    if not kinds:
        sys.exit(f"{file} has no payloads")
    print(f"{sum(kinds.values())} payloads: " + ", ".join(f"{n} of kind {kind}" for kind, n in sorted(kinds.items())))
    passed = failed = 0
    for judge, command in judges(home).items():
        began = time.monotonic()
        missed = blind(judge, command)
        found = {} if missed else faults(command, file)
        bad = missed or [f"{name}: {fault}" for name, all in found.items() for fault in all]
        kinds_of = collections.Counter(b.split(": ")[-1] for b in bad)
        word = "blind" if missed else f"{len(found)} payloads with faults" if found else "no fault"
        print(f"{judge}: {word} ({time.monotonic() - began:.1f} s)")
        for line in bad[:20]:
            print("   ", line[:300])
        if len(bad) > 20:
            print("    … of", len(bad), "in all:", dict(kinds_of.most_common(10)))
        passed, failed = passed + (not bad), failed + bool(bad)
    print(f"judges: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
