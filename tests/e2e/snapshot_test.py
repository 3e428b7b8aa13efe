#!/usr/bin/python3
"""Snapshots of a running server: when they are due, what a start makes of them, what they let go."""
import glob
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

SMALL = ("--segment-size", "1MiB", "--block-size-max", "64KiB")
BY_HAND = (*SMALL, "--snapshot-interval", "0", "--snapshot-bytes", "0")


class Snapshots(sluice.Case):
    def files(self, pattern):
        return sorted(os.path.basename(path) for path in glob.glob(os.path.join(self.data, pattern)))

    def snapshots(self):
        return self.files("snapshot-*.snap")

    def segments(self):
        return self.files("segment-*.journal")

    def sell(self, server, count, first=0, drop=1):
        with server.connect() as buyer:
            for number in range(first, first + count):
                self.assertEqual(buyer.buy(drop=drop, user=f"u{number % 7}", key=number + 1).status, "ACCEPTED")

    def sell_much(self, server, requests=60000, seed=1):
        """More than two segments of events."""
        self.load(server, "--connections", 4, "--window", 128, "--requests", requests, "--drop", "1", "--users",
                  5000, "--seed", seed)

    def snapshot(self, server):
        answer = server.sluice("snapshot")
        self.assertEqual(answer["status"], "STATUS_ACCEPTED")
        return answer["sequence"]

    def flip(self, name, offset):
        with open(os.path.join(self.data, name), "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 4]))

    def assert_comes_back(self, server, before):
        after = server.status()
        for key in ("applied_sequence", "digest", "drops", "orders"):
            self.assertEqual(after[key], before[key], key)

    def test_on_request_it_is_on_disk_when_the_operator_hears_of_it(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 1000, per_user=100)
        self.sell(server, 40)
        sequence = self.snapshot(server)
        self.assertEqual(sequence, 41)
        self.assertEqual(self.snapshots(), [f"snapshot-{sequence:020}.snap"])
        status = server.status()
        self.assertEqual((status["snapshot_sequence"], status["snapshots_written"], status["snapshot_error"]),
                         (sequence, 1, ""))
        self.assertEqual(status["snapshot_bytes"], os.path.getsize(os.path.join(self.data, self.snapshots()[0])))
        self.assertEqual(self.snapshot(server), sequence, "nothing happened since: the old one is as good")
        self.assertEqual(len(self.snapshots()), 1)

    def test_a_start_begins_from_it_and_replays_only_what_came_later(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 10_000_000)
        self.sell_much(server)
        sequence = self.snapshot(server)
        self.sell(server, 25, first=1 << 40)
        before = server.status()
        server.kill()
        server.start()
        self.assert_comes_back(server, before)
        self.assertEqual(server.status()["restored_events"], before["applied_sequence"] - sequence)
        self.assert_durable_digest(server)
        self.audit()

    def test_keys_limits_cancellations_and_operators_keys_live_on_in_it(self):
        server = self.start(*BY_HAND)
        operator = server.operator
        operator.open_drop(1, 100, per_user=3, op_key=11)
        operator.open_drop(2, 5, op_key=12)
        operator.open_drop(3, 5, op_key=13)
        with server.connect() as buyer:
            kept = buyer.buy(user="anna", quantity=2, key=1)
            taken_back = buyer.buy(user="anna", quantity=1, key=2)
            buyer.buy(drop=2, user="bert", quantity=5, key=3)
        operator.cancel(taken_back.order_id, op_key=14)
        operator.close_drop(3, op_key=15)
        operator.purge(3, op_key=16)
        self.snapshot(server)
        before = server.status()
        server.kill()
        server.start()
        self.assertEqual(server.status()["restored_events"], 0)
        self.assert_comes_back(server, before)
        with server.connect() as buyer:
            again = buyer.buy(user="anna", quantity=2, key=1)
            self.assertEqual((again.status, again.replayed, again.order_id), ("ACCEPTED", True, kept.order_id))
            self.assertEqual(buyer.buy(user="anna", quantity=1, key=1).status, "CONFLICT")
            self.assertEqual(buyer.buy(user="anna", quantity=1, key=2).status, "CANCELLED")
            self.assertEqual(buyer.buy(user="anna", quantity=2, key=4).status, "LIMIT_EXCEEDED")
            self.assertEqual(buyer.buy(user="anna", quantity=1, key=5).status, "ACCEPTED")
            self.assertEqual(buyer.buy(drop=2, user="carl", key=6).status, "SOLD_OUT")
            self.assertEqual(buyer.buy(drop=3, user="carl", key=7).status, "UNKNOWN_DROP")
        operator = server.operator
        self.assertTrue(operator.open_drop(1, 100, per_user=3, op_key=11).replayed)
        self.assertTrue(operator.cancel(taken_back.order_id, op_key=14).replayed)
        self.assertTrue(operator.purge(3, op_key=16).replayed)

    def test_sigusr1_takes_one(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 1000)
        self.sell(server, 10)
        os.kill(server.pid, signal.SIGUSR1)
        sluice.until(lambda: server.status()["snapshot_sequence"] == 11, "the snapshot is written")
        self.assertEqual(len(self.snapshots()), 1)

    def test_due_by_time_while_anything_happens_and_never_without(self):
        server = self.start(*SMALL, "--snapshot-interval", "50ms", "--snapshot-bytes", "0")
        server.open_drop(1, 1000)
        sluice.until(lambda: server.status()["snapshot_sequence"] == 1, "the first one is due")
        self.sell(server, 5)
        sluice.until(lambda: server.status()["snapshot_sequence"] == 6, "the next one is due")
        written = server.status()["snapshots_written"]
        self.sell(server, 1, first=5)
        sluice.until(lambda: server.status()["snapshot_sequence"] == 7, "and the next")
        self.assertGreater(server.status()["snapshots_written"], written)
        self.assertLessEqual(server.status()["snapshots_written"], 7, "one for each change at most")

    def test_due_by_size_and_the_journal_stays_bounded(self):
        server = self.start(*SMALL, "--snapshot-interval", "0", "--snapshot-bytes", "1MiB")
        server.open_drop(1, 100_000_000)
        for seed in range(1, 7):
            self.sell_much(server, seed=seed)
            sluice.until(lambda seed=seed: server.status()["snapshots_written"] >= min(seed, 3), "one is due")
        sluice.until(lambda: len(self.segments()) <= 9 and len(self.snapshots()) == 2, "what is covered goes")
        self.assertNotIn("segment-0000000001.journal", self.segments())
        before = server.status()
        server.kill()
        server.start()
        self.assert_comes_back(server, before)
        self.assertLess(server.status()["restored_events"], before["applied_sequence"])
        self.assert_durable_digest(server)
        self.audit()

    def test_retain_all_keeps_everything(self):
        server = self.start(*BY_HAND, "--retain", "all")
        server.open_drop(1, 10_000_000)
        for seed in (1, 2, 3, 4):
            self.sell_much(server, seed=seed)
            self.snapshot(server)
        self.assertEqual(len(self.snapshots()), 4)
        self.assertEqual(self.segments()[0], "segment-0000000001.journal")

    def test_retain_archive_moves_what_is_covered_and_the_archive_replays_to_the_same_state(self):
        archive = os.path.join(self.folder, "archive")
        os.mkdir(archive)
        server = self.start(*BY_HAND, "--retain", f"archive:{archive}")
        server.open_drop(1, 10_000_000)
        for seed in (1, 2, 3):
            self.sell_much(server, seed=seed)
            self.snapshot(server)
        self.assertIn("segment-0000000001.journal", os.listdir(archive))
        self.assertNotIn("segment-0000000001.journal", self.segments())
        status = server.status()
        self.assertEqual(server.stop(), 0)
        whole = os.path.join(self.folder, "whole")
        os.mkdir(whole)
        for folder in (archive, self.data):
            for name in os.listdir(folder):
                if name.startswith("segment-") or name == "lock":
                    os.link(os.path.join(folder, name), os.path.join(whole, name))
        state = sluice.replay_state(whole)
        self.assertEqual((state["sequence"], state["digest"]), (status["applied_sequence"], status["digest"]))

    def test_a_damaged_one_is_passed_over_loudly_and_the_one_before_serves(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 10_000_000)
        self.sell(server, 30)
        first = self.snapshot(server)
        self.sell(server, 30, first=30)
        self.snapshot(server)
        self.sell(server, 30, first=60)
        before = server.status()
        server.kill()
        self.flip(self.snapshots()[1], 5000)
        server.start()
        self.assert_comes_back(server, before)
        self.assertEqual(server.status()["restored_events"], before["applied_sequence"] - first)
        self.assertIn(self.snapshots()[1], server.log())
        self.assertIn("warn", server.log())

    def test_without_a_good_one_and_with_the_beginning_gone_the_start_is_refused(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 10_000_000)
        for seed in (1, 2, 3):
            self.sell_much(server, seed=seed)
            self.snapshot(server)
        server.kill()
        self.assertNotIn("segment-0000000001.journal", self.segments())
        names = self.snapshots()
        for name in names:
            self.flip(name, 4200)
        kept = {name: os.path.getsize(os.path.join(self.data, name)) for name in os.listdir(self.data)}
        refused = self.spawn(*BY_HAND)
        self.assertEqual(refused.wait(), 4, refused.log())
        self.assertIn(names[-1], refused.log())
        for name, size in kept.items():
            if name != "control.sock":
                self.assertEqual(os.path.getsize(os.path.join(self.data, name)), size, name)

    def test_one_that_is_newer_than_the_journal_is_refused(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 10_000_000)
        self.sell(server, 30)
        server.kill()
        short = {name: open(os.path.join(self.data, name), "rb").read() for name in self.segments()}
        server.start()
        self.sell(server, 30, first=30)
        self.snapshot(server)
        server.kill()
        for name, content in short.items():
            with open(os.path.join(self.data, name), "wb") as file:
                file.write(content)
        refused = self.spawn(*BY_HAND)
        self.assertEqual(refused.wait(), 4, refused.log())

    def test_a_snapshot_under_load_is_answered_and_what_follows_is_exact(self):
        server = self.start(*SMALL, "--snapshot-interval", "20ms", "--io-threads", "2")
        for drop in (1, 2, 3):
            server.open_drop(drop, 50_000_000, per_user=0 if drop == 1 else 1_000_000)
        ledger = os.path.join(self.folder, "ledger")
        load = self.load(server, "--connections", 6, "--window", 64, "--duration", 3600, "--drop", "1:2", "--drop",
                         "2:1", "--drop", "3:1", "--users", 3000, "--ledger", ledger, background=True)
        try:
            sluice.until(lambda: server.status()["snapshots_written"] >= 5, "five are written under load", 60)
            self.assertIsNone(load.poll(), "the load has given up")
            server.kill()
        finally:
            load.terminate()
            load.communicate(timeout=60)
        server.start()
        self.assert_durable_digest(server)
        self.audit("--ledger", ledger)

    def beside_three_snapshots(self, server, command):
        """Each snapshot can make the program begin again, and it does so more often than three times."""
        # pylint: disable=consider-using-with
        reader = subprocess.Popen([sluice.REPLAY, command, self.data], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3):
            self.snapshot(server)
        output, _ = reader.communicate(timeout=120)
        self.assertEqual(reader.returncode, 0, f"{command}: {output}")

    def test_replay_beside_a_server_that_removes_what_it_reads_begins_again_and_is_right(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 100_000_000)
        load = self.load(server, "--connections", 4, "--window", 64, "--duration", 3600, "--drop", "1", "--users",
                         3000, "--rate", 20000, background=True)
        try:
            while "segment-0000000001.journal" in self.segments():
                self.snapshot(server)
            for _ in range(6):
                for command in ("verify", "state", "audit"):
                    self.beside_three_snapshots(server, command)
            self.assertIsNone(load.poll(), "the load has given up")
        finally:
            load.terminate()
            load.communicate(timeout=60)

    def test_replay_compact_makes_a_directory_that_serves_the_same_state(self):
        server = self.start(*BY_HAND)
        server.open_drop(1, 10_000_000, per_user=100)
        self.sell(server, 30)
        before = server.status()
        self.assertEqual(server.stop(), 0)
        into = os.path.join(self.folder, "compacted")
        sluice.run(sluice.REPLAY, "compact", self.data, "--into", into, check=0)
        self.assertEqual([name for name in os.listdir(into) if name.startswith("segment-")], [])
        again = sluice.run(sluice.REPLAY, "state", into, "--json", check=0)
        self.assertEqual(json.loads(again.stdout)["digest"], before["digest"])
        self.data = into
        server = self.start(*BY_HAND)
        self.assert_comes_back(server, before)
        with server.connect() as buyer:
            self.assertTrue(buyer.buy(user="u3", key=4).replayed)
            bought = buyer.buy(user="u3", key=1000)
            self.assertEqual(bought.status, "ACCEPTED")
            self.assertGreater(bought.sequence, before["applied_sequence"])
        server.kill()
        server.start()
        self.assert_durable_digest(server)
        self.audit()

    def test_a_bad_retain_is_refused_before_anything_is_touched(self):
        for value in ("1", "none", "archive:", "archive:/nowhere/at/all", "2x"):
            refused = self.spawn("--retain", value)
            self.assertEqual(refused.wait(), 3, f"{value}: {refused.log()}")
            self.assertIn("retain", refused.log())


sluice.main()
