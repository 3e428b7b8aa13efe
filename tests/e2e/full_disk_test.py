#!/usr/bin/python3
"""Disks that fill up, as an operator meets them: READ_ONLY before they are full, room brings the server back by
itself, a stop needs no room. The file systems are small ones of our own."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
from control import Refused
from small_disk import MIB, SmallDisk

FLAGS = ("--segment-size", "1MiB", "--block-size-max", "64KiB", "--attempts-log-size", "64KiB",
         "--snapshot-interval", "0", "--snapshot-bytes", "0")
MIN_FREE = 4 * MIB


class OnASmallDisk(sluice.Case):
    def small_disk(self, kind, size_bytes=96 * MIB):
        """Servers live on it from here on; it goes behind the test, however that ends."""
        disk = SmallDisk(kind, size_bytes)
        self.addCleanup(disk.remove)
        self.addCleanup(self.kill_servers)
        self.data = os.path.join(disk.mount_point, "data")
        os.mkdir(self.data)
        return disk

    def kill_servers(self):
        for server in self.servers:
            server.kill()

    def read_only(self, server):
        return server.status()["read_only"]

    def until_read_only(self, server):
        sluice.until(lambda: self.read_only(server), "READ_ONLY")

    def until_it_sells(self, server):
        sluice.until(lambda: not self.read_only(server), "it sells again")

    def win(self, server, count, prefix, drop=1):
        """Buys until `count` orders are accepted: [(user, key, order_id)]."""
        orders = []
        with server.connect() as buyer:
            for number in range(count):
                reply = buyer.buy(drop=drop, user=f"{prefix}{number}", key=number + 1)
                self.assertEqual(reply.status, "ACCEPTED")
                orders.append((f"{prefix}{number}", number + 1, reply.order_id))
        return orders

    def assert_stand(self, server, orders, drop=1):
        """Every winner that asks again hears of the same order."""
        with server.connect() as buyer:
            for user, key, order_id in orders:
                reply = buyer.buy(drop=drop, user=user, key=key)
                self.assertEqual((reply.status, reply.replayed, reply.order_id), ("ACCEPTED", True, order_id))

    def assert_refuses_change(self, change):
        with self.assertRaises(Refused) as refused:
            change()
        self.assertIn("READ_ONLY", str(refused.exception))


class ReadOnly(OnASmallDisk):
    def test_a_tmpfs_fills_up_under_load_and_is_emptied_again(self):
        self.fills_up_and_is_emptied("tmpfs")

    def test_an_ext4_fills_up_under_load_and_is_emptied_again(self):
        self.fills_up_and_is_emptied("ext4")

    def fills_up_and_is_emptied(self, kind):
        disk = self.small_disk(kind)
        flags = FLAGS + ("--min-free", str(MIN_FREE))
        server = self.start(*flags)
        server.open_drop(1, 100_000_000)
        server.operator.open_drop(2, 5, op_key=77)
        winners = self.win(server, 5, "last", drop=2)
        ledger = os.path.join(self.folder, "ledger")
        load = self.load(server, "--connections", 4, "--window", 32, "--duration", 3600, "--drop", "1",
                         "--users", 5000, "--ledger", ledger, "--retry-until-up", 60, background=True)
        try:
            sluice.until(lambda: server.status()["orders"] > 500, "the load sells")
            disk.fill(leave_bytes=MIN_FREE - MIB)
            self.until_read_only(server)
        finally:
            load.terminate()
            output, _ = load.communicate(timeout=60)
        self.assertRegex(self.read_only(server), "min-free|No space left", output)
        self.assertIn("read_only", output)  # the load heard of it, and of nothing absurd
        self.read_only_in_every_way(server, winners)
        disk.make_room()
        self.until_it_sells(server)
        sluice.until(lambda: "there is room again: selling" in server.log(), "the log says so")
        with server.connect() as buyer:
            reply = buyer.buy(user="nobody", key=4711)
            self.assertEqual((reply.status, reply.replayed), ("ACCEPTED", False))
        disk.fill()
        self.until_read_only(server)
        digest = server.status()["digest"]
        self.assertEqual(server.stop(), 0)
        self.assertEqual(sluice.replay_state(self.data)["digest"], digest)
        server = self.start(*flags)  # with the disk as full as it is
        self.until_read_only(server)
        self.assertEqual(server.status()["digest"], digest)
        self.assert_stand(server, winners, drop=2)
        self.assertEqual(server.stop(), 0)
        self.audit("--ledger", ledger)

    def read_only_in_every_way(self, server, winners):
        sequence = server.status()["applied_sequence"]
        with server.connect() as buyer:
            for _ in range(50):
                self.assertEqual(buyer.buy(user="nobody", key=4711).status, "READ_ONLY")
            self.assertEqual(buyer.buy(drop=2, user="nobody", key=4711).status, "SOLD_OUT")
            self.assertEqual(buyer.buy(drop=99, user="nobody", key=4711).status, "UNKNOWN_DROP")
            self.assertEqual(buyer.buy(drop=2, user=winners[0][0], key=winners[0][1], quantity=2).status, "CONFLICT")
        self.assert_stand(server, winners, drop=2)
        self.assert_refuses_change(lambda: server.open_drop(3, 5))
        self.assert_refuses_change(lambda: server.operator.adjust(1, 5))
        self.assertTrue(server.operator.open_drop(2, 5, op_key=77).replayed)
        self.assertEqual(server.status()["applied_sequence"], sequence)  # nothing of all that was an event
        shown = sluice.run(sluice.SLUICE, "--control", server.control, "status", check=0).stdout
        self.assertIn(self.read_only(server), shown)
        user, key, order_id = winners.pop()
        server.operator.cancel(order_id)
        self.assertEqual(server.status()["applied_sequence"], sequence + 1)
        with server.connect() as buyer:
            self.assertEqual(buyer.buy(drop=2, user=user, key=key).status, "CANCELLED")
            self.assertEqual(buyer.buy(drop=2, user="nobody", key=4711).status, "READ_ONLY")  # it could be bought now
        server.operator.close_drop(2)
        with server.connect() as buyer:
            self.assertEqual(buyer.buy(drop=2, user="nobody", key=4711).status, "CLOSED")

    def test_without_a_next_segment_it_sells_up_to_the_reserve_which_operators_can_use_up(self):
        disk = self.small_disk("ext4")
        server = self.start(*FLAGS, "--min-free", "0", "--attempts-log", "off")
        server.open_drop(1, 100_000_000)
        winners = self.win(server, 300, "early")
        disk.fill()
        ledger = os.path.join(self.folder, "ledger")
        load = self.load(server, "--connections", 4, "--window", 32, "--duration", 3600, "--drop", "1",
                         "--users", 5000, "--ledger", ledger, background=True)
        try:
            self.until_read_only(server)
        finally:
            load.terminate()
            load.communicate(timeout=60)
        self.assertIn("No space left on device", self.read_only(server))
        cancelled = 0
        try:
            for _, _, order_id in winners:
                server.operator.cancel(order_id)
                cancelled += 1
        except Refused as refused:
            self.assertIn("READ_ONLY", str(refused))
        self.assertGreaterEqual(cancelled, 10)
        self.assertLess(cancelled, len(winners))  # the reserve has an end, and it was met
        self.assert_stand(server, winners[cancelled:])
        digest = server.status()["digest"]
        self.assertEqual(server.stop(), 0)
        disk.make_room()
        server = self.start(*FLAGS, "--min-free", "0", "--attempts-log", "off")
        self.assertEqual(server.status()["digest"], digest)
        self.until_it_sells(server)
        server.operator.cancel(winners[cancelled][2])
        self.assertEqual(server.stop(), 0)
        self.audit("--ledger", ledger)


if __name__ == "__main__":
    sluice.main()
