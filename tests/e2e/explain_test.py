#!/usr/bin/python3
"""replay explain: what people ask behind a drop, answered from the journal, a snapshot and the attempts log."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import small_journal

NASTY = ["a,b", 'say "hi"', "line\nbreak", "<script>alert(1)</script>", "tab\there", "'; drop table orders; --",
         "=1+1", "\u202eabc", "€🎁", "a&amp;b", "\\", "-"]


def explain(data, drop, user, *flags):
    done = sluice.run(sluice.REPLAY, "explain", data, "--drop", drop, "--user", user, "--json", *flags, check=0)
    return json.loads(done.stdout)


def attempts(answer):
    return [row for row in answer["rows"] if row["type"] == "ATTEMPT"]


def picked(row, *names):
    return tuple(row[name] for name in names)


class Small(sluice.Case):
    """A journal of which every event is known."""

    def setUp(self):
        super().setUp()
        self.data = os.path.join(self.folder, "small")
        small_journal.make(self.data, small_journal.SALE)

    def test_a_winner_a_loser_and_who_came_again(self):
        ann = explain(self.data, 1, "ann")
        self.assertEqual(picked(ann, "verdict", "units", "orders", "attempts"), ("won", 2, 1, 2))
        self.assertEqual([picked(row, "sequence", "place", "left", "win", "held", "quantity", "status", "replayed",
                                 "order_id") for row in attempts(ann)],
                         [(2, 1, 5, 1, 0, 2, "STATUS_ACCEPTED", False, 2),
                          (3, None, 3, None, 2, 2, "STATUS_ACCEPTED", True, 2),
                          (4, 2, 3, None, 2, 1, "STATUS_LIMIT_EXCEEDED", False, None)])
        cid = explain(self.data, 1, "cid")
        self.assertEqual(picked(cid, "verdict", "units", "attempts"), ("lost", 0, 2))
        self.assertEqual([picked(row, "sequence", "place", "left", "status") for row in attempts(cid)],
                         [(6, 4, 1, "STATUS_SOLD_OUT"), (8, 6, 0, "STATUS_SOLD_OUT")])
        self.assertEqual([picked(row, "type", "sequence") for row in cid["rows"]],
                         [("DROP_OPENED", 1), ("ATTEMPT", 6), ("SOLD_OUT", 7), ("ATTEMPT", 8), ("STOCK_ADJUSTED", 10),
                          ("DROP_CLOSED", 11)])
        self.assertEqual(picked(cid["drop"], "stock", "remaining", "orders", "attempts", "closed"), (6, 3, 3, 6, True))

    def test_an_order_that_was_cancelled_is_no_win(self):
        bob = explain(self.data, 1, "bob")
        self.assertEqual(picked(bob, "verdict", "units", "cancelled"), ("cancelled", 0, 1))
        self.assertEqual([picked(row, "type", "sequence") for row in bob["rows"]
                          if row["type"] == "ORDER_CANCELLED"], [("ORDER_CANCELLED", 9)])

    def test_people_read_the_same(self):
        done = sluice.run(sluice.REPLAY, "explain", self.data, "--drop", 1, "--user", "cid", check=0)
        self.assertEqual(done.stdout, """\
drop 1 "Golden ticket": stock 6, 3 left, 3 orders won, 6 attempts in line at least, at most 2 units a user
user "cid": lost
the first attempt was at place 4 or later of 6 and was refused, SOLD_OUT: 2 wanted, 1 left

    PLACE  TIME                               EVENT       LEFT  WANTED  WHAT
        -  2023-11-14T22:13:20.000001Z            1          -       -  the drop is opened
        4  2023-11-14T22:13:20.000003Z            6          1       2  SOLD_OUT: 2 wanted, 1 left
        -  2023-11-14T22:13:20.000003Z            7          -       -  the last unit goes, to order 7
        6  2023-11-14T22:13:20.000004Z            8          0       1  SOLD_OUT: 1 wanted, 0 left
        -  2023-11-14T22:13:20.000006Z           10          2       -  stock +1 by an operator
        -  2023-11-14T22:13:20.000006Z           11          -       -  the drop is closed by an operator

known: events up to 11
known: there is no attempts log: attempts that were refused without an event are not known, if there were any
""")

    def test_until_and_from_narrow_it(self):
        bob = explain(self.data, 1, "bob", "--until", 8)
        self.assertEqual(picked(bob, "verdict", "units", "sequence"), ("won", 2, 8))
        late = explain(self.data, 1, "cid", "--from", 8)
        self.assertEqual([row["sequence"] for row in late["rows"]], [8, 10, 11])
        self.assertEqual(late["rows"][0]["place"], 6)
        done = sluice.run(sluice.REPLAY, "explain", self.data, "--drop", 1, "--user", "cid", "--until", 12, check=2)
        self.assertIn("the journal ends at event 11", done.stderr)

    def test_who_never_came_and_what_never_was(self):
        self.assertEqual(explain(self.data, 1, "nobody")["verdict"], "never tried")
        for flags, word in ((("--drop", 9, "--user", "ann"), "drop 9 does not exist"), (("--drop", 1), "--user NAME"),
                            (("--user", "ann"), "--drop ID"), (("--drop", 1, "--user", ""), "1 to 64 bytes")):
            done = sluice.run(sluice.REPLAY, "explain", self.data, *flags, check=2)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_behind_a_snapshot_it_says_what_is_no_longer_known(self):
        cut = os.path.join(self.folder, "cut")
        small_journal.make(cut, small_journal.SALE_CUT, segment_bytes=5 * 4096)
        self.assertFalse(os.path.exists(os.path.join(cut, "segment-0000000001.journal")))
        ann = explain(cut, 1, "ann")
        self.assertEqual(ann["from_sequence"], 11)
        self.assertFalse(ann["place_is_exact"])
        self.assertEqual([picked(row, "source", "sequence", "place", "left", "win", "quantity", "order_id")
                          for row in attempts(ann)], [("snapshot", 2, None, None, 1, 2, 2)])
        bob = explain(cut, 1, "bob")
        self.assertEqual(picked(bob, "verdict", "cancelled"), ("cancelled", 1))
        self.assertEqual([row["sequence"] for row in bob["rows"]], [5, 9])
        done = sluice.run(sluice.REPLAY, "explain", cut, "--drop", 1, "--user", "ann", check=0)
        self.assertIn("up to event 11 was removed because a snapshot covers it", done.stdout)
        done = sluice.run(sluice.REPLAY, "explain", cut, "--drop", 1, "--user", "ann", "--until", 5, check=2)
        self.assertIn("before everything that is kept", done.stderr)


class Served(sluice.Case):
    def lines(self, server, *buys):
        """Each BUY on its own, one behind the other: (status, remaining) of each."""
        with server.connect() as buyer:
            return [picked(reply._asdict(), "status", "remaining")
                    for reply in (buyer.buy(1, user, quantity, key) for user, quantity, key in buys)]

    def test_refusals_without_an_event_are_explained_too(self):
        server = self.start()
        server.open_drop(1, 3, per_user=2)
        heard = self.lines(server, ("ann", 2, 1), ("bob", 2, 2), ("bob", 1, 2), ("cid", 1, 3), ("ann", 2, 1),
                           ("cid", 1, 3), ("dan", 1, 0))
        self.assertEqual(heard, [("ACCEPTED", 1), ("SOLD_OUT", 1), ("ACCEPTED", 0), ("SOLD_OUT", 0), ("ACCEPTED", 0),
                                 ("SOLD_OUT", 0), ("SOLD_OUT", 0)])
        server.open_drop(2, 1)
        self.assertEqual(server.stop(), 0)
        told = explain(self.data, 1, "cid")
        self.assertEqual([picked(row, "place", "left", "quantity", "order_key", "status") for row in attempts(told)],
                         [(place, 0, 1, f"{3:016x}", "STATUS_SOLD_OUT") for place in (4, 5)])
        self.assertEqual(picked(told, "verdict", "place_is_exact"), ("lost", True))
        self.assertEqual(told["drop"]["attempts"], 6)
        log = told["attempts_log"]
        self.assertEqual(picked(log, "missing", "older_removed", "cut_short"), (0, False, False))
        self.assertGreater(log["entries"], 0, "somebody was refused without an event")
        bob = explain(self.data, 1, "bob")
        self.assertEqual([picked(row, "place", "left", "status", "win") for row in attempts(bob)],
                         [(2, 1, "STATUS_SOLD_OUT", None), (3, 1, "STATUS_ACCEPTED", 2)])

    def test_every_name_is_asked_for_as_it_was_sent(self):
        server = self.start()
        server.open_drop(1, 1000)
        with server.connect() as buyer:
            for user in NASTY:
                self.assertEqual(buyer.buy(1, user, 1, 0).status, "ACCEPTED")
        self.assertEqual(server.stop(), 0)
        for place, user in enumerate(NASTY, 1):
            told = explain(self.data, 1, user)
            self.assertEqual((told["user"], told["verdict"], attempts(told)[0]["place"]), (user, "won", place))

    def test_what_the_log_lacks_is_counted(self):
        server = self.start("--attempts-log-size", "64KiB")
        server.open_drop(1, 10)
        self.load(server, "--connections", 4, "--window", 64, "--requests", 400000, "--drop", "1:1", "--users", 1000)
        self.assertEqual(server.stop(), 0)
        told = explain(self.data, 1, "never was here")
        log = told["attempts_log"]
        self.assertTrue(log["missing"] > 0 or log["older_removed"], log)
        self.assertFalse(told["place_is_exact"])
        self.assertLess(told["drop"]["attempts"], 400000)
        done = sluice.run(sluice.REPLAY, "explain", self.data, "--drop", 1, "--user", "never was here", check=0)
        self.assertIn("never tried, as far as is known", done.stdout)
        self.assertIn(f"{log['missing']} are missing", done.stdout)

    def test_beside_a_server_that_sells_and_removes_its_past(self):
        server = self.start("--segment-size", "1MiB", "--block-size-max", "64KiB", "--snapshot-bytes", "1MiB")
        server.open_drop(1, 1_000_000_000, op_key=1)
        with server.connect() as buyer:
            first = buyer.buy(1, "the first", 3, 77)
        load = self.load(server, "--connections", 4, "--window", 64, "--duration", 3600, "--drop", "1:1", "--users",
                         1000, "--rate", 20000, background=True)
        try:
            oldest = os.path.join(self.data, "segment-0000000001.journal")
            rounds = 0
            while rounds < 5 or os.path.exists(oldest):
                told = explain(self.data, 1, "the first")
                self.assertEqual(picked(told, "verdict", "units", "attempts"), ("won", 3, 1))
                self.assertEqual(attempts(told)[0]["order_id"], first.order_id)
                rounds += 1
                self.assertIsNone(load.poll(), "the load has given up")
            self.assertGreater(explain(self.data, 1, "the first")["from_sequence"], 0)
            server.kill()
        finally:
            load.terminate()
            load.communicate(timeout=60)
        self.assertEqual(explain(self.data, 1, "the first")["units"], 3)


if __name__ == "__main__":
    sluice.main()
