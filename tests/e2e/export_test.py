#!/usr/bin/python3
"""replay export: what other programs read of the orders is what replay state says of them."""
import csv
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import small_journal

NASTY = ["a,b", 'say "hi"', "line\nbreak", "cr\rhere", "crlf\r\n", "<script>alert(1)</script>", "tab\there", "\\",
         "'; drop table orders; --", "=1+1", "\u202eabc", "€🎁", " space ", "-", '"', ","]
DROPS = "SELECT drop_id, name, stock, sold, remaining, per_user_limit, closed, orders, cancelled FROM drops"
ORDERS = ("SELECT o.order_id, o.user, o.quantity, ifnull(o.order_key, '0000000000000000') AS order_key, o.time_us,"
          " c.order_id IS NOT NULL AS cancelled FROM orders o LEFT JOIN cancellations c USING (order_id)"
          " WHERE o.drop_id = {} ORDER BY o.order_id")


def export(data, *flags, check=0):
    return sluice.run(sluice.REPLAY, "export", data, *flags, check=check)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def query(path, sql):
    """By Debian's sqlite3, a reader that is none of ours."""
    done = sluice.run("sqlite3", "-readonly", "-json", path, sql, check=0)
    return json.loads(done.stdout or "[]")


class Exported(sluice.Case):
    def setUp(self):
        super().setUp()
        self.csv, self.db = os.path.join(self.folder, "orders.csv"), os.path.join(self.folder, "orders.db")

    def agree(self, data, *flags):
        """CSV, SQLite and replay state say the same of every order."""
        state = sluice.replay_state(data, "--orders", *flags)
        export(data, "--csv", self.csv, "--force", *flags)
        export(data, "--sqlite", self.db, "--force", *flags)
        lines = rows_of(self.csv)
        told = [{"drop_id": int(row["drop_id"]), "order_id": int(row["order_id"]), "user": row["user"],
                 "quantity": int(row["quantity"]), "order_key": row["order_key"], "time_us": int(row["time_us"]),
                 "cancelled": row["status"] == "cancelled"} for row in lines]
        self.assertEqual(told, [{"drop_id": drop["drop_id"], **order}
                                for drop in state["drops"] for order in drop["order_list"]])
        self.assertEqual(query(self.db, DROPS), [
            {name: int(drop[name]) if name == "closed" else drop[name] for name in
             "drop_id name stock sold remaining per_user_limit closed orders cancelled".split()}
            for drop in state["drops"]])
        for drop in state["drops"]:
            rows = [{**row, "cancelled": bool(row["cancelled"])}
                    for row in query(self.db, ORDERS.format(drop["drop_id"]))]
            self.assertEqual(rows, drop["order_list"])
        self.assertEqual(query(self.db, "SELECT sequence, digest FROM covered"),
                         [{"sequence": state["sequence"], "digest": state["digest"]}])
        self.assertEqual(query(self.db, "PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        return state, lines

    def small(self, commands=small_journal.SALE):
        data = os.path.join(self.folder, "small")
        small_journal.make(data, commands)
        return data

    def test_a_small_sale_line_by_line(self):
        data = self.small()
        self.agree(data)
        with open(self.csv, encoding="utf-8") as file:
            self.assertEqual(file.read(), """\
drop_id,order_id,user,quantity,order_key,time_us,time,status,cancel_sequence,cancel_time_us,cancel_time
1,2,"ann",2,00000000000000ab,1700000000000002,2023-11-14T22:13:20.000002Z,standing,,,
1,5,"bob",2,00000000000000ad,1700000000000003,2023-11-14T22:13:20.000003Z,cancelled,9,1700000000000005,2023-11-14T22:13:20.000005Z
1,7,"dan",1,00000000000000af,1700000000000003,2023-11-14T22:13:20.000003Z,standing,,,
""")
        self.assertEqual(query(self.db, "SELECT user, units, place FROM winners ORDER BY place"),
                         [{"user": "ann", "units": 2, "place": 1}, {"user": "dan", "units": 1, "place": 2}])
        self.assertEqual(query(self.db, "SELECT * FROM cancellations"),
                         [{"order_id": 5, "drop_id": 1, "sequence": 9, "time_us": 1700000000000005}])
        self.assertEqual(query(self.db, "SELECT orders, units, cancellations, units_back FROM orders_by_minute"),
                         [{"orders": 3, "units": 5, "cancellations": 1, "units_back": 2}])

    def test_a_part_of_it(self):
        data = self.small(small_journal.SALE + "open 2 9 0 0 0 0 -\nbuy 2 7a 1 0\ncommit\n")
        self.agree(data, "--until", 8)
        export(data, "--csv", self.csv, "--force", "--drop", 2)
        self.assertEqual([(row["user"], row["order_key"]) for row in rows_of(self.csv)], [("z", "0" * 16)])
        export(data, "--csv", self.csv, "--force", "--from", 6)
        self.assertEqual([row["order_id"] for row in rows_of(self.csv)], ["5", "7", "13"])  # 5 was cancelled at 9
        self.assertIn("drop 7 does not exist", export(data, "--csv", self.csv, "--force", "--drop", 7, check=2).stderr)

    def test_every_name_arrives_as_it_was_sent(self):
        server = self.start()
        server.open_drop(1, 1000, name='<b>"a", b</b>')
        with server.connect() as buyer:
            for user in NASTY:
                self.assertEqual(buyer.buy(1, user, 1, 0).status, "ACCEPTED")
        self.assertEqual(server.stop(), 0)
        _, lines = self.agree(self.data)
        self.assertEqual([row["user"] for row in lines], NASTY)

    def test_beside_a_server_that_sells_and_behind_its_death(self):
        server = self.start("--segment-size", "1MiB", "--block-size-max", "64KiB", "--snapshot-bytes", "2MiB")
        server.open_drop(1, 1_000_000_000, per_user=40)
        server.open_drop(2, 3000)
        load = self.load(server, "--connections", 4, "--window", 64, "--duration", 3600, "--drop", "1:3", "--drop",
                         "2:1", "--users", 20000, "--rate", 20000, background=True)
        try:
            sluice.until(lambda: server.status()["orders"] > 5000, "orders are there")
            covered = 0
            for _ in range(4):
                export(self.data, "--sqlite", self.db, "--force")
                done = json.loads(export(self.data, "--csv", self.csv, "--force", "--json").stdout)
                now = query(self.db, "SELECT sequence FROM covered")[0]["sequence"]
                self.assertGreater(now, covered)
                self.assertGreaterEqual(done["sequence"], now)
                self.assertEqual(done["orders"], len(rows_of(self.csv)))
                self.assertEqual(query(self.db, "SELECT sum(d.orders) AS told, (SELECT count(*) FROM orders) AS rows"
                                       " FROM drops d"), [{"told": n, "rows": n} for n in
                                                          [query(self.db, "SELECT count(*) AS n FROM orders")[0]["n"]]])
                covered = now
                self.assertIsNone(load.poll(), "the load has given up")
            server.kill()
        finally:
            load.terminate()
            load.communicate(timeout=60)
        self.agree(self.data)

    # ---- where it may write

    def listing(self, folder):
        return sorted(os.listdir(folder))

    def test_what_exists_is_replaced_only_on_demand_and_nothing_is_left_of_a_failure(self):
        data = self.small()
        with open(self.csv, "w", encoding="utf-8") as file:
            file.write("mine")
        before = self.listing(self.folder)
        self.assertIn("--force", export(data, "--csv", self.csv, check=2).stderr)
        self.assertIn("no ordinary file", export(data, "--sqlite", self.folder, "--force", check=2).stderr)
        self.assertIn("make its folder first", export(data, "--csv", self.folder + "/no/x", check=5).stderr)
        export(data, "--csv", self.csv, "--force", "--until", 99, check=2)
        with open(self.csv, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")
        self.assertEqual(self.listing(self.folder), before)
        self.assertIn("3 orders, 1 of them cancelled", export(data, "--csv", self.csv, "--force").stdout)
        self.assertEqual(len(rows_of(self.csv)), 3)

    def test_the_data_directory_is_never_written_to(self):
        data = self.small()
        os.mkdir(os.path.join(data, "deeper"))
        os.symlink(data, os.path.join(self.folder, "link"))
        before = self.listing(data)
        for path in (data + "/x.csv", data + "/deeper/x.csv", self.folder + "/link/x.csv",
                     data + "/../small/deeper/../x.csv"):
            self.assertIn("only read", export(data, "--csv", path, "--force", check=2).stderr)
        inside = subprocess.run([sluice.REPLAY, "export", ".", "--csv", "x.csv"], cwd=data, check=False,
                                capture_output=True, text=True)
        self.assertEqual(inside.returncode, 2, inside.stderr)
        self.assertEqual(self.listing(data), before)

    def test_standard_output_and_a_full_one(self):
        data = self.small()
        export(data, "--csv", self.csv)
        with open(self.csv, encoding="utf-8", newline="") as file:
            self.assertEqual(export(data, "--csv", "-").stdout, file.read())
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([sluice.REPLAY, "export", data, "--csv", "-"], stdout=full, check=False,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 5)
        self.assertIn("No space", done.stderr)

    def test_a_signal_leaves_no_piece_behind(self):
        data = self.small("time 5\nopen 1 10000000 0 0 0 0 -\ncommit\nmany 400000 1 1000\n")
        # pylint: disable=consider-using-with
        process = subprocess.Popen([sluice.REPLAY, "export", data, "--sqlite", self.db], stdout=subprocess.DEVNULL)
        piece = f"{self.db}.part-{process.pid}"
        sluice.until(lambda: os.path.exists(piece) or process.poll() is not None, "it has begun")
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
        self.assertFalse(os.path.exists(piece))
        self.assertEqual(os.path.exists(self.db), code == 0)

    def test_wrong_words_are_answered_with_what_to_do(self):
        data = self.small()
        for flags, word in (((), "say one of"), (("--csv", "a", "--sqlite", "b"), "say one of"),
                            (("--csv",), "needs a value"), (("--ledger", "x"), "not an option of this command")):
            self.assertIn(word, export(data, *flags, check=2).stderr)


if __name__ == "__main__":
    sluice.main()
