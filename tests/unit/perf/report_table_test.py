#!/usr/bin/python3
"""The table of perf/report: which rows it judges, and what it calls reached."""
import importlib.machinery
import importlib.util
import os
import sys
import unittest

PERF = os.path.join(sys.argv.pop(1), "perf")
sys.path.insert(0, PERF)
sys.dont_write_bytecode = True  # beside the sources there is no place for it
LOADER = importlib.machinery.SourceFileLoader("report", os.path.join(PERF, "report"))
report = importlib.util.module_from_spec(importlib.util.spec_from_loader("report", LOADER))
LOADER.exec_module(report)


class ReportTest(unittest.TestCase):
    def test_a_row_is_judged_by_its_median(self):
        rounds = [{"idle": {"core_percent": value}} for value in (5, 0.5, 0.6)]
        row, = report.judge(report.gather(rounds))
        self.assertEqual((row["median"], row["min"], row["max"], row["verdict"]), (0.6, 0.5, 5, "must reached"))

    def test_at_most_and_at_least_are_told_apart(self):
        self.assertEqual(report.verdict(1.6, ">", 1.5, 2), "must reached")
        self.assertEqual(report.verdict(1.4, ">", 1.5, 2), "missed")
        self.assertEqual(report.verdict(2, ">", 1.5, 2), "goal reached")
        self.assertEqual(report.verdict(501, "<", 500, 200), "missed")
        self.assertEqual(report.verdict(200, "<", 500, 200), "goal reached")

    def test_a_row_without_a_must_is_judged_by_its_goal_alone(self):
        self.assertEqual(report.verdict(7, "<", None, 6), "goal missed")
        self.assertEqual(report.verdict(6, "<", None, 6), "goal reached")
        self.assertEqual(report.verdict(6, "<", None, None), "")
        self.assertEqual(report.verdict(6, "<", 5, None), "missed")

    def test_the_halves_of_a_comparison_change_places_and_keep_their_names(self):
        order = []

        def half(name):
            return lambda: order.append(name) or name
        self.assertEqual(report.both(0, half("a"), half("b")), ("a", "b"))
        self.assertEqual(report.both(1, half("a"), half("b")), ("a", "b"))
        self.assertEqual(order, ["a", "b", "b", "a"])

    def test_what_was_not_measured_is_not_judged(self):
        self.assertEqual(report.judge({}), [])


if __name__ == "__main__":
    unittest.main()
