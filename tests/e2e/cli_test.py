#!/usr/bin/python3
"""What people type and read: each command of sluice, its JSON, and that an error says what to do next."""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

DROP = {"drop_id", "name", "stock", "sold", "remaining", "per_user_limit", "opens_at_us", "closes_at_us", "closed",
        "orders", "cancelled"}
ORDER = {"order_id", "drop_id", "user", "quantity", "order_key", "time_us", "cancelled"}
OUTCOME = {"status", "message", "replayed", "sequence", "time_us", "op_key"}
# Later versions may add keys; these stay.
STATUS = {"sequence", "applied_sequence", "digest", "drops", "orders", "version", "durability", "journal_method",
          "uptime_us", "connections", "read_only", "attempts_missing", "journal_bytes", "journal_segments",
          "snapshot_sequence", "snapshot_bytes", "snapshot_time_us", "snapshots_written", "snapshots_failed",
          "snapshot_error", "restored_events", "buys_answered", "buys_refused"}
WATCH = {"time_us", "status", "drops", "events_per_s", "orders_per_s", "refusals_per_s"}


def clean_environment(**more):
    names = ("SLUICE_", "NO_COLOR", "TERM")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(names)}, **more}


def ask(*arguments, **more):
    return sluice.run(sluice.SLUICE, *arguments, env=clean_environment(**more))


class WithoutServer(unittest.TestCase):
    """Command lines that never reach one."""

    def says(self, code, *words, of):
        done = ask(*of)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_word_that_is_nearly_a_command_gets_the_command_suggested(self):
        self.says(2, "did you mean status?", "sluice --help", of=["stauts"])
        self.says(2, "did you mean drop open?", of=["drop", "opne", "1"])
        self.says(2, "did you mean order cancel?", of=["order", "cancle", "1"])
        self.says(2, "did you mean watch?", of=["wacth"])

    def test_a_word_that_is_near_to_nothing_gets_all_commands(self):
        self.says(2, "drop, order, snapshot, status, watch", of=["frobnicate"])
        self.says(2, "open, adjust, close, purge, show, list", of=["drop", "frobnicate"])
        self.says(2, "open, adjust, close, purge, show, list", of=["drop"])
        self.says(2, "no command is given", of=[])

    def test_an_option_that_is_nearly_one_gets_it_suggested(self):
        self.says(2, "did you mean --json?", of=["status", "--jsno"])
        self.says(2, "did you mean --per-user?", of=["drop", "open", "1", "--per-usr=2"])
        self.says(2, "there is no such option", "sluice --help", of=["status", "--frobnicate"])

    def test_what_is_missing_is_named(self):
        self.says(2, "how many units? --stock N", of=["drop", "open", "1"])
        self.says(2, "by how much?", "sluice drop adjust ID DELTA", of=["drop", "adjust", "1"])
        self.says(2, "which drop?", "sluice drop list", of=["drop", "show"])
        self.says(2, "which order?", "order_id", of=["order", "show"])
        self.says(2, "--stock N", of=["drop", "open", "1", "--stock"])

    def test_a_value_that_is_wrong_is_shown_with_what_it_should_be(self):
        self.says(2, "a whole number, not 'ten'", of=["drop", "open", "1", "--stock", "ten"])
        self.says(2, "a whole number, not 'x'", of=["drop", "show", "x"])
        self.says(2, "2026-12-01T09:00:00Z", of=["drop", "open", "1", "--stock", "1", "--opens-at", "soon"])
        self.says(2, "1 to 16 hex digits", of=["drop", "close", "1", "--op-key", "0"])
        self.says(2, "1 to 86400 seconds", of=["status", "--timeout", "0"])
        self.says(2, "0.1 to 3600 seconds", of=["watch", "--interval", "0"])
        self.says(2, "0.1 to 3600 seconds", of=["watch", "--interval", "nan"])
        self.says(2, "needs 1 or more", of=["watch", "--count", "0"])
        self.says(2, "give one of them", of=["watch", "--once", "--count", "2"])
        self.says(2, "given twice", of=["status", "--timeout", "1", "--timeout", "2"])

    def test_an_option_of_another_command_points_to_the_help_of_this_one(self):
        self.says(2, "--stock", "does not go with this command", "sluice drop close --help",
                  of=["drop", "close", "1", "--stock", "5"])

    def test_a_server_that_is_not_there_is_told_from_a_directory_that_is_not(self):
        with tempfile.TemporaryDirectory(prefix="slc-cli-") as folder:
            self.says(5, f"no server at {folder}/control.sock", "is sluiced running?", "--data-dir DIR",
                      of=["--data-dir", folder, "status"])
            self.says(5, f"there is no directory {folder}/none", "--data-dir DIR",
                      of=["--data-dir", f"{folder}/none", "drop", "list"])
            self.says(5, "is sluiced running?", of=["--data-dir", folder, "watch"])

    def test_a_path_that_is_no_socket_or_a_stale_one_is_said(self):
        with tempfile.TemporaryDirectory(prefix="slc-cli-") as folder:
            with open(f"{folder}/file", "w", encoding="ascii"):
                pass
            self.says(5, "is no socket", of=["--control", f"{folder}/file", "status"])
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(f"{folder}/left")
            self.says(5, "left from one that was killed", "start sluiced again",
                      of=["--control", f"{folder}/left", "status"])

    def test_a_silent_server_times_out_and_says_how_to_ask_again(self):
        with tempfile.TemporaryDirectory(prefix="slc-cli-") as folder, socket.socket(socket.AF_UNIX) as deaf:
            deaf.bind(f"{folder}/deaf")
            deaf.listen(4)
            done = ask("--control", f"{folder}/deaf", "--timeout", "1", "drop", "close", "1", "--op-key", "ab")
            self.assertEqual(done.returncode, 5)
            self.assertIn("no answer within 1000 ms", done.stderr)
            self.assertIn("--op-key 00000000000000ab", done.stderr)
            done = ask("--control", f"{folder}/deaf", "--timeout", "1", "status")
            self.assertIn("--timeout SECONDS waits longer", done.stderr)
            self.assertNotIn("--op-key", done.stderr)

    def test_help_begins_with_examples_and_each_command_has_its_own(self):
        text = ask("--help").stdout
        self.assertTrue(text.startswith("Examples:\n"))
        commands = re.findall(r"^  ((?:drop|order) [a-z]+|snapshot|status|watch)", text, re.MULTILINE)
        self.assertGreaterEqual(len(set(commands)), 11)
        for command in commands:
            own = sluice.run(sluice.SLUICE, *command.split(), "--help", check=0).stdout
            self.assertTrue(own.startswith(f"usage: sluice {command}"), own)
        self.assertRegex(ask("--version").stdout, r"^sluice \d+\.\d+\.\d+")


class WithServer(sluice.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()

    def ask(self, *arguments):
        return ask("--control", self.server.control, *arguments)

    def json_of(self, *arguments, code=0):
        done = self.ask("--json", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def refused(self, *arguments):
        done = self.ask(*arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        return done.stderr

    def test_each_command_answers_json_with_its_documented_keys(self):
        opened = self.json_of("drop", "open", "1", "--stock", "10", "--per-user", "2", "--name", "a \"b\"")
        self.assertEqual(set(opened), OUTCOME | {"drop"})
        self.assertEqual(set(opened["drop"]), DROP)
        self.assertRegex(opened["op_key"], "^[0-9a-f]{16}$")
        with self.server.connect() as buyer:
            order = buyer.buy(user="anna", quantity=2).order_id
        self.assertEqual(set(self.json_of("drop", "show", "1")), DROP)
        listed = self.json_of("drop", "list")
        self.assertEqual((set(listed), set(listed["drops"][0])), ({"drops"}, DROP))
        self.assertEqual(set(self.json_of("order", "show", str(order))), ORDER)
        self.assertEqual(set(self.json_of("drop", "adjust", "1", "-3")), OUTCOME | {"drop"})
        self.assertLessEqual(OUTCOME, set(self.json_of("order", "cancel", str(order))))
        self.assertLessEqual(OUTCOME, set(self.json_of("drop", "close", "1")))
        self.assertEqual(set(self.json_of("drop", "purge", "1")), OUTCOME)
        snapshot = self.json_of("snapshot")
        self.assertEqual((set(snapshot), snapshot["op_key"]), (OUTCOME, None))
        self.assertLessEqual(STATUS, set(self.json_of("status")))
        missing = self.json_of("drop", "show", "9", code=1)
        self.assertEqual((set(missing), missing["status"]), (OUTCOME, "STATUS_UNKNOWN_DROP"))

    def test_each_key_of_the_json_stands_in_the_help(self):
        text = ask("--help").stdout
        for key in DROP | ORDER | OUTCOME | STATUS | WATCH:
            self.assertRegex(text, rf"\b{key}\b")

    def test_people_get_tables(self):
        self.ask("drop", "open", "7", "--stock", "1000000", "--name", "Schuhe \u00fc")
        lines = self.ask("drop", "list").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["DROP", "STOCK", "SOLD", "REMAINING", "ORDERS", "STATE", "NAME"])
        self.assertEqual(lines[1].split(), ["7", "1000000", "0", "1000000", "0", "open", "Schuhe", "\u00fc"])
        self.assertIn("digest", self.ask("status").stdout)

    def test_an_unknown_drop_is_refused_with_those_that_there_are(self):
        self.assertIn("drop 7 does not exist; there is none yet: sluice drop open 7 --stock N",
                      self.refused("drop", "show", "7"))
        for drop in ("1", "2", "3"):
            self.ask("drop", "open", drop, "--stock", "5")
        self.ask("drop", "close", "3")
        for command in ("show", "close", "purge"):
            self.assertIn("drop 7 does not exist; open are 1, 2; closed are 3 (STATUS_UNKNOWN_DROP)",
                          self.refused("drop", command, "7"))
        self.assertIn("open are 1, 2", self.refused("drop", "adjust", "7", "1"))
        for drop in range(10, 30):
            self.ask("drop", "open", str(drop), "--stock", "5")
        self.assertIn("open are 1, 2, 10, 11, 12, 13, 14, 15, 16, 17 and 12 more", self.refused("drop", "show", "7"))

    def test_a_refusal_says_what_to_do(self):
        self.ask("drop", "open", "1", "--stock", "5")
        self.assertIn("sluice drop adjust", self.refused("drop", "open", "1", "--stock", "6"))
        self.assertIn("close it first", self.refused("drop", "purge", "1"))
        self.assertIn("sluice drop show", self.refused("drop", "adjust", "1", "-6"))
        self.assertIn("replay export", self.refused("order", "show", "4711"))
        self.assertIn("order_id", self.refused("order", "cancel", "4711"))
        self.ask("drop", "close", "1")
        self.assertIn("open another one", self.refused("drop", "adjust", "1", "5"))

    def test_a_repeated_key_is_told_from_a_first_one(self):
        first = self.ask("drop", "open", "1", "--stock", "5", "--op-key", "1f").stdout
        again = self.ask("drop", "open", "1", "--stock", "5", "--op-key", "1f").stdout
        self.assertTrue(first.startswith("done at sequence 1\n"), first)
        self.assertTrue(again.startswith("was done before, at sequence 1\n"), again)

    def test_who_may_not_is_told_whose_it_is_and_its_mode(self):
        # Root may everything, so root asks as nobody; anybody else shuts themselves out.
        owner = pwd.getpwuid(os.geteuid()).pw_name
        command = [sluice.SLUICE, "--control", self.server.control, "status"]
        options = {}
        if os.geteuid() == 0:
            # A copy at a place that nobody may reach, too.
            program = os.path.join(self.folder, "sluice")
            shutil.copy(sluice.SLUICE, program)
            os.chmod(self.folder, 0o755)
            os.chmod(self.data, 0o755)
            command[0] = program
            options = {"user": 65534, "group": 65534, "extra_groups": []}
            mode = stat.S_IMODE(os.stat(self.server.control).st_mode)
            self.assertEqual(mode, 0o600)
        else:
            os.chmod(self.server.control, 0o000)
            mode = 0
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/",
                              env=clean_environment(), **options)
        self.assertEqual(done.returncode, 5)
        self.assertIn(f"{self.server.control} belongs to {owner} (mode {mode:04o})", done.stderr)
        self.assertIn(f"sudo -u {owner} sluice", done.stderr)

    def test_watch_without_a_terminal_prints_plain_frames(self):
        self.ask("drop", "open", "1", "--stock", "200", "--name", "Sneaker")
        with self.server.connect() as buyer:
            for number in range(150):
                buyer.buy(user=f"u{number}")
        done = self.ask("watch", "--count", "3", "--interval", "0.1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        frames = done.stdout.split("\n\nsluice ")
        self.assertEqual(len(frames), 3)
        self.assertNotIn("\x1b", done.stdout)
        for frame in frames:
            self.assertRegex(frame, r"sells .*\norders 150")
            self.assertRegex(frame, r"\n +1  open +50  \[#+\.+\]  25% .* Sneaker")
        self.assertIn("orders 150 (0/s)", frames[1])
        self.assertTrue(all(len(line) <= 100 for line in done.stdout.splitlines()))
        self.assertEqual(len(self.ask("watch", "--once").stdout.split("\n\nsluice ")), 1)

    def test_watch_as_json_is_a_line_for_each_look_with_rates(self):
        self.ask("drop", "open", "1", "--stock", "1000000")
        # pylint: disable=consider-using-with
        watch = subprocess.Popen([sluice.SLUICE, "--control", self.server.control, "watch", "--json", "--count", "2",
                                  "--interval", "0.1"], stdout=subprocess.PIPE, text=True, env=clean_environment())
        looks = [json.loads(watch.stdout.readline())]
        rest = watch.communicate(timeout=60)[0]
        looks += [json.loads(line) for line in rest.splitlines()]
        self.assertEqual((watch.returncode, len(looks)), (0, 2))
        for look in looks:
            self.assertEqual(set(look), WATCH)
            self.assertLessEqual(STATUS, set(look["status"]))
            self.assertEqual(set(look["drops"][0]), DROP)
        self.assertEqual((looks[0]["orders_per_s"], looks[1]["orders_per_s"]), (None, 0.0))

    def test_watch_counts_what_was_bought_between_two_looks(self):
        self.ask("drop", "open", "1", "--stock", "1000000")
        # pylint: disable=consider-using-with
        watch = subprocess.Popen([sluice.SLUICE, "--control", self.server.control, "watch", "--json", "--count", "2",
                                  "--interval", "1"], stdout=subprocess.PIPE, text=True, env=clean_environment())
        first = json.loads(watch.stdout.readline())
        with self.server.connect() as buyer:
            buyer.buy(user="anna")
            for _ in range(3):
                buyer.buy(user="anna", drop=2)  # there is none: refused, so that both rates differ
        second = json.loads(watch.communicate(timeout=60)[0])
        # On a slow machine it may have been bought before the first look, or behind the second.
        bought = second["status"]["orders"] - first["status"]["orders"]
        self.assertEqual(second["orders_per_s"] > 0, bought > 0)
        refused = second["status"]["buys_refused"] - first["status"]["buys_refused"]
        self.assertEqual(second["refusals_per_s"] > 0, refused > 0)

    def test_status_counts_the_answers_and_those_among_them_that_were_refusals(self):
        self.ask("drop", "open", "1", "--stock", "1")
        with self.server.connect() as buyer:
            for number in range(5):
                buyer.buy(user=f"u{number}")
        status = self.json_of("status")
        self.assertEqual((status["buys_answered"], status["buys_refused"]), (5, 4))
        text = self.ask("status").stdout
        self.assertRegex(text, r"(?m)^buys answered +5$")
        self.assertRegex(text, r"(?m)^buys refused +4$")

    def test_watch_outlives_its_server_and_says_how_it_went(self):
        self.ask("drop", "open", "1", "--stock", "5")
        # pylint: disable=consider-using-with
        watch = subprocess.Popen([sluice.SLUICE, "--control", self.server.control, "watch", "--json", "--interval",
                                  "0.1"], stdout=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        self.assertIn("status", json.loads(watch.stdout.readline()))
        self.server.kill()
        look = {}
        while "error" not in look:
            look = json.loads(watch.stdout.readline())
        self.assertIn("start sluiced again", look["error"])
        self.server.start()
        while "status" not in look:
            look = json.loads(watch.stdout.readline())
        self.assertEqual(look["drops"][0]["remaining"], 5)
        watch.send_signal(signal.SIGINT)
        watch.wait(60)


sluice.main()
