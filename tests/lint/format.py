#!/usr/bin/python3
"""clang-format has nothing to change."""
import re
import subprocess

from files import files_with, finish, root_from_arguments


def main():
    root = root_from_arguments()
    names = files_with(root, ".c", ".h")
    run = subprocess.run(["clang-format", "--dry-run", "-Werror"] + names, cwd=root, capture_output=True,
                         text=True, check=False)
    first = {}
    for line in run.stderr.splitlines():
        found = re.match(r"(.+?):\d+:\d+: error: ", line)
        if found:
            first.setdefault(found[1], line)
    faults = [f"{line}\n    clang-format -i {name}" for name, line in first.items()]
    if run.returncode != 0 and not faults:
        faults.append(f"clang-format: exit {run.returncode}: {run.stderr}")
    finish(faults, len(names))


main()
