#!/usr/bin/python3
"""kill -9 under load, and disks that fail: what was answered stands, everything else did or did not happen.

    crash_test.py [TEST]               the suite; SLC_SEED, SLC_KILL_ROUNDS
    crash_test.py --life SEED:NUMBER   one life of the kills again"""
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import changes
import sluice

ROUNDS = sluice.amount("SLC_KILL_ROUNDS", 20)
SEED = sluice.amount("SLC_SEED", 1)
KILLS_OF_A_LIFE = 10
AT_A_TIME = 2
SNAPSHOTS = ("--snapshot-interval", "20ms", "--snapshot-bytes", "64KiB")


def ledger_of(path):
    """(drop, user, key) -> set of order ids that clients heard ACCEPTED for."""
    orders = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            order_id, drop, user, _quantity, key, _sequence, _replayed = line.rstrip("\n").split("\t")
            orders.setdefault((drop, user, key), set()).add(order_id)
    return orders


class Life:
    """One directory, one load and one operator over several kills. The clients go on over each of them with
    the same keys, and one ledger over the whole life is compared at its end."""

    def __init__(self, seed, number):
        self.name = f"{seed}:{number}"
        self.chance = random.Random(self.name)
        self.folder = tempfile.mkdtemp(prefix="slc-kill-")
        self.data, self.ledger = os.path.join(self.folder, "data"), os.path.join(self.folder, "ledger")
        self.aims = ("segment-", "snapshot") if number % 2 else ("segment-",)
        flags = ["--segment-size", "1MiB", "--block-size-max", "256KiB", "--io-threads", "2"]
        self.server = sluice.Server(self.data, *flags, *(SNAPSHOTS if number % 2 else ()))
        self.load = self.changes = None
        self.kills = 0

    def run(self, kills):
        """Raises what went wrong; answers lines of the ledger."""
        self.server.start()
        self.server.command[self.server.command.index("--listen") + 1] = self.server.address  # they come back to it
        self.begin()
        while self.kills < kills:
            before = self.server.status()["orders"]
            self.wait_for_the_moment(before)
            self.server.kill()
            self.kills += 1
            if self.kills < kills and self.chance.random() < 0.25:  # once more, while it starts
                self.server.spawn()
                time.sleep(self.chance.uniform(0, 0.1))
                self.server.kill()
                self.kills += 1
            self.server.start()
            self.must(self.server.status()["orders"] >= before, "orders are gone")
            self.changes.check()
            self.must(self.load.poll() is None, "the load has given up")
        return self.end()

    def begin(self):
        for drop in (1, 2, 3):
            self.server.open_drop(drop, 100_000_000, per_user=0 if drop == 1 else 100_000)
        command = [sluice.LOAD, "--connect", self.server.address, "--connections", 8, "--window", 16, "--duration",
                   3600, "--drop", "1:3", "--drop", "2:2", "--drop", "3:1", "--users", 5000, "--seed",
                   self.chance.getrandbits(32), "--ledger", self.ledger, "--retry-until-up", 60]
        # pylint: disable=consider-using-with
        self.load = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.changes = changes.Changes(self.server, self.chance)

    def wait_for_the_moment(self, orders):
        if self.chance.random() < 0.5:
            sluice.wait_for_new_name(self.data, self.chance.choice(self.aims))
            time.sleep(self.chance.uniform(0, 0.005))
        else:
            time.sleep(self.chance.uniform(0.02, 0.3))
        sluice.until(lambda: self.server.status()["orders"] > orders, "load goes on")

    def end(self):
        self.load.terminate()
        self.load.wait(60)
        self.changes.stop()
        self.changes.check()
        self.must(self.server.stop() == 0, "it does not stop with exit 0")
        heard = ledger_of(self.ledger)
        self.must([key for key, orders in heard.items() if len(orders) != 1] == [], "a key bought twice")
        done = sluice.run(sluice.REPLAY, "audit", self.data, "--ledger", self.ledger)
        self.must(done.returncode == 0, f"replay audit: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return len(heard)

    def must(self, good, what):
        if not good:
            raise AssertionError(f"life {self.name}, behind {self.kills} kills: {what}\n{self.server.log()}")

    def close(self):
        if self.changes is not None:
            self.changes.stopping.set()
            self.changes.thread.join(60)
        if self.load is not None and self.load.poll() is None:
            self.load.kill()
            self.load.wait()
        self.server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def live(seed, number, kills):
    """(the life, orders heard, None or how it failed)"""
    life = Life(seed, number)
    try:
        return life, life.run(kills), None
    except Exception:  # pylint: disable=broad-except
        return life, 0, f"{traceback.format_exc()}\n{life.server.log()}"
    finally:
        life.close()


class Crash(sluice.Case):
    def test_kills_under_load_lose_nothing_and_sell_nothing_twice(self):
        """What operators were told stands as well, and what a kill left unanswered happens exactly once."""
        amounts = [min(KILLS_OF_A_LIFE, ROUNDS - done) for done in range(0, ROUNDS, KILLS_OF_A_LIFE)]
        kills = orders = told = again = 0
        failures = []
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            for future in [pool.submit(live, SEED, number, amount) for number, amount in enumerate(amounts)]:
                life, heard, failure = future.result()
                kills, orders = kills + life.kills, orders + heard
                if life.changes is not None:
                    told, again = told + life.changes.acknowledged, again + life.changes.asked_again
                if failure is not None:
                    failures.append(f"life {life.name}: {failure}")
                    print(f"again: tests/e2e/crash_test.py --life {life.name}", flush=True)
        print(f"kills: tried {kills}, failed {len(failures)}, {orders} orders and {told} changes heard, {again} of "
              f"them asked again, seed {SEED}", flush=True)
        self.assertEqual(failures, [], "\n".join(failures))
        self.assertEqual(kills, ROUNDS)
        self.assertGreater(orders, ROUNDS)
        self.assertGreater(told, ROUNDS)

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
        self.start("--segment-size", "4MiB").stop()  # strace counts by thread and by file: let this one exist
        segment = os.path.join(self.data, "segment-0000000001.journal")
        server = self.start("--segment-size", "4MiB",
                            wrap=("strace", "-f", "-qq", "-o", "/dev/null", "-P", segment, "-e", "trace=pwrite64",
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
        for error, count, more in (("EIO", 6, ""), ("EIO", 30, "+"), ("ENOSPC", 17, ""), ("EDQUOT", 50, "+")):
            when = f"{count}{more}"
            with self.subTest(error=error, when=when):
                heard = self.fail_write(error, when)
                self.assertGreater(len(heard), 0)
                # The journal's thread and the I/O thread write blocks, and each is counted for itself.
                self.assertLess(len(heard), 2 * count)
                self.assert_stand(heard)
                self.new_directory()

    def new_directory(self):
        for server in self.servers:
            server.kill()
        os.rename(self.data, self.data + f"-{len(self.servers)}")
        os.mkdir(self.data)


if len(sys.argv) == 3 and sys.argv[1] == "--life":
    print(live(*(int(word) for word in sys.argv[2].split(":")), KILLS_OF_A_LIFE)[1:])
else:
    sluice.main()
