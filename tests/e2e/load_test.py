#!/usr/bin/python3
"""The load harness against a real server, each way to misbehave with exact counts; and against servers that
lie, which its checks have to see."""
import json
import os
import re
import resource
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import liar
import sluice


def report_of(done):
    return json.loads(done.stdout)


class Load(sluice.Case):
    def ask(self, server, *flags, check=0):
        return report_of(self.load(server, "--json", *flags, check=check))

    def assert_conserved(self, server, report, drop=1):
        """What load heard, what the server counts and what its journal holds is the same."""
        book = server.drop(drop)
        self.assertEqual(book["orders"], report["accepted"])
        self.assertEqual(server.stop(), 0)
        self.audit()
        orders = {each["drop_id"]: each["orders"] for each in sluice.replay_state(self.data)["drops"]}
        self.assertEqual(orders[drop], report["accepted"])

    def test_idle_connections_stand_beside_the_sale(self):
        server = self.start()
        report = self.ask(server, "--idle", 300, "--connections", 5, "--open", "1:1000", "--requests", 3000)
        self.assertEqual(report["idle"], {"opened": 300, "open_at_end": 300})
        self.assertEqual((report["accepted"], report["sold_out"]), (1000, 2000))

    def test_idle_connections_that_the_server_closes_are_told(self):
        server = self.start("--idle-timeout", "200ms")
        report = self.ask(server, "--idle", 20, "--connections", 2, "--window", 4, "--open", "1:100000", "--rate",
                          "500", "--duration", "1.5", check=1)
        self.assertEqual(report["idle"], {"opened": 20, "open_at_end": 0})
        self.assertEqual([c["name"] for c in report["checks"] if not c["ok"]], ["idle_connections_still_stand"])

    def test_idle_connections_that_the_server_has_no_place_for_end_the_run(self):
        server = self.start("--max-connections", "80")
        done = self.load(server, "--idle", 200, "--connections", 2, "--requests", 10, "--drop", 1, check=5)
        self.assertIn("refused: STATUS_OVERLOADED", done.stderr)

    def test_a_limit_of_descriptors_that_cannot_be_raised_is_named(self):
        server = self.start()
        command = [sluice.LOAD, "--connect", server.address, "--idle", 5000, "--requests", 1]

        def without_rights():
            """As an ordinary user under a hard limit of 1,000."""
            resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
        done = sluice.run(*command, check=5, preexec_fn=without_rights)
        self.assertIn("need 5178 descriptors and the limit is 1000: raise it (ulimit -Hn 5178)", done.stderr)

    def test_churn_buys_everything_once(self):
        server = self.start()
        ledger = os.path.join(self.folder, "ledger")
        report = self.ask(server, "--churn", 400, "--connections", 10, "--window", 64, "--open", "1:30000",
                          "--requests", 60000, "--rate", 60000, "--ledger", ledger)
        self.assertEqual((report["answered"], report["accepted"], report["sold_out"]), (60000, 30000, 30000))
        self.assertGreater(report["hung_up"] + report["reset"], 50)
        self.assertLessEqual(abs(report["hung_up"] - report["reset"]), 1)
        self.assertEqual(report["connections_lost"], 0)
        self.assert_conserved(server, report)
        self.audit("--ledger", ledger)

    def test_what_is_sent_twice_buys_once_and_hears_the_same(self):
        server = self.start()
        ledger = os.path.join(self.folder, "ledger")
        report = self.ask(server, "--resend", 1, "--threads", 2, "--connections", 10, "--window", 32, "--open",
                          "1:5000:3", "--users", 4000, "--requests", 20000, "--ledger", ledger)
        self.assertEqual((report["resent"]["sent"], report["resent"]["answered"], report["resent"]["contradicted"]),
                         (20000, 20000, 0))
        self.assertEqual(report["accepted"], report["replayed"])  # each order was told anew once, replayed once
        self.assertEqual(report["answered"], 20000)
        self.assert_conserved(server, report)
        self.audit("--ledger", ledger)

    def test_a_share_is_sent_twice_in_the_middle_of_churn(self):
        server = self.start()
        report = self.ask(server, "--resend", 0.25, "--churn", 200, "--connections", 10, "--open", "1:8000",
                          "--requests", 16000, "--rate", 20000)
        self.assertEqual(report["resent"]["sent"], report["resent"]["answered"])
        self.assertTrue(3500 < report["resent"]["sent"] < 4500, report["resent"])
        self.assertEqual((report["accepted"], report["sold_out"]), (8000, 8000))
        self.assert_conserved(server, report)

    def test_slow_readers_are_closed_and_nobody_else_is(self):
        server = self.start("--write-timeout", "300ms")
        for drop, seconds in enumerate((2, 4, 8, 16, 32), 1):  # until the kernel keeps no more of their answers
            report = self.ask(server, "--slow-readers", 2, "--connections", 5, "--window", 8, "--open",
                              f"{drop}:100000000", "--rate", "2000", "--duration", seconds)
            self.assertEqual((report["steps"][0]["answered"], report["connections_lost"]), (2000 * seconds, 0))
            self.assertEqual(report["answered"], 2000 * seconds + report["slow"]["answered"])
            self.assertEqual(report["accepted"], report["answered"])
            if report["slow"]["closed_by_server"] > 0:
                break
        self.assertGreaterEqual(report["slow"]["closed_by_server"], 1)
        self.assertGreater(report["replayed"], 0)
        self.assert_conserved(server, report, drop)

    def test_slow_readers_are_held_back_where_they_have_time(self):
        server = self.start("--write-timeout", "60s")
        report = self.ask(server, "--slow-readers", 2, "--connections", 5, "--window", 8, "--open", "1:100000",
                          "--rate", "2000", "--duration", "2")
        self.assertEqual((report["slow"]["closed_by_server"], report["slow"]["retried"]), (0, 0))
        self.assertEqual((report["steps"][0]["answered"], report["connections_lost"]), (4000, 0))
        self.assertEqual(report["accepted"], 100000)
        self.assert_conserved(server, report)

    def test_the_page_and_the_distributions_say_what_the_json_says(self):
        server = self.start()
        page, hgrm = os.path.join(self.folder, "page.html"), os.path.join(self.folder, "all.hgrm")
        report = self.ask(server, "--rate", "5000,10000", "--duration", 0.5, "--connections", 5, "--open", "1:3000",
                          "--html", page, "--hgrm", hgrm)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        xml.etree.ElementTree.fromstring(re.sub(r"<meta[^>]*>|<!doctype[^>]*>", "", text))  # each tag is closed
        self.assertNotRegex(text, r"(?i)https?:|src=|href|url\(|@import|<script")
        for step in report["steps"]:
            row = re.search(rf"<tr><td>{step['offered']:.0f}</td><td>(\d+)</td>", text)
            self.assertIsNotNone(row, text)
            self.assertLessEqual(abs(int(row[1]) - step["rate"]), 1)  # each rounds for itself
        self.assertIn(f"<dt>sold_out</dt><dd>{report['sold_out']}</dd>", text)
        self.assertEqual(text.count(">PASS<"), len(report["checks"]))
        self.assertIn("--rate 5000,10000", text)
        self.assertRegex(text, r"Stock over time[\s\S]*<td>0</td></tr>")
        for name, answered in ((hgrm, 7500), (hgrm + ".rate-5000", 2500), (hgrm + ".rate-10000", 5000)):
            with open(name, encoding="ascii") as file:
                self.assertRegex(file.read(), fr"Total count    = +{answered}\]")

    def test_a_page_that_cannot_be_written_is_an_error(self):
        server = self.start()
        self.assertIn("cannot be written", self.load(server, "--open", "1:10", "--requests", 20, "--html",
                                                     "/nowhere/page.html", check=5).stderr)

    def test_what_asks_again_needs_order_keys(self):
        for flags in (("--churn", 5), ("--resend", "0.5"), ("--slow-readers", 1)):
            done = sluice.run(sluice.LOAD, "--no-keys", *flags, check=2)
            self.assertIn("would buy twice with --no-keys", done.stderr)
        self.assertIn("--resend needs two", sluice.run(sluice.LOAD, "--connections", 1, "--resend", 1, check=2).stderr)
        self.assertIn("needs a share", sluice.run(sluice.LOAD, "--resend", "1.5", check=2).stderr)


class Liars(sluice.Case):
    def tell(self, *lies, flags=(), check=1):
        server = liar.Liar(*lies)
        self.addCleanup(server.close)
        done = sluice.run(sluice.LOAD, "--connect", server.address, "--connections", 4, "--window", 8, "--requests",
                          400, "--patience", 1, "--json", *flags, check=check, timeout_s=60)
        report = report_of(done)
        return report, [check["name"] for check in report["checks"] if not check["ok"]]

    def test_an_honest_one_passes(self):
        report, failed = self.tell(flags=("--resend", 1, "--idle", 3), check=0)
        self.assertEqual((failed, report["accepted"], report["replayed"]), ([], 400, 400))

    def test_an_answer_that_comes_twice_is_seen(self):
        self.assertEqual(self.tell("answers twice")[1], ["each_request_answered_once"])

    def test_an_answer_that_never_comes_is_seen(self):
        report, failed = self.tell("loses an answer")
        self.assertEqual((failed, report["answered"]), (["each_request_answered_once"], 399))
        self.assertIn("no answer for 1 s", report["failure"])

    def test_a_second_copy_that_never_hears_is_seen(self):
        failed = self.tell("loses an answer", flags=("--resend", 1))[1]
        self.assertTrue(set(failed) <= {"each_request_answered_once", "both_answers_tell_the_same"} and failed, failed)

    def test_two_orders_under_one_key_are_seen(self):
        report, failed = self.tell("sells twice under one key", flags=("--resend", 0.5))
        self.assertEqual(failed, ["both_answers_tell_the_same"])
        self.assertEqual(report["resent"]["contradicted"], report["resent"]["sent"])

    def test_one_order_for_two_buyers_is_seen(self):
        self.assertEqual(self.tell("one order for two buyers")[1], ["no_order_id_twice"])

    def test_a_winner_who_is_told_of_nothing_is_seen(self):
        report, failed = self.tell("refuses who has bought", flags=("--resend", 1))
        self.assertIn("both_answers_tell_the_same", failed)
        # Of those who asked again behind their answer, which is known to have come first: about half.
        self.assertGreater(report["resent"]["contradicted"], 100)

    def test_idle_connections_that_are_closed_or_told_anything_are_seen(self):
        for lie in ("answers an idle one", "hangs up on an idle one"):
            report, failed = self.tell(lie, flags=("--idle", 3))
            self.assertEqual((failed, report["idle"]["open_at_end"]), (["idle_connections_still_stand"], 0), lie)


if __name__ == "__main__":
    sluice.main()
