#!/usr/bin/python3
"""Instructions of one BUY on its path, counted by callgrind, against the recorded budget.

  build/tests/guard/path accepted                            the program that is counted; it checks answers
  tests/guard/instructions_test.py PATH BUDGET               fails where a count is over its budget by 5%
  tests/guard/instructions_test.py PATH BUDGET --record      writes what it counts as the new budget
"""
import json
import os
import re
import subprocess
import sys
import unittest

ALLOWED = 1.05


def count(path, kind):
    """Instructions a BUY. Without meson's MALLOC_PERTURB_, which has malloc fill what it gives."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=counted_turns",
         path, kind], env=environment, capture_output=True, text=True, timeout=100, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{path} {kind}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    buys = re.fullmatch(kind + r" (\d+)\n", done.stdout)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if buys is None or collected is None:
        raise AssertionError(f"no count in:\n{done.stdout}{done.stderr}")
    return int(collected[1]) / int(buys[1])


class Instructions(unittest.TestCase):
    path = budget_file = None

    def compare(self, kind):
        with open(self.budget_file, encoding="ascii") as file:
            budget = json.load(file)[kind]
        counted = count(self.path, kind)
        print(f"{kind}: {counted:.1f} instructions a BUY, budget {budget:.1f}, ratio {counted / budget:.3f}")
        self.assertGreater(counted, 100, "nothing was counted")
        self.assertLessEqual(
            counted, budget * ALLOWED,
            f"a BUY that is {kind} takes {counted:.1f} instructions, {100 * (counted / budget - 1):.1f}% over "
            f"the budget; if that is worth it, say why in the commit and record it anew: {__file__} "
            f"{self.path} {self.budget_file} --record")

    def test_an_accepted_buy_keeps_to_its_budget(self):
        self.compare("accepted")

    def test_a_refused_buy_keeps_to_its_budget(self):
        self.compare("refused")

    def test_a_replayed_buy_keeps_to_its_budget(self):
        self.compare("replayed")


def record(path, budget_file):
    with open(budget_file, "w", encoding="ascii") as file:
        json.dump({kind: round(count(path, kind), 1) for kind in ("accepted", "refused", "replayed")}, file)
        file.write("\n")


if __name__ == "__main__":
    Instructions.path, Instructions.budget_file = sys.argv[1:3]
    if sys.argv[3:] == ["--record"]:
        record(*sys.argv[1:3])
    else:
        unittest.main(argv=sys.argv[:1], verbosity=2)
