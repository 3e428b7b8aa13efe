#!/usr/bin/python3
"""Power cuts under real file systems. A life is one file system over several cuts: load, cut, what is left
is mounted again, recovered and compared with what clients heard, then load again.

    power_cut_test.py [TEST]                the suite; SLC_SEED, SLC_POWER_CUTS
    power_cut_test.py --life SEED:NUMBER    one life again: cuts behind as many requests, of the same kind"""
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
import cut_disk
import sluice

CUTS = sluice.amount("SLC_POWER_CUTS", 6)
SEED = sluice.amount("SLC_SEED", 1)
CUTS_OF_A_LIFE = 4
AT_A_TIME = 2
SKIPPED = 77
FAILED_DISK = 5
FLAGS = ("--segment-size", "1MiB", "--block-size-max", "64KiB", "--attempts-log-size", "64KiB", "--min-free", "4MiB")
SNAPSHOTS = ("--snapshot-interval", "20ms", "--snapshot-bytes", "64KiB")
LOAD = ("--connections", 6, "--duration", 60, "--drop", "1:4", "--drop", "2:1", "--users", 3000)
WINDOWS = (1, 16, 64)  # from a block of one page to a roll every few dozen blocks
KINDS = (("ext4", "direct", True), ("xfs", "fdatasync", True), ("xfs", "direct", False),
         ("ext4", "fdatasync", False), ("ext4", "direct", False), ("xfs", "fdatasync", False),
         ("xfs", "direct", True), ("ext4", "fdatasync", True))


class Lost(Exception):
    """Something that was acknowledged is not there, or cannot be reached any more."""


class Life:
    """With `lie` the disk lies from the first orders on; with it and with `page_cache` a cut loses all it can."""

    def __init__(self, seed, number, *, lie=False, page_cache=False):
        self.chance = random.Random(f"{seed} {number}")
        self.kind, method, snapshots = KINDS[number % len(KINDS)]
        self.lie, self.control = lie, lie or page_cache
        self.forced = not page_cache
        self.flags = [*FLAGS, *(SNAPSHOTS if snapshots else ())]
        self.flags += ["--journal-method", method] if self.forced else ["--durability", "os"]
        self.name = f"{self.kind} {method if self.forced else 'page-cache'}{' snapshots' if snapshots else ''}"
        self.aims = (None, "segment-", "snapshot" if snapshots else "segment-")
        self.disk = self.server = None
        self.cuts = self.heard = self.sectors_lost = 0
        self.folder = tempfile.mkdtemp(dir=cut_disk.ROOM)
        self.image, self.ledger, self.part, self.control_path = (
            os.path.join(self.folder, name) for name in ("image", "ledger", "part", "control"))
        self.data = os.path.join(self.folder, "fs", "data")
        sluice.run("cp", "--sparse=always", os.path.join(cut_disk.ROOM, self.kind), self.image, check=0)

    def close(self):
        self.close_disk()
        shutil.rmtree(self.folder)

    def close_disk(self):
        if self.server is not None:
            self.server.kill()
        if self.disk is not None:
            self.disk.close()
            self.disk = None

    def run(self, cuts):
        """Raises Lost."""
        for _ in range(cuts):
            self.power_on()
            self.serve_until_cut()
        self.power_on()
        self.start()
        self.retry()
        code = self.server.stop()
        if code != 0:
            raise Lost(f"sluiced behind a recovery: exit {code}\n{self.server.log()}")
        self.audit()

    # ---- steps ----

    def power_on(self):
        """Mounts what is left, and compares the journal with all that was heard, before the engine touches it."""
        self.disk = cut_disk.CutDisk(self.image, self.folder, self.kind)
        try:
            self.disk.mount()
        except cut_disk.Refused as refused:
            raise Lost(str(refused)) from refused
        self.server = sluice.Server(self.data, *self.flags, "--control", self.control_path)
        self.audit()

    def audit(self):
        if self.heard:
            done = sluice.run(sluice.REPLAY, "audit", self.data, "--ledger", self.ledger)
            if done.returncode != 0:
                raise Lost(f"replay audit: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def start(self, early=False):
        """False: the power went while it started, which is early."""
        self.server.spawn()
        self.server.ready.wait(sluice.READY_WITHIN_S)
        if self.server.address is None and not early:
            raise Lost(f"sluiced does not start: exit {self.server.wait(5)}\n{self.server.log()}")
        return self.server.address is not None

    def serve_until_cut(self):
        early = self.cuts > 0 and not self.control and self.chance.random() < 0.2
        aim = None if early or self.control else self.chance.choice(self.aims)
        requests = int(2 ** self.chance.uniform(0, 5 if early or self.control or aim else 10))
        cut = requests, "all" if self.control else self.chance.choice(cut_disk.LOSSES), self.chance.getrandbits(32)
        load = None
        try:
            if early:
                self.disk.arm(*cut)
            if self.start(early):
                self.retry()
                load = self.begin_load(WINDOWS[-1] if aim else self.chance.choice(WINDOWS))
                if self.lie:
                    self.disk.lie()
                    time.sleep(0.2)
        except (sluice.raw.Closed, OSError):
            if not early:
                raise
        try:
            if not early:
                if aim:  # random moments seldom meet a roll
                    sluice.wait_for_new_name(self.data, aim)
                self.disk.arm(*cut)
            self.sectors_lost += self.disk.hear("cut", 60)["lost"]
            self.server_dies()
        finally:
            self.server.kill()
            if load is not None:
                load.wait(30)
                self.keep_ledger()
        self.close_disk()
        self.cuts += 1

    def begin_load(self, window):
        if not self.heard:
            self.server.open_drop(1, 100_000_000)
            self.server.open_drop(2, 20_000, per_user=3)
        before = self.server.status()["orders"]
        load = subprocess.Popen([str(word) for word in (
            sluice.LOAD, "--connect", self.server.address, "--seed", self.chance.getrandbits(32), "--ledger", self.part,
            "--window", window, *LOAD)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            sluice.until(lambda: self.server.status()["orders"] > before, "the first orders of this load")
        except (sluice.raw.Closed, OSError):
            pass  # the power went early
        return load

    def server_dies(self):
        """By itself, at once and with its reason; without forced writes it may not even notice."""
        if not self.forced:
            return
        try:
            code = self.server.wait(30)
        except subprocess.TimeoutExpired as timeout:
            raise Lost(f"sluiced goes on on a disk that died\n{self.server.log()}") from timeout
        if code != FAILED_DISK:
            raise Lost(f"sluiced on a disk that died: exit {code}\n{self.server.log()}")

    # ---- what was heard ----

    def keep_ledger(self):
        with open(self.part, encoding="utf-8") as part, open(self.ledger, "a", encoding="utf-8") as ledger:
            lines = part.readlines()
            ledger.writelines(lines)
        self.heard += len(lines)

    def retry(self):
        """Some winners ask again, the last ones among them: they have to hear of their own order."""
        if not self.heard:
            return
        with open(self.ledger, encoding="utf-8") as file:
            lines = file.readlines()
        with self.server.connect() as buyer:
            for line in lines[-40:] + self.chance.sample(lines, min(20, len(lines))):
                order, drop, user, quantity, key, _sequence, _replayed = line.rstrip("\n").split("\t")
                reply = buyer.buy(int(drop), user, int(quantity), int(key, 16))
                if (reply.status, reply.replayed, reply.order_id) != ("ACCEPTED", True, int(order)):
                    raise Lost(f"a winner's retry heard {reply}, the ledger has {line}")

    def log(self):
        return "" if self.server is None else self.server.log()

    def keep_evidence(self):
        """The disk as it is behind the failure, where it outlives the test."""
        self.close_disk()
        folder = tempfile.mkdtemp(prefix="slc-power-cut-")
        for path in (self.image, self.ledger)[:2 if self.heard else 1]:
            sluice.run("cp", "--sparse=always", path, folder, check=0)
        return f"{folder}/image, to be mounted with -o loop"


def live(seed, number, cuts, **control):
    """(the life, None or how it failed)"""
    life = Life(seed, number, **control)
    try:
        life.run(cuts)
        return life, None
    except Exception as failure:  # pylint: disable=broad-except
        if life.control:
            if not isinstance(failure, Lost):
                raise  # a control that fails for another reason is none
            return life, str(failure)
        what = str(failure) if isinstance(failure, Lost) else traceback.format_exc() + life.log()
        return life, f"behind cut {life.cuts}: {what}\nkept: {life.keep_evidence()}"
    finally:
        life.close()


def tell(number, life, failure):
    print(f"life {SEED}:{number} {life.name}: {life.cuts} cuts, {life.heard} orders heard, "
          f"{life.sectors_lost} sectors lost: {'stands' if failure is None else 'LOST ' + failure}", flush=True)


class PowerCut(sluice.unittest.TestCase):
    def test_the_disk_loses_what_no_flush_stands_behind_and_keeps_the_rest(self):
        image, folder = os.path.join(cut_disk.ROOM, "raw"), os.path.join(cut_disk.ROOM, "raw-folder")
        for loss, kept in (("all", False), ("writes", None)):
            with open(image, "wb") as file:
                file.truncate(1 << 20)
            disk = cut_disk.CutDisk(image, folder, "none")
            fd = os.open(os.path.join(disk.below, "disk"), os.O_RDWR)
            os.pwrite(fd, b"durable!" * 64, 0)
            os.fsync(fd)
            for sector in range(1, 101):
                os.pwrite(fd, b"volatile" * 64, sector * 512)
            self.assertEqual(os.pread(fd, 512, 512), b"volatile" * 64)
            report = disk.cut(loss, SEED)
            with self.assertRaises(OSError):
                os.pread(fd, 512, 0)
            with self.assertRaises(OSError):
                os.fsync(fd)
            os.close(fd)
            disk.close()
            with open(image, "rb") as file:
                left = file.read()
            volatile = left.count(b"volatile" * 64)
            self.assertEqual(left[:512], b"durable!" * 64)
            self.assertEqual((report["unflushed"], report["kept"], report["lost"]), (100, volatile, 100 - volatile))
            self.assertEqual(0 < volatile < 100 if kept is None else volatile > 0, kept is None)

    def test_every_answer_stands_on_a_flush_of_the_disk(self):
        for number in range(4):
            life = Life(SEED, number)
            try:
                life.power_on()
                life.start()
                life.server.open_drop(1, 1000)
                before = life.disk.stats()
                with life.server.connect() as buyer:
                    for key in range(1, 51):
                        self.assertEqual(buyer.buy(key=key).status, "ACCEPTED")
                after = life.disk.stats()
                self.assertGreaterEqual(after["flushes"] - before["flushes"], 50, life.name)
                self.assertGreaterEqual(after["writes"] - before["writes"], 50, life.name)
                self.assertEqual(life.server.stop(), 0)
            finally:
                life.close()

    def test_power_cuts_lose_nothing_that_was_acknowledged(self):
        amounts = [CUTS_OF_A_LIFE] * (CUTS // CUTS_OF_A_LIFE)
        if CUTS % CUTS_OF_A_LIFE:
            amounts.append(CUTS % CUTS_OF_A_LIFE)
        tried = failed = heard = sectors = 0
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            lives = [pool.submit(live, SEED, number, cuts) for number, cuts in enumerate(amounts)]
            for number, future in enumerate(lives):
                life, failure = future.result()
                tell(number, life, failure)
                tried, heard, sectors = tried + life.cuts, heard + life.heard, sectors + life.sectors_lost
                if failure is not None:
                    failed += 1
                    print(f"again: tests/fault/power_cut_test.py --life {SEED}:{number}", flush=True)
        print(f"power cuts: tried {tried}, failed {failed}, {heard} orders heard, {sectors} sectors lost, seed {SEED}")
        self.assertEqual(failed, 0)
        self.assertEqual(tried, CUTS)
        self.assertGreater(heard, CUTS)
        self.assertGreater(sectors, 0)

    def lose(self, **control):
        """The same harness where it has to fail, once under each file system."""
        for number in (0, 1):
            life, failure = live(SEED, number, 1, **control)
            tell(number, life, failure)
            self.assertGreater(life.heard, 0)
            self.assertIsNotNone(failure, "an acknowledged order should have been lost")

    def test_a_disk_that_lies_loses_orders_and_is_found_out(self):
        self.lose(lie=True)

    def test_durability_os_loses_orders_at_a_power_cut(self):
        self.lose(page_cache=True)


def main():
    why = cut_disk.missing()
    if why is not None:
        print(f"skipped: power cuts: {why}")
        sys.exit(SKIPPED)
    cut_disk.isolate()
    for kind in cut_disk.MKFS:
        cut_disk.make_image(kind, os.path.join(cut_disk.ROOM, kind))
    if len(sys.argv) == 3 and sys.argv[1] == "--life":
        seed, number = (int(word) for word in sys.argv[2].split(":"))
        life, failure = live(seed, number, CUTS_OF_A_LIFE)
        tell(number, life, failure)
        sys.exit(0 if failure is None else 1)
    sluice.main()


main()
