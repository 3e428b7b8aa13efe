#!/usr/bin/python3
"""Runs replay on data directories that replay_maker wrote, some of them harmed on purpose, and looks at
what it says and how it exits.

    replay_test.py REPLAY REPLAY_MAKER
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

REPLAY, MAKER = sys.argv[1:3]
PAGE = 4096
SMALL_SEGMENT = 5 * PAGE
LARGE_SEGMENT = 256 * PAGE
NASTY = 'a"\\\n\t\x1b[31m\x7f\u009b\u202e€🎁'


def in_hex(text):
    return text.encode().hex() or "-"


SMALL = f"""
time 1700000000000001
open 1 5 3 0 0 11 {in_hex("Golden ticket")}
open 2 100 0 0 0 0 -
commit
time 1700000000000002
buy 1 {in_hex("ann")} 2 171
buy 1 {in_hex("bob")} 3 0
buy 2 {in_hex(NASTY)} 1 18446744073709551615
buy 1 {in_hex("cid")} 1 172
commit
time 1700000000500000
cancel 3 12
cancel 5 13
buy 1 {in_hex("cid")} 2 173
commit
adjust 2 -50 14
close 1 15
commit
"""


class Directory(unittest.TestCase):
    """A test with a data directory of its own."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="slc-replay-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.dir = os.path.join(self.root, "data")

    def make(self, commands, segment_bytes=LARGE_SEGMENT):
        lines = "".join(line.strip() + "\n" for line in commands.splitlines() if line.strip())
        subprocess.run([MAKER, self.dir, str(segment_bytes)], input=lines.encode(), check=True)

    def run_replay(self, *arguments, want=0):
        done = subprocess.run([REPLAY, *arguments], capture_output=True, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, want, f"{arguments}\n{out}\n{err}")
        return out, err

    def json_of(self, *arguments, want=0):
        return json.loads(self.run_replay(*arguments, "--json", want=want)[0])

    def segment(self, number=1):
        return os.path.join(self.dir, f"segment-{number:010}.journal")

    def read(self, number=1):
        with open(self.segment(number), "rb") as file:
            return file.read()

    def patch(self, offset, data, number=1):
        with open(self.segment(number), "r+b") as file:
            file.seek(offset)
            file.write(data)

    def flip(self, offset, number=1):
        self.patch(offset, bytes([self.read(number)[offset] ^ 1]), number)

    def fingerprint(self):
        """Names, sizes, contents and times of all files."""
        marks = []
        for name in sorted(os.listdir(self.dir)):
            path = os.path.join(self.dir, name)
            stat = os.stat(path)
            with open(path, "rb") as file:
                marks.append((name, stat.st_mtime_ns, hashlib.sha256(file.read()).hexdigest()))
        return marks


class Verify(Directory):
    def test_a_sound_journal_is_summed_up(self):
        self.make(SMALL + "seal\n")
        out, _ = self.run_replay("verify", self.dir)
        self.assertEqual(out.splitlines()[-1], "verify OK")
        found = self.json_of("verify", self.dir)
        self.assertEqual(found["result"], "ok")
        self.assertEqual((found["segments"], found["blocks"], found["seals"], found["events"]), (1, 4, 1, 11))
        self.assertEqual((found["first_sequence"], found["last_sequence"]), (1, 11))
        self.assertEqual((found["first_time_us"], found["last_time_us"]), (1700000000000001, 1700000000500000))
        self.assertEqual((found["tail"], found["digest_pairs"], found["error"]), ("sealed", 4, ""))

    def test_many_segments_are_counted(self):
        self.make("time 5\nopen 1 1000 0 0 0 0 -\ncommit\nmany 640 1 50\n", SMALL_SEGMENT)
        found = self.json_of("verify", self.dir)
        self.assertEqual(found["events"], 641)
        self.assertEqual(found["segments"], len([n for n in os.listdir(self.dir) if n.endswith(".journal")]))
        self.assertGreater(found["segments"], 2)

    def test_a_flipped_byte_in_the_middle_is_damage_with_its_place(self):
        self.make(SMALL + "seal\n")
        self.flip(2 * PAGE + 200)
        out, err = self.run_replay("verify", self.dir, want=4)
        self.assertEqual(out.splitlines()[-1], "verify DAMAGED")
        self.assertIn(f"segment 1, offset {2 * PAGE}", err)
        found = self.json_of("verify", self.dir, want=4)
        self.assertEqual((found["result"], found["events"]), ("damaged", 2))
        self.assertIn(str(2 * PAGE), found["error"])

    def test_a_flipped_byte_in_any_block_is_found(self):
        self.make(SMALL + "seal\n")
        for page in range(5):  # the header, four blocks; the seal vouches for them
            for offset in (0, 9, 20, 100, 140, PAGE - 1):
                self.flip(page * PAGE + offset)
                self.assertIn(self.json_of("verify", self.dir, want=4)["result"], "damaged")
                self.flip(page * PAGE + offset)
        self.assertEqual(self.json_of("verify", self.dir)["tail"], "sealed")

    def test_a_missing_segment_is_damage(self):
        self.make("time 5\nopen 1 1000 0 0 0 0 -\ncommit\nmany 640 1 50\n", SMALL_SEGMENT)
        os.unlink(self.segment(2))
        self.run_replay("verify", self.dir, want=4)

    def test_an_open_tail_is_a_note(self):
        self.make(SMALL)
        found = self.json_of("verify", self.dir)
        self.assertEqual((found["tail"], found["tail_segment"], found["tail_offset"]), ("open", 1, 5 * PAGE))

    def test_a_torn_tail_is_a_note(self):
        self.make(SMALL)
        self.patch(5 * PAGE, b"SLCBLOCK" + b"\x5a" * 1000)
        found = self.json_of("verify", self.dir)
        self.assertEqual((found["tail"], found["tail_offset"], found["events"]), ("torn", 5 * PAGE, 11))
        out, _ = self.run_replay("verify", self.dir)
        self.assertIn("never acknowledged", out)

    def test_a_journal_without_events_is_empty(self):
        self.make("")
        found = self.json_of("verify", self.dir)
        self.assertEqual((found["result"], found["tail"], found["events"]), ("ok", "empty", 0))

    def test_a_directory_that_is_not_there_is_an_io_error(self):
        for command in ("verify", "dump", "state", "audit"):
            out, err = self.run_replay(command, self.root + "/nowhere", want=5)
            self.assertEqual(out, "")
            self.assertIn("nowhere", err)


class Dump(Directory):
    def events(self, *arguments):
        out, _ = self.run_replay("dump", self.dir, "--json", *arguments)
        return [json.loads(line) for line in out.splitlines()]

    def test_every_event_shows_with_its_fields(self):
        self.make(SMALL)
        events = self.events()
        self.assertEqual([event["sequence"] for event in events], list(range(1, 12)))
        self.assertEqual(events[0], {
            "sequence": 1, "time_us": 1700000000000001, "type": "DROP_OPENED", "drop_id": 1, "stock": 5,
            "per_user_limit": 3, "opens_at_us": 0, "closes_at_us": 0, "name": "Golden ticket",
            "op_key": "000000000000000b"})
        self.assertEqual(events[2], {
            "sequence": 3, "time_us": 1700000000000002, "type": "ORDER_PLACED", "drop_id": 1, "user": "ann",
            "quantity": 2, "order_key": "00000000000000ab"})
        self.assertEqual(events[6], {
            "sequence": 7, "time_us": 1700000000500000, "type": "ORDER_CANCELLED", "order_id": 3,
            "op_key": "000000000000000c"})
        self.assertEqual(events[9], {
            "sequence": 10, "time_us": 1700000000500000, "type": "STOCK_ADJUSTED", "drop_id": 2,
            "delta": -50, "op_key": "000000000000000e"})
        self.assertEqual(events[10]["type"], "DROP_CLOSED")

    def test_a_nasty_user_comes_through_json_and_never_reaches_the_terminal(self):
        self.make(SMALL)
        self.assertEqual(self.events()[4]["user"], NASTY)
        self.assertEqual(self.events()[4]["order_key"], "f" * 16)
        for arguments in ([], ["--json"]):
            out, _ = self.run_replay("dump", self.dir, *arguments)
            self.assertEqual(len(out.splitlines()), 11)
            for character in "\x1b\x7f\u009b\u202e\t":
                self.assertNotIn(character, out)

    def test_lines_for_people_name_time_type_and_fields(self):
        self.make(SMALL)
        out, _ = self.run_replay("dump", self.dir)
        self.assertEqual(out.splitlines()[2].split(), [
            "3", "2023-11-14T22:13:20.000002Z", "ORDER_PLACED", "drop_id=1", 'user="ann"', "quantity=2",
            "order_key=00000000000000ab"])
        self.assertIn("delta=-50", out.splitlines()[9])

    def test_from_and_until_are_both_included(self):
        self.make(SMALL)
        for arguments in ([], ["--drop", "1"]):
            shown = [event["sequence"] for event in self.events("--from", "3", "--until", "6", *arguments)]
            self.assertEqual(shown, [3, 4, 6] if arguments else [3, 4, 5, 6])
        self.assertEqual(self.events("--from", "12"), [])
        self.assertEqual([event["sequence"] for event in self.events("--from", "10")], [10, 11])

    def test_from_finds_its_segment(self):
        self.make("time 5\nopen 1 1000 0 0 0 0 -\ncommit\nmany 640 1 50\n", SMALL_SEGMENT)
        self.assertEqual([event["sequence"] for event in self.events("--from", "600")], list(range(600, 642)))

    def test_the_view_of_a_drop_has_the_cancellations_of_its_orders(self):
        self.make(SMALL)
        self.assertEqual([event["sequence"] for event in self.events("--drop", "1")], [1, 3, 4, 6, 7, 9, 11])
        self.assertEqual([event["sequence"] for event in self.events("--drop", "2")], [2, 5, 8, 10])
        # Also where the order itself stands in a block that is not shown.
        self.assertEqual([event["sequence"] for event in self.events("--drop", "2", "--from", "7")], [8, 10])
        self.assertEqual(self.events("--drop", "3"), [])

    def test_what_stands_before_damage_is_shown(self):
        self.make(SMALL + "seal\n")
        self.flip(3 * PAGE + 200)
        out, err = self.run_replay("dump", self.dir, want=4)
        self.assertEqual(len(out.splitlines()), 6)
        self.assertIn(f"offset {3 * PAGE}", err)

    def test_damage_behind_what_is_wanted_does_not_matter(self):
        self.make(SMALL + "seal\n")
        self.flip(3 * PAGE + 200)
        self.assertEqual(len(self.events("--until", "6")), 6)

    def test_a_torn_tail_is_a_note(self):
        self.make(SMALL)
        self.patch(5 * PAGE, b"SLCBLOCK" + b"\x5a" * 1000)
        out, err = self.run_replay("dump", self.dir)
        self.assertEqual(len(out.splitlines()), 11)
        self.assertIn("note: an unfinished block", err)

    def test_output_that_does_not_arrive_is_an_io_error(self):
        self.make(SMALL)
        with open("/dev/full", "wb") as full:
            for command in ("verify", "dump", "state", "audit"):
                done = subprocess.run([REPLAY, command, self.dir], stdout=full, stderr=subprocess.PIPE,
                                      check=False)
                self.assertEqual(done.returncode, 5, command)
                self.assertIn(b"cannot write the output", done.stderr)


class State(Directory):
    def test_drops_and_digest(self):
        self.make(SMALL)
        state = self.json_of("state", self.dir)
        self.assertEqual(list(state), ["sequence", "digest", "drops"])
        self.assertEqual(state["sequence"], 11)
        self.assertEqual(state["digest"], self.json_of("audit", self.dir)["digest"])
        self.assertEqual(state["drops"], [
            {"drop_id": 1, "name": "Golden ticket", "stock": 5, "sold": 5, "remaining": 0,
             "per_user_limit": 3, "opens_at_us": 1700000000000001, "closes_at_us": 0, "closed": True,
             "orders": 3, "cancelled": 1},
            {"drop_id": 2, "name": "", "stock": 50, "sold": 0, "remaining": 50, "per_user_limit": 0,
             "opens_at_us": 1700000000000001, "closes_at_us": 0, "closed": False, "orders": 1,
             "cancelled": 1}])

    def test_the_state_of_an_earlier_moment(self):
        self.make(SMALL)
        state = self.json_of("state", self.dir, "--until", "6")
        self.assertEqual((state["sequence"], state["drops"][0]["sold"], state["drops"][0]["closed"]),
                         (6, 5, False))
        _, err = self.run_replay("state", self.dir, "--until", "12", want=2)
        self.assertNotEqual(err, "")

    def test_orders_are_listed_on_request(self):
        self.make(SMALL)
        first, second = self.json_of("state", self.dir, "--orders")["drops"]
        self.assertEqual([order["order_id"] for order in first["order_list"]], [3, 4, 9])
        self.assertEqual(first["order_list"][0], {
            "order_id": 3, "user": "ann", "quantity": 2, "order_key": "00000000000000ab",
            "time_us": 1700000000000002, "cancelled": True})
        self.assertEqual(second["order_list"][0]["user"], NASTY)
        out, _ = self.run_replay("state", self.dir, "--orders")
        self.assertIn('user "ann"  cancelled', out)
        self.assertIn('"Golden ticket"', out)
        self.assertNotIn("\x1b", out)

    def test_a_damaged_journal_has_no_state(self):
        self.make(SMALL + "seal\n")
        self.flip(3 * PAGE + 200)
        out, err = self.run_replay("state", self.dir, want=4)
        self.assertEqual(out, "")
        self.assertIn(f"offset {3 * PAGE}", err)


class Audit(Directory):
    LEDGER = ("3\t1\tann\t2\t00000000000000ab\t3\t0\n"
              "3\t1\tann\t2\t00000000000000ab\t3\t1\n"
              "4\t1\tbob\t3\t0000000000000000\t4\t0\n"
              "9\t1\tcid\t2\t00000000000000ad\t9\t0\n")

    def audit(self, ledger=None, want=0):
        arguments = ["audit", self.dir]
        if ledger is not None:
            path = os.path.join(self.root, "ledger.tsv")
            with open(path, "w", encoding="utf-8") as file:
                file.write(ledger)
            arguments += ["--ledger", path]
        return self.run_replay(*arguments, want=want)

    def lines(self, out, word):
        return [line for line in out.splitlines() if line.startswith(word)]

    def test_a_sound_directory_passes_every_check(self):
        self.make(SMALL + "seal\n")
        out, err = self.audit()
        self.assertEqual(out.splitlines()[0], "from: beginning of the journal")
        self.assertEqual(len(self.lines(out, "PASS")), 8)
        self.assertEqual(out.splitlines()[-1], "audit PASS")
        self.assertEqual(err, "")

    def test_json_names_every_check(self):
        self.make(SMALL + "seal\n")
        found = self.json_of("audit", self.dir)
        self.assertEqual((found["result"], found["from"]), ("PASS", "beginning of the journal"))
        self.assertEqual((found["first_sequence"], found["last_sequence"], found["events"]), (1, 11, 11))
        self.assertEqual([check["name"] for check in found["checks"]], [
            "sequences_without_gaps", "time_never_goes_back", "no_drop_oversold",
            "no_order_key_bought_twice", "no_per_user_limit_passed", "units_conserved",
            "digest_pairs_right", "engine_agrees"])
        self.assertTrue(all(check["pass"] for check in found["checks"]))

    def test_an_empty_journal_passes(self):
        self.make("")
        out, _ = self.audit()
        self.assertEqual(out.splitlines()[-1], "audit PASS")

    def test_a_wrong_digest_in_a_block_fails(self):
        self.make(SMALL + "lie\ntime 1700000000600000\nbuy 2 " + in_hex("eve") + " 1 0\ncommit\nseal\n")
        out, _ = self.audit(want=1)
        self.assertEqual(len(self.lines(out, "FAIL")), 1)
        self.assertIn("digests in the journal right", self.lines(out, "FAIL")[0])
        self.assertIn(f"offset {5 * PAGE}", self.lines(out, "FAIL")[0])
        self.assertEqual(out.splitlines()[-1], "audit FAIL")

    def test_a_true_ledger_passes(self):
        self.make(SMALL)
        out, _ = self.audit(self.LEDGER)
        self.assertEqual(len(self.lines(out, "PASS")), 10)

    def test_a_lost_order_fails(self):
        self.make(SMALL)
        out, _ = self.audit(self.LEDGER + "12\t2\teve\t1\t0000000000000001\t12\t0\n", want=1)
        self.assertEqual(len(self.lines(out, "FAIL")), 1)
        self.assertIn('line 5: order 12 (drop 2, user "eve") was acknowledged but lost', out)
        self.assertEqual(out.splitlines()[-1], "audit FAIL")

    def test_a_refused_buy_that_was_acknowledged_fails(self):
        self.make(SMALL)
        out, _ = self.audit("6\t1\tcid\t1\t00000000000000ac\t6\t0\n", want=1)
        self.assertIn("order 6 (drop 1, user \"cid\") was acknowledged but lost", out)

    def test_a_purchase_that_was_doubled_fails(self):
        self.make(SMALL)
        out, _ = self.audit(self.LEDGER + "4\t1\tann\t2\t00000000000000ab\t4\t0\n", want=1)
        self.assertTrue(any("no purchase doubled" in line for line in self.lines(out, "FAIL")))

    def test_a_ledger_with_a_broken_last_line_is_used_without_it(self):
        self.make(SMALL)
        out, err = self.audit(self.LEDGER + "9\t1\tci")
        self.assertEqual(out.splitlines()[-1], "audit PASS")
        self.assertIn("note: the ledger's last line is broken", err)

    def test_a_ledger_broken_elsewhere_is_a_usage_error(self):
        self.make(SMALL)
        out, err = self.audit("oops\n" + self.LEDGER, want=2)
        self.assertEqual(out, "")
        self.assertIn("line 1", err)

    def test_a_purged_drop_is_forgotten_and_its_ledger_stands(self):
        self.make(SMALL + "time 1700000000700000\npurge 1 16\nopen 1 9 0 0 0 11 -\ncommit\nbuy 1 "
                  + in_hex("ann") + " 2 171\ncommit\nseal\n")
        out, _ = self.audit(self.LEDGER + "14\t1\tann\t2\t00000000000000ab\t14\t0\n")
        self.assertEqual(out.splitlines()[-1], "audit PASS")

    def test_a_damaged_journal_is_not_audited(self):
        self.make(SMALL + "seal\n")
        self.flip(3 * PAGE + 200)
        out, err = self.audit(want=4)
        self.assertEqual(out, "")
        self.assertIn(f"offset {3 * PAGE}", err)

    def test_a_long_journal_with_limits_and_sold_out_drops_agrees(self):
        self.make("time 5\nopen 1 9000 3 0 0 0 -\nopen 2 3000 0 0 0 0 -\ncommit\n"
                  "many 6400 1 900\nmany 6400 2 900\nmany 640 1 900\nseal\n", SMALL_SEGMENT * 2)
        found = self.json_of("audit", self.dir)
        self.assertEqual((found["result"], found["events"]), ("PASS", 13442))
        first, second = self.json_of("state", self.dir)["drops"]
        self.assertEqual((first["sold"], second["sold"]), (2700, 3000))


class AllCommands(Directory):
    def test_nothing_is_ever_written(self):
        self.make(SMALL)
        self.patch(5 * PAGE, b"SLCBLOCK" + b"\x5a" * 1000)
        before = self.fingerprint()
        for command in ("verify", "dump", "state", "audit"):
            self.run_replay(command, self.dir)
        self.assertEqual(self.fingerprint(), before)

    def test_no_lock_is_taken_and_none_is_respected(self):
        self.make(SMALL)
        with open(os.path.join(self.dir, "lock"), "rb") as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX)
            for command in ("verify", "dump", "state", "audit"):
                self.run_replay(command, self.dir)

    def test_help_begins_with_examples(self):
        for arguments in (["--help"], ["verify", "--help"], ["dump", "-h"], ["state", "--help"],
                          ["audit", "--help"]):
            out, _ = self.run_replay(*arguments)
            self.assertTrue(out.startswith("  replay "), out)
            self.assertIn("exit: ", out)
        self.assertRegex(self.run_replay("--version")[0], r"^replay \d+\.\d+\.\d+ \(commit [-0-9a-z]+\)\n$")

    def test_wrong_usage_is_told(self):
        for arguments, words in (
                ([], "usage: replay COMMAND"),
                (["frobnicate"], "there is no command 'frobnicate'; there are verify, dump, state, audit"),
                (["exprot", "a"], "there is no command 'exprot'; did you mean export? there are verify"),
                (["verify", "--jsn", "a"], "there is no option '--jsn'; did you mean --json;"),
                (["verify"], "no data directory is named"),
                (["verify", "a", "b"], "one data directory"),
                (["verify", "--from", "1", "a"], "--from is not an option of this command"),
                (["state", "--ledger=x", "a"], "--ledger is not an option of this command"),
                (["dump", "--frm", "1", "a"], "there is no option '--frm'"),
                (["dump", "a", "--from"], "--from needs a value"),
                (["dump", "a", "--from", "0"], "--from takes a number from 1 on"),
                (["dump", "a", "--until", "-3"], "--until takes a number from 1 on"),
                (["dump", "a", "--drop", "18446744073709551616"], "--drop takes a number from 1 on")):
            out, err = self.run_replay(*arguments, want=2)
            self.assertEqual(out, "")
            self.assertIn(words, err)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
