#!/usr/bin/python3
"""The operators' client against a live server."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice


class Control(sluice.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()

    def open_drop(self, drop, stock, *flags):
        return self.server.sluice("drop", "open", drop, "--stock", stock, *flags)

    def drop(self, drop):
        """As the program shows it, which is as the socket has it."""
        shown = self.server.sluice("drop", "show", drop)
        self.assertEqual(shown, {**shown, **self.server.drop(drop)})
        return shown

    def refused(self, *arguments):
        """What a refused change says."""
        return sluice.run(sluice.SLUICE, "--control", self.server.control, *arguments, check=1).stderr

    def test_a_drop_is_opened_shown_and_listed(self):
        closes_us = int(time.time() * 1e6) + 3600 * 1000 * 1000
        self.open_drop(7, 50, "--per-user", 2, "--name", "Schuhe \u00fc", "--closes-at", closes_us)
        drop = self.drop(7)
        self.assertEqual({key: drop[key] for key in ("drop_id", "name", "stock", "sold", "remaining",
                                                     "per_user_limit", "closes_at_us", "closed")},
                         {"drop_id": 7, "name": "Schuhe \u00fc", "stock": 50, "sold": 0, "remaining": 50,
                          "per_user_limit": 2, "closes_at_us": closes_us, "closed": False})

    def test_lists_are_complete_and_in_order_over_their_pages(self):
        for drop in range(230, 0, -1):
            self.open_drop(drop, drop)
        drops = self.server.sluice("drop", "list")["drops"]
        self.assertEqual([drop["drop_id"] for drop in drops], list(range(1, 231)))

    def test_a_drop_is_opened_once(self):
        self.open_drop(1, 50)
        self.assertIn("CONFLICT", self.refused("drop", "open", "1", "--stock", "60"))
        self.server.sluice("drop", "close", 1)
        self.assertIn("CONFLICT", self.refused("drop", "open", "1", "--stock", "60"))
        self.assertEqual(self.drop(1)["stock"], 50)

    def test_a_change_with_a_key_happens_once(self):
        opened = self.open_drop(1, 50, "--op-key", "11")
        again = self.open_drop(1, 50, "--op-key", "11")
        self.assertEqual((opened["replayed"], again["replayed"]), (False, True))
        self.assertEqual(opened["sequence"], again["sequence"])
        for _ in range(3):
            self.server.sluice("drop", "adjust", 1, "--delta", 5, "--op-key", "12")
        self.assertEqual(self.drop(1)["stock"], 55)
        self.assertIn("CONFLICT", self.refused("drop", "adjust", "1", "--delta", "6", "--op-key", "12"))
        self.server.kill()
        self.server.start()
        self.assertTrue(self.server.sluice("drop", "adjust", 1, "--delta", 5, "--op-key", "12")["replayed"])
        self.assertEqual(self.drop(1)["stock"], 55)

    def test_stock_never_goes_below_what_is_sold(self):
        self.open_drop(1, 10)
        with self.server.connect() as buyer:
            buyer.buy(quantity=6)
        self.assertIn("CONFLICT", self.refused("drop", "adjust", "1", "--delta", "-5"))
        self.server.sluice("drop", "adjust", 1, "--delta", "-4")
        self.assertEqual(self.drop(1)["remaining"], 0)

    def test_an_order_is_shown_and_cancelled_once(self):
        self.open_drop(1, 10)
        with self.server.connect() as buyer:
            order = buyer.buy(user="anna", quantity=2, key=255)
        shown = self.server.sluice("order", "show", order.order_id)
        self.assertEqual((shown["user"], shown["quantity"], shown["cancelled"], shown["time_us"]),
                         ("anna", 2, False, order.time_us))
        self.server.sluice("order", "cancel", order.order_id)
        self.assertTrue(self.server.sluice("order", "show", order.order_id)["cancelled"])
        self.assertEqual(self.drop(1)["remaining"], 10)
        self.refused("order", "cancel", str(order.order_id))
        self.refused("order", "show", "4711")
        self.assertEqual(self.drop(1)["remaining"], 10)

    def test_only_a_closed_drop_is_purged_and_then_forgotten(self):
        self.open_drop(1, 10)
        with self.server.connect() as buyer:
            buyer.buy(user="anna", key=1)
            self.assertIn("CONFLICT", self.refused("drop", "purge", "1"))
            self.server.sluice("drop", "close", 1)
            self.server.sluice("drop", "purge", 1)
            self.assertEqual(buyer.buy(user="anna", key=1).status, "UNKNOWN_DROP")
        self.assertEqual(self.server.status()["orders"], 0)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.server.status()["drops"], 0)
        self.audit()

    def test_changes_are_durable_when_they_are_answered(self):
        for number in range(1, 6):
            self.open_drop(number, number)
            self.server.kill()
            self.server.start()
            self.assertEqual(self.server.status()["drops"], number)

    def test_status_agrees_with_the_journal(self):
        self.open_drop(1, 10)
        with self.server.connect() as buyer:
            for number in range(10):
                buyer.buy(user=f"u{number}")
            status = self.server.status()
            self.assertEqual((status["applied_sequence"], status["drops"], status["orders"]), (11, 1, 10))
            self.assertGreaterEqual(status["connections"], 1)
        self.assertEqual(status["durability"], "fsync")
        self.assertIn(status["journal_method"], ("direct", "fdatasync"))
        self.assert_durable_digest(self.server)

    def test_bad_values_are_refused_before_the_journal(self):
        self.refused("drop", "open", "0", "--stock", "10")
        self.refused("drop", "open", "1", "--stock", "1000000000001")
        self.refused("drop", "open", "1", "--stock", "1", "--name", "x" * 65)
        self.open_drop(1, 1)
        self.refused("drop", "adjust", "1", "--delta", "0")
        self.assertEqual(self.server.status()["applied_sequence"], 1)

    def test_a_server_that_is_not_there_is_said(self):
        self.server.stop()
        done = sluice.run(sluice.SLUICE, "--control", self.server.control, "status")
        self.assertEqual(done.returncode, 5)
        self.assertIn(self.server.control, done.stderr)


sluice.main()
