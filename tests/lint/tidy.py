#!/usr/bin/python3
"""clang-tidy over src, tools and perf, two at a time, one file a process (clang-tidy 14 reports a sound
va_list as uninitialized when it is given several files). Arguments: ROOT BUILD.

A file that was clean is not looked at again while it, all headers, its command and .clang-tidy are the
same. SLC_TIDY_SECONDS bounds the time (0: none); files changed last come first, what is left is named."""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
import time

from files import files_with, finish, root_from_arguments


def digest_of(root, names):
    digest = hashlib.sha256()
    for name in names:
        with open(os.path.join(root, name), "rb") as file:
            digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()


def commands_of(root, build):
    """Path relative to root -> its compile command."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    commands = {}
    for entry in entries:
        path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        commands[os.path.relpath(path, root)] = entry["command"]
    return commands


def tidy(root, build, name):
    run = subprocess.run(["clang-tidy", "--quiet", "-p", build, os.path.join(root, name)],
                         capture_output=True, text=True, check=False)
    return name, run.returncode, run.stdout + (run.stderr if run.returncode else "")


def main():
    root = root_from_arguments()
    build = os.path.abspath(sys.argv[2])
    budget_s = float(os.environ.get("SLC_TIDY_SECONDS", "0"))
    cache_path = os.path.join(build, "tidy-clean.json")
    clean = {}
    if os.path.exists(cache_path):
        with open(cache_path, encoding="utf-8") as file:
            clean = json.load(file)
    commands = commands_of(root, build)
    headers = digest_of(root, files_with(root, ".h") + [".clang-tidy"])
    names = [name for name in files_with(root, ".c", under=("src", "tools", "perf")) if name in commands]
    names.sort(key=lambda name: -os.stat(os.path.join(root, name)).st_mtime)
    keys = {name: hashlib.sha256((headers + commands[name] + digest_of(root, [name])).encode()).hexdigest()
            for name in names}
    todo = [name for name in names if clean.get(name) != keys[name]]
    faults, left, started = [], [], time.monotonic()

    def one(name):
        if budget_s and time.monotonic() - started > budget_s:
            return name, None, ""
        return tidy(root, build, name)

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for name, code, text in pool.map(one, todo):
            if code is None:
                left.append(name)
            elif code == 0:
                clean[name] = keys[name]
            else:
                faults.append(text.strip())
    with open(cache_path, "w", encoding="utf-8") as file:
        json.dump({name: clean[name] for name in names if name in clean}, file)
    if left:
        print(f"{len(left)} files not looked at within {budget_s:.0f} s: {' '.join(left)}")
    print(f"{len(names) - len(todo)} files were clean before")
    finish(faults, len(names) - len(left))


main()
