#!/usr/bin/python3
"""The table of perf/peers: what it divides by what, and what it calls reached."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(sys.argv.pop(1), "perf"))

from peer import table  # pylint: disable=wrong-import-position


def figures(rate, p50_us=100, p99_us=200):
    return {"rate": rate, "p50_us": p50_us, "p99_us": p99_us}


def round_of(sluice, **others):
    return {"50x100": {"sluice": sluice, **{name.replace("_", "-"): value for name, value in others.items()}}}


class TableTest(unittest.TestCase):
    def row(self, rounds, name):
        return next(row for row in table.rows(rounds) if row["name"] == name)

    def test_ratios_are_those_of_one_round(self):
        rounds = [round_of(figures(100), redis=figures(10)), round_of(figures(300), redis=figures(100)),
                  round_of(figures(50), redis=figures(10))]
        # The medians' ratio would be 10.
        self.assertEqual(self.row(rounds, "redis")["rate_ratio"], {"median": 5, "min": 3, "max": 10})

    def test_a_figure_is_shown_with_its_spread(self):
        rounds = [round_of(figures(rate)) for rate in (3, 1, 2)]
        self.assertEqual(self.row(rounds, "sluice")["rate"], {"median": 2, "min": 1, "max": 3})

    def test_a_latency_above_the_peers_is_a_ratio_above_one(self):
        rounds = [round_of(figures(1, p99_us=300), redis=figures(1, p99_us=100))]
        self.assertEqual(self.row(rounds, "redis")["p99_ratio"]["median"], 3)

    def test_without_sluice_there_is_no_ratio(self):
        rounds = [{"50x100": {"redis": figures(1)}}]
        self.assertNotIn("rate_ratio", self.row(rounds, "redis"))
        self.assertEqual(table.goals(rounds), [])

    def test_the_goal_is_measured_against_the_best_way(self):
        rounds = [round_of(figures(100), redis=figures(10), redis_llen=figures(20))]
        goal = table.goals(rounds)[0]
        self.assertEqual((goal["against"], goal["ratio"]["median"]), ("redis-llen", 5))

    def test_another_peer_that_begins_alike_is_no_way_of_it(self):
        self.assertEqual(table.best([round_of(figures(1), redis=figures(10), rediska=figures(20))], "50x100", "redis"),
                         "redis")

    def test_more_has_to_reach_its_bound(self):
        self.assertEqual([table.reached(ratio, 8, 12, True) for ratio in (7.99, 8, 11.99, 12)],
                         ["MISSED", "must reached", "must reached", "goal reached"])

    def test_less_has_to_stay_below_it(self):
        self.assertEqual([table.reached(ratio, 1.3, 1.1, False) for ratio in (1.31, 1.3, 1.11, 1.1)],
                         ["MISSED", "must reached", "must reached", "goal reached"])

    def test_a_goal_without_a_must_is_only_missed(self):
        self.assertEqual(table.reached(1.2, None, 1, False), "goal missed")

    def test_drift_is_the_slowest_over_the_quickest(self):
        self.assertAlmostEqual(table.drift([200, 260, 220]), 30)

    def test_the_disk_has_latencies_but_no_rate(self):
        rounds = [{"1x1": {"sluice": figures(1, p50_us=300), "disk": {"p50_us": 200, "p99_us": 400}}}]
        self.assertEqual(table.goals(rounds)[0]["ratio"]["median"], 1.5)
        text = "\n".join(table.text_of_rows(table.rows(rounds)))
        self.assertRegex(text, r"disk +- +200 +400\n?")


unittest.main()
