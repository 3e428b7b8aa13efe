#!/usr/bin/python3
"""Checks a model with spin: every interleaving of the right model, and that each seeded bug is found.

    tests/model/run.py tests/model/close.pml
    tests/model/run.py tests/model/close.pml --define MANY --bug NO_BIT --bug END_FIRST

The right model passes if the search was exhaustive, found no error, and left no statement unreached: a
model that does nothing is right too. A seeded bug (-DBUG_name) passes if the search finds an error. Exit 0
if all passed, 1 if not, 77 (skipped) if spin is missing and CI is not set.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

MEMORY_MAX_MIB = 3000
DEPTH_MAX = 100000


def search(model, defines, optimise, folder):
    """What spin's verifier says about the model under these defines."""
    subprocess.run(["spin", *defines, "-a", os.path.abspath(model)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cc", optimise, "-w", "-DSAFETY", f"-DMEMLIM={MEMORY_MAX_MIB}", "-o", "pan", "pan.c"],
                   cwd=folder, check=True)
    result = subprocess.run(["./pan", f"-m{DEPTH_MAX}"], cwd=folder, check=False, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return result.stdout


def errors_in(report):
    """The number of errors that a search found, None if it did not come to its end."""
    found = re.search(r"errors: (\d+)", report)
    return int(found.group(1)) if found else None


def unreached_in(report):
    """Statements that no interleaving came to. A process that never ends does not reach its '-end-'."""
    return [line.strip() for line in report.splitlines()
            if re.match(r"\s+\S+:\d+, state \d+", line) and '"-end-"' not in line]


def fault_of_right_model(report):
    if "Search not completed" in report or "max search depth too small" in report or errors_in(report) is None:
        return "the search was not exhaustive, or it stopped at an error"
    if errors_in(report) != 0:
        return "the model has an error"
    if unreached_in(report):
        return "statements that nothing reaches: " + "; ".join(unreached_in(report))
    return None


def fault_of_bug(report):
    named = "assertion violated" in report or "invalid end state" in report
    return None if errors_in(report) and named else "the seeded bug was not found"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--define", action="append", default=[], help="for the right model and for each bug")
    parser.add_argument("--bug", action="append", default=[], help="to be found, without its BUG_")
    arguments = parser.parse_args()
    if shutil.which("spin") is None and not os.environ.get("CI"):
        print("skipped: spin is not installed (apt install spin)")
        return 77
    failed = False
    defines = ["-D" + define for define in arguments.define]
    for bug in [None, *arguments.bug]:
        with tempfile.TemporaryDirectory() as folder:
            # A bug is found within seconds: a quick compilation is worth more than a quick search.
            report = (search(arguments.model, [*defines, f"-DBUG_{bug}"], "-O0", folder) if bug else
                      search(arguments.model, defines, "-O2", folder))
        fault = fault_of_bug(report) if bug else fault_of_right_model(report)
        states = re.search(r"(\d+) states, stored", report)
        print(f"{'BUG_' + bug if bug else 'the right model'}: {fault or 'as it should be'}, "
              f"{states.group(1) if states else 'no'} states")
        if fault:
            failed = True
            print(report)
    return 1 if failed else 0


sys.exit(main())
