#!/usr/bin/python3
"""How much of src/ the suites unit, golden, sim, fault and stress reach, measured by gcov: `coverage_test.py SOURCE BUILD`.

The build has -Db_coverage=true. Counts are written when a process exits and added to those on disk, so a
forked test case counts too; a process that ends by _exit or a signal leaves none. Left out of the branches:
lines that match EXCLUDED, which only a broken invariant or an empty heap takes. Each floor is the goal itself: what falls below it
was added without its tests."""
import json
import os
import re
import subprocess
import sys
import tempfile

EXCLUDED = r".*(SLC_CHECK|SLC_DEBUG_ASSERT|SLC_ERR_NO_MEMORY).*"
GOAL_BRANCHES = 95
GOAL_LINES = 90
FLOORS = {"src": 90, "journal": 95, "snapshot": 95, "restore": 95, "wire": 95, "disruptor": 95}
FEW = {"SLC_SIM_RUNS": "200", "SLC_CRASH_STATES": "2000", "SLC_FLIPS": "500",
       "SLC_JOURNALS": "10", "SLC_STRESS_EVENTS": "500000"}
# Power cuts run a server that is killed, which writes no counts; failing calls are tried by the unit tests too.
ARGUMENTS = {"unit": [], "golden": [], "sim": [], "fault": [], "stress": []}
WORST = 12


def forget_counts(build):
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith(".gcda"):
                os.remove(os.path.join(folder, name))


def tests_of(build):
    """Names of the tests to run."""
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", build], check=True,
                                       stdout=subprocess.PIPE).stdout)
    suites = {suite.split(":")[-1]: 0 for test in listed for suite in test["suite"]}
    missing = [suite for suite in ARGUMENTS if suite not in suites]
    if missing:
        sys.exit(f"coverage: the build has no suite {missing}")
    return [test["name"] for test in listed
            if test["name"] not in ("power-cut", "call-faults") and any(s.split(":")[-1] in ARGUMENTS for s in test["suite"])]


def ranges(numbers):
    """[3, 4, 5, 9] as "3-5 9"."""
    text = []
    for number in numbers:
        if text and text[-1][1] == number - 1:
            text[-1][1] = number
        else:
            text.append([number, number])
    return " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in text)


def measure(source, build):
    """Each file of src/ with (lines, lines taken, branches, branches taken, lines that miss something)."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run(["gcovr", "--root", source, "--filter", os.path.join(re.escape(source), "src/"),
                        "--exclude-branches-by-pattern", EXCLUDED, "--exclude-unreachable-branches",
                        "--exclude-throw-branches", "-j", "2", "--json", report.name, build], check=True,
                       stdout=subprocess.DEVNULL)
        with open(report.name, encoding="utf-8") as text:
            files = json.load(text)["files"]
    found = {}
    for file in files:
        lines = [line for line in file["lines"] if not line.get("gcovr/noncode")]
        arms = [branch for line in lines for branch in line["branches"]]
        missed = [line["line_number"] for line in lines
                  if not line["count"] or any(not branch["count"] for branch in line["branches"])]
        found[file["file"]] = (len(lines), sum(1 for line in lines if line["count"]), len(arms),
                               sum(1 for arm in arms if arm["count"]), missed)
    return found


def share(taken, whole):
    if not whole:
        sys.exit("coverage: nothing was measured")
    return 100.0 * taken / whole


def main():
    source, build = map(os.path.realpath, sys.argv[1:3])
    forget_counts(build)
    ran = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--num-processes", "2", "--logbase",
                          "under-coverage", "--timeout-multiplier", "20", "--print-errorlogs", *tests_of(build)],
                         env={**os.environ, **FEW}, stdin=subprocess.DEVNULL, check=False)
    if ran.returncode:
        sys.exit("coverage: a test failed")
    files = measure(source, build)
    rows = [("src", "lines", GOAL_LINES, share(sum(f[1] for f in files.values()), sum(f[0] for f in files.values())))]
    for folder in list(FLOORS)[1:]:
        of = [f for path, f in files.items() if path.startswith(f"src/{folder}/")]
        rows.append((folder, "branches", GOAL_BRANCHES, share(sum(f[3] for f in of), sum(f[2] for f in of))))
    print(f"branches without the lines that match {EXCLUDED}, and without unreachable ones")
    short = []
    for name, what, goal, reached in rows:
        print(f"coverage {name}: {reached:.1f}% of {what}, goal {goal}%, floor {FLOORS[name]}%")
        if reached < FLOORS[name]:
            short.append(name)
    worst = sorted((path for path in files if path.split("/")[1] in FLOORS and files[path][2]),
                   key=lambda path: files[path][3] - files[path][2])[:WORST]
    for path in worst:
        print(f"{path}: {files[path][3]} of {files[path][2]} branches; missing at {ranges(files[path][4])}")
    if short:
        sys.exit(f"coverage: below the floor: {', '.join(short)}")


if __name__ == "__main__":
    main()
