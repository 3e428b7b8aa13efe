#!/usr/bin/python3
"""kill -9 under load, and disks that fail: what was answered stands, everything else did or did not happen."""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

ROUNDS = sluice.amount("SLC_KILL_ROUNDS", 20)
SEED = sluice.amount("SLC_SEED", 1)


def ledger_of(path):
    """(drop, user, key) -> set of order ids that clients heard ACCEPTED for."""
    orders = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            order_id, drop, user, _quantity, key, _sequence, _replayed = line.rstrip("\n").split("\t")
            orders.setdefault((drop, user, key), set()).add(order_id)
    return orders


class Crash(sluice.Case):
    def test_kills_under_load_lose_nothing_and_sell_nothing_twice(self):
        """Clients go on over every kill with the same keys; one ledger over all rounds is compared at the end."""
        chance = random.Random(SEED)
        server = self.start("--segment-size", "4MiB", "--block-size-max", "256KiB", "--io-threads", "2")
        address = server.address
        server.command[server.command.index("--listen") + 1] = address  # the clients come back to it
        for drop in (1, 2, 3):
            server.open_drop(drop, 100_000_000, per_user=0 if drop == 1 else 100_000)
        ledger = os.path.join(self.folder, "ledger")
        load = self.load(server, "--connections", 8, "--window", 64, "--duration", 3600, "--drop", "1:3",
                         "--drop", "2:2", "--drop", "3:1", "--users", 5000, "--seed", SEED, "--ledger", ledger,
                         "--retry-until-up", 60, background=True)
        try:
            for round_number in range(ROUNDS):
                before = server.status()["orders"]
                time.sleep(chance.uniform(0.05, 0.4))
                sluice.until(lambda before=before: server.status()["orders"] > before, "load goes on")
                server.kill()
                server.start()
                self.assertGreaterEqual(server.status()["orders"], before, f"round {round_number}")
                self.assertIsNone(load.poll(), "the load has given up")
        finally:
            load.terminate()
            output, _ = load.communicate(timeout=60)
        self.assertEqual(server.stop(), 0)
        heard = ledger_of(ledger)
        self.assertGreaterEqual(len(heard), ROUNDS, output)  # at least one a round
        self.assertEqual([key for key, orders in heard.items() if len(orders) != 1], [])
        self.audit("--ledger", ledger)

    def test_a_kill_while_starting_leaves_a_directory_that_starts(self):
        chance = random.Random(SEED)
        server = self.start()
        server.open_drop(1, 100_000_000)
        self.load(server, "--connections", 4, "--window", 128, "--requests", 100000, "--drop", "1", "--users", 999)
        digest = server.status()["digest"]
        server.kill()
        for _ in range(10):
            server.spawn()
            time.sleep(chance.uniform(0, 0.1))
            server.kill()
        server.start()
        self.assertEqual(server.status()["digest"], digest)
        self.audit()

    def fail_write(self, error, when):
        """Serves until a write of the journal's thread fails; answers what was heard ACCEPTED before."""
        self.start("--segment-size", "4MiB").stop()  # strace counts by thread: let the first segment exist
        server = self.start("--segment-size", "4MiB",
                            wrap=("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64",
                                  "-e", f"inject=pwrite64:error={error}:when={when}"))
        heard = []
        server.open_drop(1, 1000)
        try:
            with server.connect(timeout_s=30) as buyer:
                for number in range(200):
                    reply = buyer.buy(user=f"u{number}", key=number + 1)
                    if reply.status == "ACCEPTED":
                        heard.append((number, reply.order_id))
        except (sluice.raw.Closed, OSError):
            pass
        self.assertEqual(server.wait(30), 5, server.log())
        self.assertIn("the journal failed, stopping at once", server.log())
        return heard

    def assert_stand(self, heard):
        server = sluice.Server(self.data)
        self.servers.append(server)
        server.start()
        with server.connect() as buyer:
            for number, order_id in heard:
                reply = buyer.buy(user=f"u{number}", key=number + 1)
                self.assertEqual((reply.status, reply.replayed, reply.order_id), ("ACCEPTED", True, order_id))
        self.assertEqual(server.stop(), 0)
        self.audit()

    def test_a_failed_write_stops_the_engine_at_once(self):
        """Also where the next write would succeed: behind a failed one nothing can be believed."""
        for error, when in (("EIO", "6"), ("EIO", "30+"), ("ENOSPC", "17"), ("EDQUOT", "50+")):
            with self.subTest(error=error, when=when):
                heard = self.fail_write(error, when)
                self.assertGreater(len(heard), 0)
                self.assertLess(len(heard), 60)
                self.assert_stand(heard)
                self.new_directory()

    def new_directory(self):
        for server in self.servers:
            server.kill()
        os.rename(self.data, self.data + f"-{len(self.servers)}")
        os.mkdir(self.data)


sluice.main()
