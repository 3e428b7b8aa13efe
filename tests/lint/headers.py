#!/usr/bin/python3
"""Each header compiles alone, twice in a row, and says at its top what it is; the public ones also as C++.
Arguments: ROOT [BUILD], BUILD for the headers that protoc generates."""
import os
import re
import subprocess
import sys

from files import files_with, finish, lines_of, root_from_arguments

C = ["gcc", "-std=c11", "-x", "c"]
CXX = ["g++", "-std=c++17", "-x", "c++"]
FLAGS = ["-fsyntax-only", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", '-DSLC_VERSION="0"', "-"]


def compiles_alone(root, build, name, compiler):
    include = re.sub(r"^(src|include)/", "", name)
    text = f'#include "{include}"\n' * 2
    folders = ["-I" + os.path.join(root, "include"), "-I" + os.path.join(root, "src")]
    if build:
        folders.append("-I" + os.path.join(build, "proto"))
    run = subprocess.run(compiler + folders + FLAGS, input=text, capture_output=True, text=True, check=False)
    return [] if run.returncode == 0 else [f"{name}: does not compile alone with {compiler[0]}:\n{run.stderr}"]


def faults_of_text(root, name):
    text = lines_of(root, name)
    guard = re.sub(r"^SRC_", "SLC_", re.sub(r"[/.]", "_", name.upper())).replace("INCLUDE_SLUICE_", "SLUICE_")
    faults = []
    if not text or not text[0].startswith("/*"):
        faults.append(f"{name}:1: a header opens with what it is, who runs it, who frees, how it fails")
    if f"#ifndef {guard}" not in text:
        faults.append(f"{name}: the include guard is not {guard}")
    return faults


def main():
    root = root_from_arguments()
    build = sys.argv[2] if len(sys.argv) > 2 else None
    faults = []
    names = files_with(root, ".h", under=("src", "include"))
    for name in names:
        faults += faults_of_text(root, name)
        faults += compiles_alone(root, build, name, C)
        if name.startswith("include/"):
            faults += compiles_alone(root, build, name, CXX)
    finish(faults, len(names))


main()
