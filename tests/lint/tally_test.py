#!/usr/bin/python3
"""What tools/test counts: a test that vanished, crashed or was skipped must not pass for a passed one."""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(sys.argv[1])
GREEN = "\x1b[32m"

CASES = [  # result, stdout, stderr, (passed, failed, skipped)
    ("OK", "", "", (1, 0, 0)),
    ("FAIL", "", "", (0, 1, 0)),
    ("TIMEOUT", "", "", (0, 1, 0)),
    ("SKIP", "", "", (0, 0, 1)),
    ("INTERRUPT", "", "", (0, 1, 0)),
    ("OK", "", "[====] Synthesis: Tested: 20 | Passing: 20 | Failing: 0 | Crashing: 0\n", (20, 0, 0)),
    ("FAIL", "", "[====] Synthesis: Tested: 20 | Passing: 17 | Failing: 2 | Crashing: 1\n", (17, 3, 0)),
    ("OK", "", f"{GREEN}Synthesis: Tested: {GREEN}3 | Passing: 2 | Failing: 0 | Crashing: 0", (2, 0, 1)),
    # Criterion reports success and then dies in a destructor.
    ("FAIL", "", "[====] Synthesis: Tested: 5 | Passing: 5 | Failing: 0 | Crashing: 0\n", (5, 1, 0)),
    ("OK", "", "Ran 7 tests in 0.3s\n\nOK (skipped=2)\n", (5, 0, 2)),
    ("FAIL", "", "Ran 7 tests in 0.3s\n\nFAILED (failures=1, errors=2)\n", (4, 3, 0)),
]


def main():
    wrong = 0
    for result, stdout, stderr, expected in CASES:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
            log.write(json.dumps({"name": "x", "result": result, "stdout": stdout, "stderr": stderr}) + "\n")
            log.flush()
            done = subprocess.run([os.path.join(ROOT, "tools", "dev", "tally.py"), log.name],
                                  capture_output=True, text=True, check=True)
        if tuple(map(int, done.stdout.split())) != expected:
            wrong += 1
            print(f"{result} {stdout!r} {stderr!r}: counted {done.stdout.strip()}, not {expected}")
    print(f"{len(CASES)} logs counted, {wrong} wrongly")
    sys.exit(1 if wrong else 0)


main()
