#!/usr/bin/python3
"""--report: other programs read an SQLite file that keeps up with the running server, and whatever becomes of
that file, the server sells on."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import small_disk

# Whatever a reader sees in one transaction fits together: each of these is 0.
FAULTS = {
    "orders that drops do not count":
        "SELECT (SELECT ifnull(sum(orders), 0) FROM drops) - (SELECT count(*) FROM orders)",
    "cancellations that drops do not count":
        "SELECT (SELECT ifnull(sum(cancelled), 0) FROM drops) - (SELECT count(*) FROM cancellations)",
    "units sold to nobody":
        "SELECT (SELECT ifnull(sum(sold), 0) FROM drops) - (SELECT ifnull(sum(quantity), 0) FROM standing_orders)",
    "minutes that do not add up":
        "SELECT (SELECT count(*) FROM orders) - (SELECT ifnull(sum(orders), 0) FROM orders_by_minute)",
    "orders ahead of what is covered":
        "SELECT count(*) FROM orders WHERE order_id > (SELECT sequence FROM covered)",
}
SAME = ("SELECT count(*) FROM (SELECT * FROM (SELECT * FROM main.{0} EXCEPT SELECT * FROM told.{0})"
        " UNION ALL SELECT * FROM (SELECT * FROM told.{0} EXCEPT SELECT * FROM main.{0}))")


class Mirrored(sluice.Case):
    def setUp(self):
        super().setUp()
        self.report = os.path.join(self.folder, "report.db")
        self.users = 0

    def serve(self, *flags):
        return self.start("--report", self.report, *flags)

    def buy(self, server, count=20):
        """BUYs that are answered, whatever the mirror is at."""
        with server.connect() as buyer:
            for _ in range(count):
                self.users += 1
                self.assertEqual(buyer.buy(1, f"user{self.users}", 1, 0).status, "ACCEPTED")

    def covered(self):
        try:
            with sqlite3.connect(f"file:{self.report}?mode=ro", uri=True, timeout=5) as database:
                row = database.execute("SELECT sequence, digest FROM covered").fetchone()
            database.close()
            return row or (0, None)
        except sqlite3.DatabaseError:
            return (0, None)

    def wait_until_it_has_all(self, server):
        """The server being at rest."""
        status = server.status()
        sluice.until(lambda: self.covered() == (status["applied_sequence"], status["digest"]),
                     f"the report covers {status['applied_sequence']}", 60)

    def expect_row_for_row(self):
        """What the journal says of the same event is what the file shows."""
        told = os.path.join(self.folder, "told.db")
        sequence, digest = self.covered()
        sluice.run(sluice.REPLAY, "export", self.data, "--sqlite", told, "--force", "--until", sequence, check=0)
        database = sqlite3.connect(self.report)
        database.execute("ATTACH ? AS told", (told,))
        for name in ("covered", "drops", "orders", "cancellations", "winners", "drop_totals", "orders_by_minute"):
            self.assertEqual(database.execute(SAME.format(name)).fetchone(), (0,), name)
        self.assertEqual(database.execute("SELECT digest FROM told.covered").fetchone(), (digest,))
        self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        database.close()

    def expect_said(self, server, what):
        try:
            sluice.until(lambda: what in server.log(), f"the log says {what!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.log()}") from error

    def background_load(self, server, *flags):
        load = self.load(server, "--connections", 4, "--window", 64, "--duration", 3600, "--drop", "1:3", "--drop", "2:1",
                         "--users", 20000, *flags, background=True)
        self.addCleanup(load.communicate)
        self.addCleanup(load.terminate)
        return load

    # ---- reading while it runs

    def read_once(self):
        database = sqlite3.connect(f"file:{self.report}?mode=ro", uri=True, timeout=5)
        database.execute("BEGIN")
        sequence = database.execute("SELECT sequence FROM covered").fetchone()
        for fault, sql in FAULTS.items():
            self.assertEqual(database.execute(sql).fetchone(), (0,), fault)
        orders = {row[0]: row[1] for row in database.execute("SELECT drop_id, orders FROM drop_totals")}
        database.close()
        return (sequence or (0,))[0], orders

    def test_what_readers_see_under_load_fits_together_and_ends_as_the_status_says(self):
        server = self.serve()
        server.open_drop(1, 1_000_000_000, per_user=40)
        server.open_drop(2, 3000)
        load = self.background_load(server, "--rate", 10000)
        sluice.until(lambda: self.covered()[0] > 2000, "the report has begun")
        seen = []
        for _ in range(4):
            before = self.covered()[0]
            sluice.until(lambda last=before: self.covered()[0] > last, "the report goes on")
            seen.append(self.read_once()[0])
            by_shell = sluice.run("sqlite3", "-readonly", "-json", self.report,
                                  "SELECT drop_id, sold, remaining, stock FROM drops", check=0)
            for drop in json.loads(by_shell.stdout):
                self.assertEqual(drop["sold"] + drop["remaining"], drop["stock"])
        self.assertEqual(seen, sorted(set(seen)))
        self.assertIsNone(load.poll(), "the load has given up")
        load.terminate()
        load.communicate(timeout=60)
        order = sqlite3.connect(self.report).execute("SELECT min(order_id) FROM orders").fetchone()[0]
        server.sluice("order", "cancel", order)
        self.wait_until_it_has_all(server)
        self.expect_row_for_row()
        _, orders = self.read_once()
        self.assertEqual(orders, {drop["drop_id"]: drop["orders"] for drop in server.sluice("drop", "list")["drops"]})
        server.sluice("drop", "close", 2)
        server.sluice("drop", "purge", 2)
        self.wait_until_it_has_all(server)
        self.expect_row_for_row()
        self.assertEqual(server.stop(), 0)
        self.expect_row_for_row()

    def test_a_killed_server_leaves_a_file_that_neither_skips_nor_repeats(self):
        for attempt in range(2):
            server = self.serve("--snapshot-bytes", "8MiB", "--segment-size", "1MiB", "--block-size-max", "64KiB")
            if attempt == 0:
                server.open_drop(1, 1_000_000_000)
                server.open_drop(2, 1_000_000_000)
            begun = self.covered()[0]
            load = self.background_load(server, "--rate", 60000)
            sluice.until(lambda before=begun: self.covered()[0] > before + 3000, "the report goes on")
            server.kill()
            load.terminate()
            load.communicate(timeout=60)
            self.read_once()
        self.expect_row_for_row()
        server = self.serve()
        self.wait_until_it_has_all(server)
        self.expect_row_for_row()
        self.assertNotIn("rebuilt", server.log())

    # ---- what becomes of the file

    def sold(self, *flags):
        server = self.serve(*flags)
        server.open_drop(1, 1_000_000_000)
        self.buy(server, 200)
        self.wait_until_it_has_all(server)
        return server

    def expect_over_it(self, server):
        self.buy(server)
        self.wait_until_it_has_all(server)
        self.expect_row_for_row()

    def test_a_deleted_file_is_made_anew(self):
        server = self.sold()
        for ending in ("", "-wal", "-shm"):
            os.unlink(self.report + ending)
        self.buy(server)
        self.expect_said(server, "the report is rebuilt: it is not there any more")
        self.expect_over_it(server)

    def test_a_locked_file_holds_up_neither_buyers_nor_snapshots(self):
        server = self.sold()
        other = subprocess.Popen(  # pylint: disable=consider-using-with
            ["sqlite3", self.report], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        other.stdin.write("BEGIN EXCLUSIVE;\nSELECT 'locked';\n")
        other.stdin.flush()
        self.assertEqual(other.stdout.readline().strip(), "locked")
        self.buy(server)
        self.expect_said(server, "the report is not written")
        self.buy(server)
        server.sluice("snapshot")
        server.sluice("drop", "close", 1)
        self.assertEqual(server.log().count("the report is not written"), 1)
        other.stdin.write("ROLLBACK;\n.quit\n")
        other.stdin.close()
        other.wait(30)
        other.stdout.close()
        self.expect_said(server, "the report is written again")
        self.wait_until_it_has_all(server)
        self.expect_row_for_row()

    def damage(self, first_page):
        """All from there on."""
        pages = os.path.getsize(self.report) // 4096 - first_page
        with open(self.report, "r+b") as file:
            file.seek(first_page * 4096)
            file.write(os.urandom(pages * 4096))

    def test_a_file_damaged_at_rest_is_set_aside_and_made_anew(self):
        server = self.sold()
        self.assertEqual(server.stop(), 0)
        self.damage(0)
        server = self.serve()
        self.expect_said(server, "kept with .aside behind its name")
        self.expect_over_it(server)
        self.assertTrue(os.path.exists(self.report + ".aside"))

    def test_a_file_damaged_under_the_server_is_made_anew(self):
        self.assertEqual(self.sold().stop(), 0)  # and all of it is in the file itself
        server = self.serve()
        self.buy(server)
        self.wait_until_it_has_all(server)
        self.damage(1)
        self.expect_said(server, "the report is rebuilt: the report")
        self.expect_over_it(server)

    def test_a_file_ahead_of_the_journal_is_made_anew(self):
        server = self.sold()
        self.assertEqual(server.stop(), 0)
        shutil.copytree(self.data, self.data + ".older", symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
        server = self.serve()
        self.buy(server)
        self.wait_until_it_has_all(server)
        self.assertEqual(server.stop(), 0)
        shutil.rmtree(self.data)
        os.rename(self.data + ".older", self.data)
        server = self.serve()
        self.expect_said(server, "what it covers is not in this journal")
        self.wait_until_it_has_all(server)
        self.expect_over_it(server)

    def test_the_file_of_another_program_is_left_alone(self):
        sqlite3.connect(self.report).execute("CREATE TABLE mine (a)").connection.close()
        server = self.serve()
        server.open_drop(1, 1000)
        self.buy(server)
        self.expect_said(server, "an SQLite file of another program; name another file")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(sqlite3.connect(self.report).execute("SELECT name FROM sqlite_schema").fetchall(),
                         [("mine",)])

    def test_a_full_disk_stops_the_mirror_alone(self):
        disk = small_disk.SmallDisk("tmpfs", 1 * small_disk.MIB)
        self.addCleanup(disk.remove)
        self.report = os.path.join(disk.mount_point, "report.db")
        server = self.serve()
        self.addCleanup(server.kill)  # ahead of the disk's
        server.open_drop(1, 1_000_000_000)
        self.load(server, "--connections", 2, "--window", 64, "--requests", 20000, "--drop", "1:1")
        self.expect_said(server, "the report is not written")
        self.buy(server)
        self.assertTrue(disk.remount("size=64m"))
        self.expect_said(server, "the report is written again")
        self.expect_over_it(server)


if __name__ == "__main__":
    sluice.main()
