#!/usr/bin/python3
"""A short run of the whole, beside the ceiling probe (perf/ceiling) in the same minute: the answers are right,
and the rate is no wreck. The bound is a fifth of the ratio that perf/peers measures, and the best of three
rounds counts, so a busy machine cannot fail it; a queue that has become a lock, or a sync for each BUY, does.

  tests/guard/smoke_test.py BUILD_DIRECTORY
"""
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "perf"))
import bench  # noqa: E402

bench.BUILD = os.path.abspath(sys.argv[1])
from peer import servers  # noqa: E402

LEAST_RATIO = 0.12
ROUNDS = 3
SHAPE = ("--connections", "50", "--window", "100")


def refuses_direct_io(directory):
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        try:
            os.close(os.open(file.name, os.O_RDWR | os.O_DIRECT))
        except OSError:
            return True
    return False


class Smoke(unittest.TestCase):
    @staticmethod
    def sluice():
        with servers.sluice(bench.BUILD) as server:  # load leaves with 1 where an answer is wrong
            return server.load(*SHAPE, "--duration", "1", "--open", "1:100000000", "--drop", "1")

    def ceiling(self):
        with servers.ceiling(bench.BUILD) as (at, end):
            heard = bench.run_json(f"{bench.BUILD}/perf/peer-ceiling", "--at", at, *SHAPE, "--seconds", "1",
                                   "--json")
            self.assertEqual(end()["recorded"], heard["answered"])
        return heard

    def test_answers_are_right_and_come_at_a_rate_that_the_ceiling_probe_explains(self):
        if refuses_direct_io(bench.BUILD):
            self.skipTest("the file system of the build directory takes no O_DIRECT, which the probe needs")
        ratios = []
        for _ in range(ROUNDS):
            report = self.sluice()
            self.assertTrue(report["ok"] and report["accepted"] == report["answered"] > 0, report["checks"])
            ratios.append(report["rate"] / self.ceiling()["rate"])
        print("rate over that of the ceiling probe:", ", ".join(f"{ratio:.2f}" for ratio in ratios))
        self.assertGreaterEqual(max(ratios), LEAST_RATIO, ratios)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
