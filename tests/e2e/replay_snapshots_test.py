#!/usr/bin/python3
"""Runs replay on data directories with snapshots, whose journal no longer begins at event 1.

    replay_snapshots_test.py REPLAY REPLAY_MAKER
"""
import glob
import os
import shutil
import sys
import unittest

from replay_test import Directory, SMALL_SEGMENT, in_hex

TIME = 1700000000000000
# Drop 3 comes and goes; drop 4 comes and goes and comes again, the second time under a key.
BEGINNING = f"""
time {TIME}
open 1 100000 0 0 0 11 {in_hex("One")}
open 2 900 3 0 0 12 {in_hex("Two")}
open 3 50 0 0 0 13 {in_hex("Three")}
open 4 50 0 0 0 14 {in_hex("Four")}
commit
buy 1 {in_hex("ann")} 2 171
buy 3 {in_hex("bob")} 1 172
buy 4 {in_hex("cid")} 1 173
buy 2 {in_hex("dan")} 1 174
cancel 8 21
close 3 22
purge 3 23
close 4 24
purge 4 25
open 4 50 0 0 0 26 {in_hex("Four again")}
buy 4 {in_hex("cid")} 1 173
commit
many 500 1 90
commit
"""
ANN, BOB, CID, CID_AGAIN = 5, 6, 7, 15
# One snapshot between two blocks, one in the middle of a block.
MIDDLE = f"""
time {TIME + 1000000}
snapshot
many 400 2 150
commit
cancel 300 31
adjust 2 5 32
snapshot
buy 1 {in_hex("eve")} 1 175
commit
"""
END = f"""
time {TIME + 2000000}
many 300 4 40
commit
buy 2 {in_hex("fay")} 1 176
commit
seal
"""
FIRST, SECOND, LAST = 515, 917, 1219


class Snapshots(Directory):
    def setUp(self):
        super().setUp()
        self.make(BEGINNING + MIDDLE + END, SMALL_SEGMENT)
        self.whole = os.path.join(self.root, "whole")
        shutil.copytree(self.dir, self.whole)
        self.make("retain\nseal\n", SMALL_SEGMENT)
        self.assertEqual(self.sequences(), [FIRST, SECOND])
        self.assertFalse(os.path.exists(self.segment(1)))

    def sequences(self, directory=None):
        names = glob.glob(os.path.join(directory or self.dir, "snapshot-*.snap"))
        return sorted(int(os.path.basename(name)[9:29]) for name in names)

    def snapshot(self, sequence):
        return os.path.join(self.dir, f"snapshot-{sequence:020}.snap")

    def damage(self, sequence):
        with open(self.snapshot(sequence), "r+b") as file:
            file.seek(4200)
            byte = file.read(1)[0] ^ 1
            file.seek(4200)
            file.write(bytes([byte]))

    # ---- verify

    def test_verify_counts_what_is_kept_and_loads_each_snapshot(self):
        found = self.json_of("verify", self.dir)
        self.assertEqual(found["result"], "ok")
        self.assertGreater(found["first_sequence"], 1)
        self.assertLessEqual(found["first_sequence"], FIRST + 1)
        self.assertEqual(found["last_sequence"], LAST)
        self.assertEqual([(s["sequence"], s["result"]) for s in found["snapshots"]],
                         [(FIRST, "ok"), (SECOND, "ok")])
        for snapshot in found["snapshots"]:
            state = self.json_of("state", self.whole, "--until", str(snapshot["sequence"]))
            self.assertEqual(snapshot["digest"], state["digest"])
            self.assertEqual(snapshot["drops"], len(state["drops"]))
            self.assertEqual(snapshot["orders"], sum(drop["orders"] for drop in state["drops"]))
            self.assertEqual(snapshot["bytes"], os.path.getsize(self.snapshot(snapshot["sequence"])))
        out, _ = self.run_replay("verify", self.dir)
        self.assertIn(f"behind event {SECOND}: ", out)

    def test_verify_names_the_damaged_snapshot_and_the_offset(self):
        for sequence in (FIRST, SECOND):
            self.damage(sequence)
            out, err = self.run_replay("verify", self.dir, want=4)
            self.assertIn("verify DAMAGED", out)
            self.assertIn(f"snapshot-{sequence:020}.snap, offset 4096", err)
            self.assertIn(f"behind event {sequence}: DAMAGED", out)
            self.damage(sequence)
        self.run_replay("verify", self.dir)

    def test_verify_misses_what_no_snapshot_holds(self):
        os.unlink(self.snapshot(FIRST))
        self.run_replay("verify", self.dir)
        os.unlink(self.snapshot(SECOND))
        _, err = self.run_replay("verify", self.dir, want=4)
        self.assertIn("the journal no longer reaches back to event 1:", err)

    def test_verify_misses_the_end_of_the_journal(self):
        # As if the snapshot were of an event that the journal never had.
        os.rename(self.snapshot(SECOND), self.snapshot(LAST + 1))
        _, err = self.run_replay("verify", self.dir, want=4)
        self.assertIn(f"the snapshot of event {LAST + 1} is newer than the journal's end", err)
        _, err = self.run_replay("state", self.dir, want=4)
        self.assertIn("is newer than the journal's end", err)
        self.assertFalse(self.checks(self.audit(want=1))["snapshots_right"])

    # ---- dump

    def test_dump_begins_with_what_is_kept_and_says_so(self):
        first = self.json_of("verify", self.dir)["first_sequence"]
        out, err = self.run_replay("dump", self.dir)
        self.assertEqual(int(out.split()[0]), first)
        self.assertEqual(len(out.splitlines()), LAST - first + 1)
        self.assertIn(f"note: events 1 to {first - 1} were removed", err)
        _, err = self.run_replay("dump", self.dir, "--from", str(first))
        self.assertEqual(err, "")
        out, err = self.run_replay("dump", self.dir, "--until", "3")
        self.assertEqual(out, "")
        self.assertIn("were removed", err)

    # ---- state

    def test_the_state_is_that_of_the_whole_journal(self):
        for until in (FIRST, FIRST + 1, SECOND - 1, SECOND, SECOND + 1, SECOND + 2, LAST):
            self.assertEqual(self.json_of("state", self.dir, "--until", str(until), "--orders"),
                             self.json_of("state", self.whole, "--until", str(until), "--orders"))
        self.assertEqual(self.json_of("state", self.dir), self.json_of("state", self.whole))

    def test_a_state_from_before_all_that_is_kept_is_a_wrong_question(self):
        _, err = self.run_replay("state", self.dir, "--until", str(FIRST - 1), want=2)
        self.assertIn(f"the oldest state is the one behind event {FIRST}", err)
        self.assertEqual(self.json_of("state", self.whole, "--until", str(FIRST - 1))["sequence"], FIRST - 1)
        _, err = self.run_replay("state", self.dir, "--until", str(LAST + 1), want=2)
        self.assertIn(f"the journal ends at event {LAST}", err)

    def test_a_damaged_snapshot_gives_way_to_the_one_before(self):
        wanted = self.json_of("state", self.dir)
        self.damage(SECOND)
        self.assertEqual(self.json_of("state", self.dir), wanted)
        self.damage(FIRST)
        _, err = self.run_replay("state", self.dir, want=4)
        self.assertIn("2 snapshots cannot be loaded", err)

    # ---- audit

    def checks(self, found):
        return {check["name"]: check["pass"] for check in found["checks"]}

    def audit(self, claims=None, want=0, directory=None):
        arguments = ["audit", directory or self.dir]
        if claims is not None:
            path = os.path.join(self.root, "ledger.tsv")
            with open(path, "w", encoding="utf-8") as file:
                for order_id, drop_id, user, key in claims:
                    file.write(f"{order_id}\t{drop_id}\t{user}\t1\t{key:016x}\t{order_id}\t0\n")
            arguments += ["--ledger", path]
        return self.json_of(*arguments, want=want)

    def test_the_audit_begins_with_the_oldest_snapshot_and_names_it(self):
        found = self.audit()
        self.assertEqual((found["from"], found["from_sequence"], found["oldest_snapshot"]),
                         ("snapshot", FIRST, FIRST))
        self.assertEqual((found["first_sequence"], found["last_sequence"], found["events"]),
                         (FIRST + 1, LAST, LAST - FIRST))
        self.assertEqual(found["result"], "PASS")
        self.assertTrue(self.checks(found)["snapshots_right"])
        self.assertEqual(found["digest"], self.json_of("state", self.whole)["digest"])
        out, _ = self.run_replay("audit", self.dir)
        self.assertIn(f"from: snapshot of event {FIRST}\n", out)
        self.assertTrue(out.endswith("audit PASS\n"))

    def test_the_audit_of_a_whole_journal_begins_with_it_and_compares_the_snapshots(self):
        found = self.audit(directory=self.whole)
        self.assertEqual((found["from"], found["oldest_snapshot"]), ("beginning of the journal", FIRST))
        self.assertEqual(found["events"], LAST)
        self.assertTrue(self.checks(found)["snapshots_right"])

    def test_a_damaged_snapshot_fails_the_audit_which_goes_on_with_another(self):
        self.damage(FIRST)
        os.rename(self.snapshot(FIRST), self.snapshot(FIRST - 1))
        shutil.copy(os.path.join(self.whole, f"snapshot-{FIRST:020}.snap"), self.dir)
        found = self.audit(want=1)
        self.assertEqual(found["from_sequence"], FIRST)
        failed = [name for name, passed in self.checks(found).items() if not passed]
        self.assertEqual(failed, ["snapshots_right"])

    def test_no_good_snapshot_behind_a_cut_journal_is_damage(self):
        self.damage(FIRST)
        self.damage(SECOND)
        _, err = self.run_replay("audit", self.dir, want=4)
        self.assertIn("no good snapshot holds what was before", err)

    def test_orders_from_before_the_snapshot_stand(self):
        found = self.audit([(CID_AGAIN, 4, "cid", 173)])
        self.assertEqual(found["result"], "PASS")

    def test_orders_of_drops_that_were_purged_before_the_snapshot_are_counted_apart(self):
        found = self.audit([(BOB, 3, "bob", 172), (CID, 4, "cid", 173), (CID_AGAIN, 4, "cid", 173)])
        self.assertEqual(found["result"], "PASS")
        looked_at = {check["name"]: check["looked_at"] for check in found["checks"]}
        self.assertEqual(looked_at["ledger_stands"], "3 replies, 2 of drops purged before the snapshot")

    def test_an_order_that_the_snapshot_lost_fails(self):
        for lost in ((ANN + 1, 1, "ann", 0), (ANN + 1, 2, "dan", 1), (CID_AGAIN + 1, 4, "cid", 5)):
            with self.subTest(lost=lost):
                found = self.audit([lost], want=1)
                self.assertFalse(self.checks(found)["ledger_stands"])

    # ---- compact

    def test_compact_makes_a_directory_with_the_same_state(self):
        into = os.path.join(self.root, "new")
        for source in (self.dir, self.whole):
            made = self.json_of("compact", source, "--into", into)
            self.assertEqual(made["sequence"], LAST)
            self.assertEqual(sorted(os.listdir(into)), ["lock", f"snapshot-{LAST:020}.snap"])
            wanted = self.json_of("state", source, "--orders")
            self.assertEqual(self.json_of("state", into, "--orders"), wanted)
            self.assertEqual(made["digest"], wanted["digest"])
            self.assertEqual(self.json_of("verify", into)["result"], "ok")
            found = self.audit([(CID_AGAIN, 4, "cid", 173)], directory=into)
            self.assertEqual((found["from_sequence"], found["events"], found["result"]), (LAST, 0, "PASS"))
            with open(os.path.join(into, "lock"), "rb") as new, \
                    open(os.path.join(source, "lock"), "rb") as old:
                self.assertNotEqual(new.read()[:40], old.read()[:40])
            shutil.rmtree(into)

    def test_what_compact_made_goes_on(self):
        more = f"time {TIME + 3000000}\nmany 200 1 1000\ncommit\nbuy 2 {in_hex('gus')} 1 177\ncommit\nseal\n"
        into = os.path.join(self.root, "new")
        self.run_replay("compact", self.dir, "--into", into)
        self.make(more, SMALL_SEGMENT)
        old, self.dir = self.dir, into
        self.make(more, SMALL_SEGMENT)
        self.assertEqual(self.json_of("verify", into)["first_sequence"], LAST + 1)
        self.assertEqual(self.json_of("state", into, "--orders"), self.json_of("state", old, "--orders"))
        self.assertEqual(self.audit(directory=into)["result"], "PASS")
        self.assertEqual(self.json_of("state", into)["sequence"], LAST + 201)

    def test_compact_writes_only_where_nothing_is(self):
        before = {name: os.stat(os.path.join(self.dir, name)).st_mtime_ns for name in os.listdir(self.dir)}
        into = os.path.join(self.root, "new")
        os.mkdir(into)
        with open(os.path.join(into, "mine"), "wb"):
            pass
        _, err = self.run_replay("compact", self.dir, "--into", into, want=2)
        self.assertIn("it is not empty", err)
        self.assertEqual(os.listdir(into), ["mine"])
        _, err = self.run_replay("compact", self.dir, "--into", os.path.join(into, "mine"), want=2)
        self.assertIn("something of that name", err)
        _, err = self.run_replay("compact", self.dir, "--into", os.path.join(self.dir, "new"), want=2)
        self.assertIn("only read", err)
        _, err = self.run_replay("compact", self.dir, want=2)
        self.assertIn("--into NEW is missing", err)
        os.unlink(os.path.join(into, "mine"))
        self.run_replay("compact", self.dir, "--into", into)  # empty is as good as missing
        self.assertEqual(before, {name: os.stat(os.path.join(self.dir, name)).st_mtime_ns
                                  for name in os.listdir(self.dir)})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
