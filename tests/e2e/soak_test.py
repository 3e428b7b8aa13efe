#!/usr/bin/python3
"""Drops that come and go under load for SLC_SOAK_SECONDS: what the engine holds on to stays the same, in
memory, in descriptors and on disk, and so does what a crash costs; and all that went is in the archive."""
import glob
import os
import re
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice

SECONDS = sluice.amount("SLC_SOAK_SECONDS", 10)
WORKERS = 3
STOCK = 150         # of each drop
BATCH = 64          # BUYs that are on their way at once
DROPS_LIVE = 4      # of each worker; the oldest is purged
SEGMENTS_LEAST = 8  # that one half of the run goes through, however slow the disk is
SNAPSHOTS_LEAST = 3
MIB = 1 << 20
# What a heap may keep of a peak, and what the tables of a moment's drops may need more than another's.
MEMORY_SLACK = 16 * MIB


class Worker(threading.Thread):
    """Opens a drop, sells it out and on, gives units back, closes it, purges an older one; and again."""

    def __init__(self, server, number, first_drop):
        super().__init__()
        self.server, self.number, self.drop = server, number, first_drop
        self.stop = threading.Event()
        self.wrong = None
        self.accepted = self.refused = self.cancelled = self.purged = 0
        self.live = []    # drops, oldest first
        self.won = {}     # drop -> [(user, key, order_id)] that were not cancelled
        self.unsure = set()  # orders whose cancellation had no answer

    def run(self):
        try:
            with self.server.connect() as buyer:
                while not self.stop.is_set():
                    self.one_drop(buyer)
        except (raw.Closed, OSError) as error:
            if not self.stop.is_set():
                self.wrong = repr(error)
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.wrong = repr(error)

    def buy_some(self, buyer, first_key):
        users = [f"user{(first_key + i) % 50}" for i in range(BATCH)]
        buyer.send(b"".join(raw.framed(raw.buy_body(i, self.drop, user, None, first_key + i))
                            for i, user in enumerate(users)))
        for i, user in enumerate(users):
            reply = buyer.read_reply()
            assert reply.request_id == i, f"the answer to {reply.request_id}, not to {i}"
            if reply.status == "ACCEPTED":
                self.accepted += 1
                self.won[self.drop].append((user, first_key + i, reply.order_id))
            else:
                assert reply.status == "SOLD_OUT", reply.status
                self.refused += 1

    def one_drop(self, buyer):
        operator = self.server.operator
        self.drop += WORKERS
        operator.open_drop(self.drop, STOCK, per_user=20, name=f"soak {self.drop}")
        self.won[self.drop] = []
        self.live.append(self.drop)
        for round_number in range(4):  # the last ones find it sold out
            self.buy_some(buyer, 1 + round_number * BATCH)
        for _ in range(5):
            user, key, order = self.won[self.drop].pop()
            self.unsure.add(order)
            operator.cancel(order)
            self.cancelled += 1
            assert buyer.buy(self.drop, user, None, key).status == "CANCELLED"
        operator.adjust(self.drop, 5)
        self.buy_some(buyer, 1 + 4 * BATCH)
        operator.close_drop(self.drop)
        if len(self.live) > DROPS_LIVE:
            oldest = self.live.pop(0)
            del self.won[oldest]
            operator.purge(oldest)
            self.purged += 1


class Soak(sluice.Case):
    def setUp(self):
        super().setUp()
        self.archive = os.path.join(self.folder, "archive")
        os.mkdir(self.archive)
        self.next_drop = 1

    def segments(self, folder=None):
        return sorted(int(re.search(r"segment-(\d+)", path)[1])
                      for path in glob.glob(os.path.join(folder or self.data, "segment-*.journal")))

    def snapshots(self):
        return glob.glob(os.path.join(self.data, "snapshot-*.snap"))

    def memory(self, server):
        with open(f"/proc/{server.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024

    def descriptors(self, server):
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    def begin(self, server):
        workers = [Worker(server, number, self.next_drop + number) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        return workers

    def check_alive(self, workers):
        for worker in workers:
            self.assertIsNone(worker.wrong)

    def end(self, workers):
        for worker in workers:
            worker.stop.set()
        for worker in workers:
            worker.join()
        self.check_alive(workers)
        self.next_drop = max(worker.drop for worker in workers) + WORKERS

    def work(self, server, seconds):
        """Load for so long, and until enough has happened; prints what is held meanwhile."""
        workers = self.begin(server)
        newest, written = self.segments()[-1], server.status()["snapshots_written"]
        begun = told = time.monotonic()
        while True:
            time.sleep(0.2)
            self.check_alive(workers)
            status, segments = server.status(), self.segments()
            now = time.monotonic()
            if now - told >= max(1, seconds / 10):
                told = now
                print(f"{now - begun:6.1f} s: event {status['applied_sequence']}, {len(segments)} segments of "
                      f"{segments[-1]}, {status['snapshots_written']} snapshots, "
                      f"{self.memory(server) / MIB:.1f} MiB, {self.descriptors(server)} descriptors",
                      file=sys.stderr)
            if now - begun >= seconds and segments[-1] - newest >= SEGMENTS_LEAST and \
                    status["snapshots_written"] - written >= SNAPSHOTS_LEAST:
                break
        self.end(workers)
        for name in ("accepted", "refused", "cancelled", "purged"):
            self.assertGreater(sum(getattr(worker, name) for worker in workers), 0, name)

    def rest(self, server):
        """Two snapshots of the same quiet state: what is kept then depends on nothing that went before."""
        for _ in range(2):
            server.open_drop(self.next_drop, 1)
            server.operator.close_drop(self.next_drop)
            server.operator.purge(self.next_drop)
            self.next_drop += WORKERS
            wanted = server.operator.snapshot()
            sluice.until(lambda w=wanted: server.status()["snapshot_sequence"] >= w, "a snapshot")
        sluice.until(lambda: server.status()["connections"] <= 1, "no connection but the one that asks")
        sluice.until(lambda: len(self.snapshots()) == 2 and len(self.segments()) <= 2,
                     "two snapshots, and the segments behind the older one")
        time.sleep(0.3)  # a purge is taken apart beside the idle engine
        return self.memory(server), self.descriptors(server)

    def whole_journal(self):
        """All that ever was journaled, put together from the archive and what is still there."""
        whole = os.path.join(self.folder, "whole")
        os.mkdir(whole)
        for folder in (self.archive, self.data):
            for path in glob.glob(os.path.join(folder, "segment-*.journal")):
                shutil.copy(path, whole)
        shutil.copy(os.path.join(self.data, "lock"), whole)
        numbers = self.segments(whole)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "no segment went missing")
        return whole

    def test_nothing_grows_but_the_archive_and_a_crash_costs_what_came_behind_the_last_snapshot(self):
        server = self.start("--segment-size", "1MiB", "--block-size-max", "64KiB", "--snapshot-interval", "1s",
                            "--retain", f"archive:{self.archive}")
        self.work(server, SECONDS * 0.3)
        warm = self.rest(server)
        self.work(server, SECONDS * 0.7)
        memory, descriptors = self.rest(server)
        print(f"at rest: {warm[0] / MIB:.1f} then {memory / MIB:.1f} MiB, {warm[1]} then {descriptors} descriptors, "
              f"{len(self.segments())} segments of {self.segments()[-1]}", file=sys.stderr)
        self.assertLessEqual(memory, warm[0] + MEMORY_SLACK)
        self.assertEqual(descriptors, warm[1])
        self.assertEqual(server.status()["snapshots_failed"], 0)
        self.crash(server)

    def crash(self, server):
        workers = self.begin(server)
        first = server.status()["snapshots_written"]

        def mostly_covered():
            self.check_alive(workers)
            status = server.status()
            return (status["snapshots_written"] >= first + 2 and all(worker.purged > 0 for worker in workers)
                    and status["snapshot_sequence"] * 2 > status["applied_sequence"])

        sluice.until(mostly_covered, "snapshots under load", within_s=120)
        covered = server.status()["snapshot_sequence"]
        for worker in workers:
            worker.stop.set()  # from here on a connection that breaks is what was asked for
        server.kill()
        for worker in workers:
            worker.join()
        self.check_alive(workers)

        server.start()
        status = server.status()
        print(f"restored {status['restored_events']} of {status['applied_sequence']} events", file=sys.stderr)
        self.assertLessEqual(status["restored_events"], status["applied_sequence"] - covered)
        self.check_winners(server, workers)
        server.stop()
        self.check_whole(status)

    def check_winners(self, server, workers):
        """Each order that was acknowledged and not cancelled is known by its key."""
        asked = 0
        with server.connect() as buyer:
            for worker in workers:
                for drop in worker.live:
                    for user, key, order in worker.won[drop]:
                        if order in worker.unsure:
                            continue
                        reply = buyer.buy(drop, user, None, key)
                        self.assertEqual((reply.status, reply.replayed, reply.order_id), ("ACCEPTED", True, order))
                        asked += 1
        self.assertGreater(asked, 0)

    def check_whole(self, status):
        state = sluice.replay_state(self.whole_journal(), "--until", status["applied_sequence"])
        self.assertEqual((state["sequence"], state["digest"]), (status["applied_sequence"], status["digest"]))


sluice.main()
