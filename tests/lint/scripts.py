#!/usr/bin/python3
"""Every script parses and can be run: sh and bash by -n, Python by its own compiler."""
import os
import subprocess

from files import all_files, finish, root_from_arguments


def interpreter(path):
    with open(path, "rb") as file:
        first = file.readline(200)
    return first[2:].decode(errors="replace").strip() if first.startswith(b"#!") else ""


def parses(path, name, shell):
    if shell:
        run = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
        return [] if run.returncode == 0 else [f"{name}: {run.stderr.strip()}"]
    with open(path, encoding="utf-8") as file:
        try:
            compile(file.read(), name, "exec")
        except SyntaxError as error:
            return [f"{name}:{error.lineno}: {error.msg}"]
    return []


def main():
    root = root_from_arguments()
    faults = []
    looked_at = 0
    for name in all_files(root):
        path = os.path.join(root, name)
        run_by = interpreter(path)
        shell = "bash" if "bash" in run_by else "sh" if run_by.endswith("sh") else None
        if shell is None and "python" not in run_by and not name.endswith(".py"):
            continue
        looked_at += 1
        faults += parses(path, name, shell)
        if run_by and not os.access(path, os.X_OK):
            faults.append(f"{name}: begins with #! but is not executable: chmod +x {name}")
        if "python" in run_by and run_by != "/usr/bin/python3":
            faults.append(f"{name}: runs {run_by}; Debian's packages belong to /usr/bin/python3")
    finish(faults, looked_at)


main()
