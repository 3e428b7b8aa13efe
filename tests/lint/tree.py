#!/usr/bin/python3
"""The tree stays what the design names: its top level, whole files, no leftovers, every source built."""
import re

from files import all_files, files_with, finish, lines_of, root_from_arguments

TOP = re.compile(r"^(proto|src|include|tests|perf|tools|meson\.build|README\.md|LICENSE|\..*)$")
# Spelled so that this file does not find itself.
LEFT_OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(/wo" r"rk/|/tmp/bu" r"ild|/ro" r"ot/|/ho" r"me/[a-z])")
LINES_WARN, LINES_MAX = 350, 500
TEXT = re.compile(r"(\.(c|h|py|sh|md|proto|build|pml|ini|service|js|html|css)|/[a-z-]+)$")


def faults_of_lines(root, name):
    for number, line in enumerate(lines_of(root, name), 1):
        if LEFT_OPEN.search(line):
            yield f"{name}:{number}: left open: {line.strip()[:80]}"
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()[:80]}"


def faults_of_length(root, name):
    length = len(lines_of(root, name))
    if length > LINES_MAX:
        yield f"{name}: {length} lines, at most {LINES_MAX}: one idea a file"
    elif length > LINES_WARN:
        print(f"note: {name}: {length} lines, more than {LINES_WARN}")


def unbuilt(root, names):
    """Sources that no meson.build names, with or without folder and prefix, are compiled by nobody."""
    builds = {name: "\n".join(lines_of(root, name)).replace("-", "_") for name in files_with(root, "meson.build")}
    for name in names:
        folder, _, base = name.rpartition("/")
        words = {base.removesuffix(".c"), base.removesuffix(".c").partition("_")[2]} - {""}
        pattern = re.compile("|".join(rf"['/]{re.escape(word)}(\.c)?'" for word in words))
        while folder and not pattern.search(builds.get(f"{folder}/meson.build", "")):
            folder = folder.rpartition("/")[0]
        if not folder:
            yield f"{name}: no meson.build above it names it"


def main():
    root = root_from_arguments()
    names = all_files(root)
    faults = [f"{top}: at the top level, but not in the design"
              for top in sorted({name.split("/")[0] for name in names}) if not TOP.match(top)]
    for name in names:
        if TEXT.search("/" + name) and name != "LICENSE":
            faults += faults_of_lines(root, name)
        if name.endswith((".c", ".h")):
            faults += faults_of_length(root, name)
    faults += unbuilt(root, files_with(root, ".c"))
    finish(faults, len(names))


main()
