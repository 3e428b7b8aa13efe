#!/usr/bin/python3
"""What buyers are promised, seen from outside."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice


class Buying(sluice.Case):
    SERVER = ()

    def setUp(self):
        super().setUp()
        self.server = self.start(*self.SERVER)
        self.server.open_drop(1, 10, per_user=4)
        self.buyer = self.server.connect()

    def tearDown(self):
        self.buyer.close()
        super().tearDown()

    def test_an_accepted_buy_takes_its_units_and_names_its_order(self):
        before_us = int(time.time() * 1e6) - 5_000_000
        first = self.buyer.buy(user="anna", quantity=3)
        second = self.buyer.buy(user="bob")
        self.assertEqual((first.status, first.remaining, first.replayed), ("ACCEPTED", 7, False))
        self.assertEqual((second.status, second.remaining), ("ACCEPTED", 6))
        self.assertEqual((first.order_id, second.order_id), (first.sequence, second.sequence))
        self.assertGreater(second.sequence, first.sequence)
        self.assertGreaterEqual(second.time_us, first.time_us)
        self.assertGreater(first.time_us, before_us)
        drop = self.server.drop(1)
        self.assertEqual((drop["stock"], drop["sold"], drop["remaining"], drop["orders"]), (10, 4, 6, 2))

    def test_a_quantity_of_0_is_1(self):
        self.assertEqual(self.buyer.buy(quantity=0).remaining, 9)

    def test_the_last_unit_is_sold_once_and_there_is_no_partial_fill(self):
        for user in range(4):
            self.assertEqual(self.buyer.buy(user=f"u{user}", quantity=2).status, "ACCEPTED")
        too_many = self.buyer.buy(user="late", quantity=3)
        self.assertEqual((too_many.status, too_many.remaining, too_many.order_id), ("SOLD_OUT", 2, 0))
        self.assertEqual(self.buyer.buy(user="exact", quantity=2).remaining, 0)
        self.assertEqual(self.buyer.buy(user="next").status, "SOLD_OUT")
        self.assertEqual(self.server.drop(1)["sold"], 10)

    def test_the_largest_quantity_is_only_sold_out(self):
        self.server.open_drop(2, 999_999)
        self.assertEqual(self.buyer.buy(drop=2, quantity=1_000_000).status, "SOLD_OUT")
        self.server.operator.adjust(2, 1)
        reply = self.buyer.buy(drop=2, quantity=1_000_000)
        self.assertEqual((reply.status, reply.remaining), ("ACCEPTED", 0))

    def test_the_limit_counts_all_orders_of_a_user(self):
        self.assertEqual(self.buyer.buy(user="anna", quantity=3).status, "ACCEPTED")
        self.assertEqual(self.buyer.buy(user="anna", quantity=2).status, "LIMIT_EXCEEDED")
        self.assertEqual(self.buyer.buy(user="anna", quantity=1).status, "ACCEPTED")
        self.assertEqual(self.buyer.buy(user="anna").status, "LIMIT_EXCEEDED")
        self.assertEqual(self.buyer.buy(user="bob").status, "ACCEPTED")

    def test_a_key_buys_once_and_answers_the_first_outcome_again(self):
        first = self.buyer.buy(user="anna", quantity=2, key=77)
        again = self.buyer.buy(user="anna", quantity=2, key=77)
        self.assertTrue(again.replayed)
        self.assertEqual((again.status, again.order_id, again.sequence, again.time_us),
                         ("ACCEPTED", first.order_id, first.sequence, first.time_us))
        with self.server.connect() as other:
            self.assertTrue(other.buy(user="anna", quantity=2, key=77).replayed)
            self.assertFalse(other.buy(user="bob", quantity=2, key=77).replayed)
        self.assertEqual(self.server.drop(1)["sold"], 4)

    def test_a_key_with_another_quantity_is_a_conflict(self):
        self.assertEqual(self.buyer.buy(quantity=2, key=77).status, "ACCEPTED")
        self.assertEqual(self.buyer.buy(quantity=1, key=77).status, "CONFLICT")
        self.assertEqual(self.server.drop(1)["sold"], 2)

    def test_a_refused_key_is_free(self):
        self.assertEqual(self.buyer.buy(user="anna", quantity=5, key=5).status, "LIMIT_EXCEEDED")
        reply = self.buyer.buy(user="anna", quantity=4, key=5)
        self.assertEqual((reply.status, reply.replayed), ("ACCEPTED", False))

    def test_without_a_key_each_request_is_new(self):
        self.assertEqual([self.buyer.buy(key=0).remaining, self.buyer.buy().remaining], [9, 8])

    def test_a_cancelled_order_gives_back_units_and_allowance_but_never_its_key(self):
        order = self.buyer.buy(user="anna", quantity=4, key=9)
        self.server.operator.cancel(order.order_id)
        again = self.buyer.buy(user="anna", quantity=4, key=9)
        self.assertEqual((again.status, again.replayed, again.order_id), ("CANCELLED", True, order.order_id))
        self.assertEqual(self.buyer.buy(user="anna", quantity=4, key=10).status, "ACCEPTED")
        self.assertEqual(self.server.drop(1)["sold"], 4)

    def test_unknown_not_open_and_closed_drops_are_told_apart(self):
        hour_us = 3600 * 1000 * 1000
        self.server.open_drop(2, 5, opens_at_us=int(time.time() * 1e6) + hour_us)
        self.assertEqual(self.buyer.buy(drop=3).status, "UNKNOWN_DROP")
        self.assertEqual(self.buyer.buy(drop=2).status, "NOT_OPEN")
        self.server.operator.close_drop(1)
        self.assertEqual(self.buyer.buy(drop=1).status, "CLOSED")

    def test_a_winner_hears_its_yes_again_on_a_closed_drop(self):
        won = self.buyer.buy(user="anna", key=3)
        self.server.operator.close_drop(1)
        again = self.buyer.buy(user="anna", key=3)
        self.assertEqual((again.status, again.replayed, again.order_id), ("ACCEPTED", True, won.order_id))

    def test_request_ids_are_only_echoed(self):
        ids = [7, 7, 0, 2**64 - 1]
        self.buyer.send(b"".join(raw.framed(raw.buy_body(request_id=i, user=f"u{n}")) for n, i in enumerate(ids)))
        self.assertEqual(sorted(self.buyer.read_reply().request_id for _ in ids), sorted(ids))

    def test_users_may_be_any_text_of_64_bytes(self):
        for user in ("x", "x" * 64, "\u00fc" * 32, "\U0001f600" * 16, "a\nb\t\x1b", "x'; --"):
            self.assertEqual(self.buyer.buy(user=user).status, "ACCEPTED", user)

    def test_time_and_sequence_of_a_refusal_are_those_it_was_decided_at(self):
        won = self.buyer.buy(user="anna", quantity=4)
        lost = self.buyer.buy(user="anna")
        self.assertEqual((lost.status, lost.sequence), ("LIMIT_EXCEEDED", won.sequence))


class BuyingWhereNoThreadSleeps(Buying):
    """All of the above once more: other ways of waiting, connections dealt out to threads that never sleep."""

    SERVER = ("--busy-spin", "--io-threads", "2")


class Greeting(sluice.Case):
    def test_welcome_names_the_limits_of_the_server(self):
        server = self.start("--max-in-flight", "17", "--max-frame-bytes", "200")
        with server.connect() as buyer:
            self.assertEqual(buyer.welcome[:4], ("ACCEPTED", "", 17, 200))
            self.assertTrue(buyer.welcome.version)

    def test_another_protocol_is_refused_by_name(self):
        server = self.start()
        with server.connect(hello=False) as buyer:
            welcome = buyer.say_hello(raw.hello_body(protocol=2))
            self.assertEqual(welcome.status, "INVALID")
            self.assertIn("protocol", welcome.message)
            self.assertEqual(buyer.expect_closed(), [])

    def test_a_buy_in_front_of_hello_is_refused(self):
        server = self.start()
        server.open_drop(1, 1)
        with server.connect(hello=False) as buyer:
            buyer.send(raw.framed(raw.buy_body()))
            buyer.expect_closed()
        self.assertEqual(server.drop(1)["sold"], 0)

    def test_buys_behind_hello_need_not_wait_for_welcome(self):
        server = self.start()
        server.open_drop(1, 1)
        with server.connect(hello=False) as buyer:
            buyer.send(raw.framed(raw.hello_body()) + raw.framed(raw.buy_body()))
            self.assertEqual(buyer.read_welcome().status, "ACCEPTED")
            self.assertEqual(buyer.read_reply().status, "ACCEPTED")

    def test_more_in_flight_than_allowed_waits_and_is_answered_all_the_same(self):
        server = self.start("--max-in-flight", "4")
        server.open_drop(1, 1000)
        with server.connect() as buyer:
            buyer.send(b"".join(raw.framed(raw.buy_body(request_id=i, user=f"u{i}")) for i in range(500)))
            replies = [buyer.read_reply() for _ in range(500)]
        self.assertEqual(sorted(r.request_id for r in replies), list(range(500)))
        self.assertEqual({r.status for r in replies}, {"ACCEPTED"})

    def test_two_client_programs_of_different_make_share_a_drop(self):
        server = self.start()
        server.open_drop(1, 100)
        script = ("import sys; sys.path.insert(0, sys.argv[1]); import raw\n"
                  "c = raw.Connection(sys.argv[2])\n"
                  "print(sum(c.buy(user=f'py{i}').status == 'ACCEPTED' for i in range(200)))")
        # pylint: disable=consider-using-with
        python = subprocess.Popen(["/usr/bin/python3", "-c", script, os.path.dirname(raw.__file__), server.address],
                                  stdout=subprocess.PIPE, text=True)
        self.load(server, "--connections", 2, "--window", 8, "--requests", 200, "--drop", "1", "--quantity", 1)
        won_by_python = int(python.communicate(timeout=60)[0])
        drop = server.drop(1)
        self.assertEqual((drop["sold"], drop["remaining"]), (100, 0))
        self.assertLessEqual(won_by_python, 100)
        self.audit()


sluice.main()
