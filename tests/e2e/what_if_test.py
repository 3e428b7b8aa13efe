#!/usr/bin/python3
"""replay state --what-if: the winners under other rules are those of a real sale under those rules."""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import small_journal

SEED = sluice.amount("SLC_SEED", 1)


def what_if(data, rules, *flags, check=0):
    done = sluice.run(sluice.REPLAY, "state", data, "--what-if", rules, "--json", *flags, check=check)
    return json.loads(done.stdout) if check == 0 else done.stderr


def holdings(drop):
    """User -> units, of a drop of replay state --orders."""
    held = {}
    for order in drop["order_list"]:
        if not order["cancelled"]:
            held[order["user"]] = held.get(order["user"], 0) + order["quantity"]
    return held


def differing(was, would_be):
    """(gains, losses), each a set of (user, units, units_would_be)."""
    every = {(user, was.get(user, 0), would_be.get(user, 0)) for user in {*was, *would_be}}
    return {one for one in every if one[2] > one[1]}, {one for one in every if one[2] < one[1]}


def told(rows):
    return [(row["user"], row["units"], row["units_would_be"]) for row in rows]


class Small(sluice.Case):
    def setUp(self):
        super().setUp()
        self.data = os.path.join(self.folder, "small")
        small_journal.make(self.data, small_journal.SALE)

    def one(self, rules, *flags):
        answer = what_if(self.data, rules, *flags)
        self.assertEqual(answer["attempts_log"]["files"], 0)
        return answer["drops"][0]

    def test_with_one_unit_more_somebody_else_wins(self):
        drop = self.one("stock=6")
        self.assertEqual(drop["actual"], {"stock": 6, "per_user_limit": 2, "sold": 3, "remaining": 3, "orders": 3,
                                          "cancelled": 1, "winners": 2})
        self.assertEqual(drop["would_be"], {"stock": 7, "per_user_limit": 2, "sold": 4, "remaining": 3, "orders": 3,
                                            "cancelled": 1, "winners": 2})
        self.assertEqual((told(drop["would_gain"]), told(drop["would_lose"])), ([("cid", 0, 2)], [("dan", 1, 0)]))

    def test_without_a_limit_and_with_one_of_one(self):
        drop = self.one("per-user=0")
        self.assertEqual((told(drop["would_gain"]), told(drop["would_lose"])), ([("ann", 2, 3)], [("dan", 1, 0)]))
        drop = self.one("per-user=1")
        self.assertEqual((told(drop["would_gain"]), told(drop["would_lose"])),
                         ([("cid", 0, 1)], [("ann", 2, 1)]))
        self.assertEqual(drop["would_be"]["orders"], 3, "ann's second try, dan and cid")

    def test_the_same_rules_change_nothing(self):
        drop = self.one("stock=5,per-user=2")
        self.assertEqual((drop["would_be"], drop["would_gain"], drop["would_lose"]), (drop["actual"], [], []))

    def test_people_read_the_same(self):
        done = sluice.run(sluice.REPLAY, "state", self.data, "--what-if", "stock=6", check=0)
        self.assertEqual(done.stdout, """\
drop 1 "Golden ticket"
  was:      stock 6, per user 2: sold 3, left 3, 2 winners
  would be: stock 7, per user 2: sold 4, left 3, 2 winners
  would gain: 1 user
    "cid"  0 -> 2
  would lose: 1 user
    "dan"  1 -> 0

known: events up to 11
known: there is no attempts log: attempts that were refused without an event are not known, if there were any
""")

    def test_until_stops_in_the_middle(self):
        self.assertEqual(told(self.one("stock=6", "--until", 7)["would_gain"]), [("cid", 0, 2)])
        self.assertEqual(self.one("stock=3", "--until", 2)["would_lose"], [])

    def test_behind_a_snapshot_orders_are_sold_again_and_it_says_so(self):
        cut = os.path.join(self.folder, "cut")
        small_journal.make(cut, small_journal.SALE_CUT, segment_bytes=5 * 4096)
        answer = what_if(cut, "stock=3", "--drop", 1)
        self.assertEqual(answer["from_sequence"], 11)
        self.assertEqual([drop["drop_id"] for drop in answer["drops"]], [1])
        self.assertEqual(told(answer["drops"][0]["would_lose"]), [])
        self.assertEqual(answer["drops"][0]["would_be"],
                         {"stock": 3, "per_user_limit": 2, "sold": 3, "remaining": 0, "orders": 2, "cancelled": 0,
                          "winners": 2})
        done = sluice.run(sluice.REPLAY, "state", cut, "--what-if", "stock=3", check=0)
        self.assertIn("a snapshot covers it", done.stdout)

    def test_wrong_rules_are_answered_with_what_to_do(self):
        for rules in ("", "stock", "stock=", "stock=-1", "stock=1,", "stocks=1", "per-user=x", "stock=1;per-user=2"):
            self.assertIn("takes stock=N, per-user=N", what_if(self.data, rules, check=2))
        self.assertIn("at most", what_if(self.data, "stock=1000000000001", check=2))
        self.assertIn("drop 9 does not exist", what_if(self.data, "stock=1", "--drop", 9, check=2))


class Sold(sluice.Case):
    """The same buyers at two servers."""

    FLAGS = ("--snapshot-interval", "0")

    def sell(self, name, stock, per_user, restock):
        self.data = os.path.join(self.folder, name)
        os.mkdir(self.data)
        chance = random.Random(SEED)
        server = self.start()
        server.open_drop(1, stock, per_user=per_user)
        server.open_drop(2, 50)
        heard = []
        with server.connect() as buyer:
            for i in range(1500):
                user, quantity = f"user {chance.randint(1, 60)}", chance.randint(1, 3)
                reply = buyer.buy(2 if i % 7 == 0 else 1, user, quantity, chance.randint(1, 400))
                heard.append(reply)
                if i == 700 and restock:
                    server.operator.adjust(1, restock)
        self.assertEqual(server.stop(), 0)
        return heard

    def same(self, rules, stock, per_user, restock):
        self.sell("was", 100, 4, restock)
        was, data = sluice.replay_state(self.data, "--orders"), self.data
        self.sell("would-be", stock, per_user, restock)
        would_be = sluice.replay_state(self.data, "--orders")
        answer = what_if(data, rules, "--drop", 1)
        self.assertEqual(answer["attempts_log"]["missing"], 0)
        self.assertGreater(answer["attempts_log"]["entries"], 0)
        drop = answer["drops"][0]
        for name in ("stock", "sold", "remaining", "orders", "per_user_limit"):
            self.assertEqual(drop["would_be"][name], would_be["drops"][0][name], name)
        gains, losses = differing(holdings(was["drops"][0]), holdings(would_be["drops"][0]))
        self.assertEqual((set(told(drop["would_gain"])), set(told(drop["would_lose"]))), (gains, losses))
        return gains, losses

    def test_more_stock_is_what_a_sale_with_more_stock_was(self):
        gains, _ = self.same("stock=180", 180, 4, 0)
        self.assertTrue(gains)

    def test_another_limit_is_what_a_sale_with_that_limit_was(self):
        gains, losses = self.same("per-user=2", 100, 2, 30)
        self.assertTrue(gains and losses)

    def test_both_and_less(self):
        gains, losses = self.same("stock=40,per-user=0", 40, 0, 30)
        self.assertTrue(gains or losses)


if __name__ == "__main__":
    sluice.main()
