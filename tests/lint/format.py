#!/usr/bin/python3
"""clang-format has nothing to change."""
import os
import subprocess

from files import files_with, finish, root_from_arguments


def main():
    root = root_from_arguments()
    names = files_with(root, ".c", ".h")
    faults = []
    for name in names:
        run = subprocess.run(["clang-format", "--dry-run", "-Werror", os.path.join(root, name)],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            first = run.stderr.splitlines()[0] if run.stderr else "clang-format failed"
            faults.append(f"{first}\n    clang-format -i {name}")
    finish(faults, len(names))


main()
