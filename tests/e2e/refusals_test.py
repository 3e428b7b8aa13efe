#!/usr/bin/python3
"""Refusals without a journal write: memory speed for losers, and never a wrong no."""
import glob
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice


class Refusals(sluice.Case):
    def written_pages(self):
        """Pages of the journal that hold anything but zeros."""
        pages = 0
        for path in glob.glob(os.path.join(self.data, "segment-*.journal")):
            with open(path, "rb") as file:
                while page := file.read(4096):
                    pages += page.count(0) != len(page)
        return pages

    def test_a_storm_on_a_sold_out_drop_writes_nothing(self):
        server = self.start()
        server.open_drop(1, 3)
        with server.connect() as buyer:
            for number in range(3):
                self.assertEqual(buyer.buy(user=f"winner{number}", key=number + 1).status, "ACCEPTED")
            sequence, pages = server.status()["applied_sequence"], self.written_pages()
            self.load(server, "--connections", 4, "--window", 64, "--requests", 50000, "--drop", "1",
                      "--users", 20000)
            self.assertEqual(server.status()["applied_sequence"], sequence)
            self.assertLessEqual(self.written_pages() - pages, 1, "but for one seal")
            for number in range(3):
                again = buyer.buy(user=f"winner{number}", key=number + 1)
                self.assertEqual((again.status, again.replayed), ("ACCEPTED", True))
            self.assertLessEqual(self.written_pages() - pages, 1)

    def test_unknown_and_closed_drops_are_refused_without_a_write(self):
        server = self.start()
        server.open_drop(1, 3)
        server.operator.close_drop(1)
        sequence = server.status()["applied_sequence"]
        with server.connect() as buyer:
            for _ in range(100):
                self.assertEqual(buyer.buy(drop=1).status, "CLOSED")
                self.assertEqual(buyer.buy(drop=2).status, "UNKNOWN_DROP")
        self.assertEqual(server.status()["applied_sequence"], sequence)

    def test_a_restock_is_seen_by_the_very_next_buy(self):
        server = self.start()
        server.open_drop(1, 1)
        storm = self.load(server, "--connections", 2, "--window", 32, "--duration", 20, "--drop", "1",
                          "--users", 1000, "--quantity", 1000, background=True)
        try:
            with server.connect() as buyer:
                self.assertEqual(buyer.buy(user="first").status, "ACCEPTED")
                for round_number in range(50):
                    self.assertEqual(buyer.buy(user="loser").status, "SOLD_OUT")
                    server.operator.adjust(1, 1)
                    reply = buyer.buy(user=f"restock{round_number}")
                    self.assertEqual(reply.status, "ACCEPTED", f"round {round_number}")
        finally:
            storm.kill()
            storm.communicate()
        self.audit()

    def test_a_cancelled_order_is_for_sale_at_once(self):
        server = self.start()
        server.open_drop(1, 1, per_user=1)
        with server.connect() as buyer:
            for _ in range(20):
                won = buyer.buy(user="anna")
                self.assertEqual(won.status, "ACCEPTED")
                self.assertEqual(buyer.buy(user="bob").status, "SOLD_OUT")
                server.operator.cancel(won.order_id)
        self.audit()

    def test_a_retry_never_overtakes_its_first_attempt(self):
        """Both go out in one segment on a drop with one unit left: one order, and one yes that is replayed."""
        server = self.start("--io-threads", "2")
        server.open_drop(1, 200)
        with server.connect() as buyer:
            for number in range(200):
                frame = raw.framed(raw.buy_body(request_id=number, user="anna", key=number + 1))
                buyer.send(frame + frame)
                replies = [buyer.read_reply(), buyer.read_reply()]
                self.assertEqual([r.status for r in replies], ["ACCEPTED"] * 2)
                self.assertEqual(sorted(r.replayed for r in replies), [False, True])
                self.assertEqual(replies[0].order_id, replies[1].order_id)
        self.assertEqual(server.drop(1)["sold"], 200)

    def test_the_last_units_are_fought_over_and_sold_exactly(self):
        server = self.start("--io-threads", "2")
        server.open_drop(1, 500)
        won = []

        def fight(number):
            with server.connect() as buyer:
                for attempt in range(200):
                    reply = buyer.buy(user=f"fighter{number}", key=number * 1000 + attempt + 1)
                    if reply.status == "ACCEPTED":
                        won.append(reply.order_id)

        fighters = [threading.Thread(target=fight, args=(number,)) for number in range(8)]
        for fighter in fighters:
            fighter.start()
        for fighter in fighters:
            fighter.join()
        self.assertEqual((len(won), len(set(won)), server.drop(1)["remaining"]), (500, 500, 0))
        self.audit()


sluice.main()
