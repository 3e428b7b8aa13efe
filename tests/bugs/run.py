#!/usr/bin/python3
"""Bugs put in on purpose, one line each: the tests that are named to find them have to.

Each *.patch of this folder is one bug, a unified diff behind lines of the form "Name: value":
  Bug:        what is wrong with the program then
  Killed-by:  the name of a meson test, and of a Criterion case in it as SUITE/CASE (none: all of it);
              several lines: each of them has to find it
The patched source has to compile: a build that fails finds nothing. A patch that no longer applies fails
as well; make it anew by hand, or with --refresh where only its surroundings have moved.

Examples:
  run.py                                every bug, two at a time; exit 0 if all are found
  run.py lock-not-taken                 some of them
  run.py --refresh lock-not-taken       writes the patch again, made for the source as it is now
"""
import argparse
import concurrent.futures
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TREES = 2
TEST_TIMEOUT_S = 150
# Enough for each stress test named in a patch to meet its window, on one core as well.
ENVIRONMENT = {**os.environ, "SLC_SEED": "1", "SLC_STRESS_EVENTS": "100000000", "SLC_SIM_RUNS": "100",
               "SLC_STRESS_STILL_S": "15"}


class Wrong(Exception):
    """What keeps a bug from counting as found."""


def call(*words, where, timeout_s=600):
    """Exit code and output; None for a program that had to be stopped."""
    try:
        done = subprocess.run(words, cwd=where, capture_output=True, text=True, errors="replace", check=False,
                              timeout=timeout_s, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return None, f"stopped behind {timeout_s} s"


def must(*words, where, what):
    code, output = call(*words, where=where)
    if code != 0:
        raise Wrong(f"{what}: {' '.join(words)}\n{output[-3000:]}")
    return output


class Bug:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len(".patch")]
        self.what, self.killers, self.header = "", [], []
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("--- "):
                    break
                self.header.append(line)
                key, _, value = line.partition(":")
                if key == "Bug":
                    self.what = value.strip()
                if key == "Killed-by":
                    self.killers.append(tuple((value.split() + [""])[:2]))
        if not self.what or not self.killers:
            raise Wrong(f"{path}: says no Bug or no Killed-by")
        self.is_stress = any(name.startswith("stress-") for name, _ in self.killers)

    def apply(self, tree, *flags):
        must("patch", "-p1", "--no-backup-if-mismatch", "--silent", "--forward", *flags, "-i", self.path,
             where=tree, what="no longer applies")


class Tree:
    """A copy of the sources with a build of its own."""

    def __init__(self, path):
        self.path, self.build = path, os.path.join(path, "build")
        listed = call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", where=ROOT)
        if listed[0] == 0:
            for name in filter(None, listed[1].split("\0")):
                if os.path.exists(os.path.join(ROOT, name)):
                    os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
                    shutil.copy2(os.path.join(ROOT, name), os.path.join(path, name))
        else:  # sources without their history
            shutil.copytree(ROOT, path, dirs_exist_ok=True, symlinks=True,
                            ignore=shutil.ignore_patterns("build*", ".git"))
        compiler = "ccache gcc" if shutil.which("ccache") else "gcc"
        must("env", f"CC={compiler}", "meson", "setup", "build", where=path, what="no build directory")
        listed = must("meson", "introspect", "build", "--tests", where=path, what="no list of tests")
        self.tests = {test["name"]: test["cmd"] for test in json.loads(listed)}

    def command(self, killer):
        name, case = killer
        if name not in self.tests:
            raise Wrong(f"there is no test {name}")
        return [*self.tests[name], *(["--filter", case] if case else [])]

    def build_for(self, killers):
        targets = {os.path.relpath(self.command(killer)[0], self.build) for killer in killers}
        must("ninja", "-C", "build", *sorted(targets), where=self.path, what="does not compile")

    def run(self, killer):
        """True: the test passed. A filter that fits no case passes always, which the caller looks for."""
        code, output = call(*self.command(killer), where=self.build, timeout_s=TEST_TIMEOUT_S)
        if code is None:  # slow is not wrong: a test that hangs has a watchdog of its own
            raise Wrong(f"{' '.join(killer).strip()}: {output}")
        if code == 0 and killer[1] and "Tested: 1 " not in re.sub(r"\x1b\[[0-9;]*m", "", output):
            raise Wrong(f"{killer[0]} has no one case {killer[1]}")
        return code == 0

    def try_bug(self, bug):
        """Puts the bug in, runs what has to find it, takes it out again."""
        bug.apply(self.path)
        try:
            self.build_for(bug.killers)
            for killer in bug.killers:
                if self.run(killer):
                    raise Wrong(f"SURVIVES {' '.join(killer).strip()}")
        finally:
            bug.apply(self.path, "--reverse")


def refresh(bug):
    """The same change, told by its place in today's source."""
    with tempfile.TemporaryDirectory(prefix="slc-bugs-") as folder:
        for side in ("a", "b"):
            shutil.copytree(os.path.join(ROOT, "src"), os.path.join(folder, side, "src"))
        bug.apply(os.path.join(folder, "b"), "--fuzz=2")
        made = call("diff", "-U2", "-r", "a/src", "b/src", where=folder)[1]
    lines = [line for line in made.splitlines(True) if not line.startswith(("diff ", "Only in "))]
    # The files' times would change with every refresh.
    lines = [line.split("\t")[0].rstrip("\n") + "\n" if line.startswith(("--- ", "+++ ")) else line
             for line in lines]
    with open(bug.path, "w", encoding="utf-8") as file:
        file.writelines(bug.header + lines)
    print(f"{bug.name}: made anew")


def judge(trees, bug):
    begun = time.monotonic()
    tree = trees.get()
    wrong = None
    try:
        tree.try_bug(bug)
    except Wrong as error:
        wrong = str(error)
    finally:
        trees.put(tree)
    killers = ", ".join(" ".join(killer).strip() for killer in bug.killers)
    print(f"{bug.name}: {'killed by ' + killers if wrong is None else 'FAILED: ' + wrong}"
          f"  ({time.monotonic() - begun:.1f} s)", flush=True)
    return wrong is None


def check_unpatched(tree, bugs):
    """A test that fails anyway would find any bug."""
    killers = sorted({killer for bug in bugs for killer in bug.killers})
    tree.build_for(killers)
    for killer in killers:
        if not tree.run(killer):
            raise Wrong(f"fails without any bug: {' '.join(killer)}")
    print(f"without a bug all {len(killers)} tests pass", flush=True)


def run_all(bugs):
    with tempfile.TemporaryDirectory(prefix="slc-bugs-") as folder:
        trees = queue.Queue()
        with concurrent.futures.ThreadPoolExecutor(TREES) as pool:
            made = list(pool.map(lambda number: Tree(os.path.join(folder, str(number))), range(TREES)))
            needed = [killer for bug in bugs for killer in bug.killers]
            check_unpatched(made[0], bugs)
            for tree in made[1:]:
                tree.build_for(needed)  # ccache has it all by now, where there is one
            for tree in made:
                trees.put(tree)
            killed = sum(pool.map(lambda bug: judge(trees, bug), [bug for bug in bugs if not bug.is_stress]))
        # Two threads that have to meet within nanoseconds need a core each.
        return killed + sum(judge(trees, bug) for bug in bugs if bug.is_stress)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = options.names or sorted(name[:-6] for name in os.listdir(HERE) if name.endswith(".patch"))
    try:
        bugs = [Bug(os.path.join(HERE, name + ".patch")) for name in names]
        if options.refresh:
            for bug in bugs:
                refresh(bug)
            return 0
        begun = time.monotonic()
        killed = run_all(bugs)
        print(f"{killed} of {len(bugs)} killed, {time.monotonic() - begun:.0f} s")
        return 0 if killed == len(bugs) > 0 else 1
    except (Wrong, OSError) as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1


sys.exit(main())
