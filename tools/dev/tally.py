#!/usr/bin/python3
"""Counts the cases in meson's testlog.json files: `tally.py LOG...` prints "PASSED FAILED SKIPPED".

A program that runs many cases counts each: Criterion says "Tested: N | Passing: N | ...", Python's unittest
says "Ran N tests" and what became of them. Any other program is one case. A program that failed without a
failed case (it crashed, or ran out of time) is a failed case of its own.

`tally.py --rows LOG...` prints what the programs say of their amounts: so many tried, so many failed, from
which seed."""
import json
import re
import sys

CRITERION = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
ROW = re.compile(r"\d.*(\btried\b|inputs, seed|\bof \d+ killed\b|\bat rest\b|\bcoverage\b)"
                 r"|^(kills|power cuts|simulations|at rest|coverage)\b.*\d")
LOG = re.compile(r"\d{4}-\d\d-\d\dT")  # what a program of ours logs at one place or another
UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.M)


def cases_of(entry):
    """(passed, failed, skipped) of one program."""
    text = (entry.get("stdout") or "") + (entry.get("stderr") or "")
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    good = entry["result"] in ("OK", "EXPECTEDFAIL")
    passed, failed, skipped = (1, 0, 0) if good else (0, 0, 1) if entry["result"] == "SKIP" else (0, 1, 0)
    for tested, passing, failing, crashing in CRITERION.findall(text)[-1:]:
        passed, failed = int(passing), int(failing) + int(crashing)
        skipped = int(tested) - passed - failed
    for ran in UNITTEST.findall(text)[-1:]:
        counts = {key: int(value) for key, value in re.findall(r"(failures|errors|skipped)=(\d+)", text)}
        failed = counts.get("failures", 0) + counts.get("errors", 0)
        skipped = counts.get("skipped", 0)
        passed = max(int(ran) - failed - skipped, 0)
    if not good and entry["result"] != "SKIP" and not failed:
        failed = 1
    return passed, failed, skipped


def print_rows(paths):
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for entry in map(json.loads, file):
                text = (entry.get("stdout") or "") + (entry.get("stderr") or "")
                for line in text.splitlines():
                    if ROW.search(line) and not LOG.match(line) and "FAILED" not in line:
                        print(f"    {entry['name'].split(' / ')[-1]}: {line.strip()}")


def main():
    if sys.argv[1:2] == ["--rows"]:
        print_rows(sys.argv[2:])
        return
    total = [0, 0, 0]
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for line in file:
                total = [sum(pair) for pair in zip(total, cases_of(json.loads(line)))]
    print(*total)


main()
