#!/usr/bin/python3
"""Stops of every kind, and what the next start makes of what they left."""
import glob
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice


class Restart(sluice.Case):
    def sell(self, server, count, first=0):
        with server.connect() as buyer:
            for number in range(first, first + count):
                self.assertEqual(buyer.buy(user=f"u{number % 7}", key=number + 1).status, "ACCEPTED")

    def first_segment(self):
        return sorted(glob.glob(os.path.join(self.data, "segment-*.journal")))[0]

    def flip(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 0x10]))

    def test_a_restart_keeps_drops_orders_keys_and_digest(self):
        server = self.start()
        server.open_drop(1, 100, per_user=20, name="first")
        server.open_drop(2, 5)
        self.sell(server, 50)
        server.operator.close_drop(2)
        with server.connect() as buyer:
            order = buyer.buy(user="anna", quantity=3, key=900)
        server.operator.cancel(order.order_id)
        for stop in (server.stop, server.kill):
            before = (server.status(), server.drop(1), server.drop(2))
            stop()
            server.start()
            after = (server.status(), server.drop(1), server.drop(2))
            for key in ("applied_sequence", "digest", "drops", "orders"):
                self.assertEqual(after[0][key], before[0][key], key)
            self.assertEqual(after[1:], before[1:])
            self.assert_durable_digest(server)
            with server.connect() as buyer:
                self.assertTrue(buyer.buy(user="u3", key=4).replayed)
                self.assertEqual(buyer.buy(user="anna", quantity=3, key=900).status, "CANCELLED")
                self.assertEqual(buyer.buy(drop=2).status, "CLOSED")
        self.audit()

    def test_sequence_and_time_go_on_where_they_stood(self):
        server = self.start()
        server.open_drop(1, 100)
        with server.connect() as buyer:
            first = buyer.buy()
        server.stop()
        server.start()
        with server.connect() as buyer:
            second = buyer.buy()
        self.assertEqual(second.sequence, first.sequence + 1)
        self.assertGreaterEqual(second.time_us, first.time_us)

    def test_an_empty_directory_survives_a_stop_and_a_kill(self):
        server = self.start()
        server.kill()
        server.start()
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual(server.status()["applied_sequence"], 0)
        server.open_drop(1, 1)

    def test_many_segments_are_replayed_in_order(self):
        server = self.start("--segment-size", "1MiB", "--block-size-max", "64KiB")
        server.open_drop(1, 1_000_000)
        self.load(server, "--connections", 4, "--window", 128, "--requests", 100000, "--drop", "1",
                  "--users", 5000, "--quantity", 1)
        self.assertGreater(len(glob.glob(os.path.join(self.data, "segment-*.journal"))), 2)
        before = server.status()
        server.kill()
        server.start()
        after = server.status()
        self.assertEqual((after["applied_sequence"], after["digest"]),
                         (before["applied_sequence"], before["digest"]))
        self.assert_durable_digest(server)
        self.audit()

    def test_sigterm_under_load_drains_and_leaves_with_0(self):
        for stop_signal in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            if stop_signal == signal.SIGTERM:
                server.open_drop(1, 100_000_000)
            ledger = os.path.join(self.folder, f"ledger-{stop_signal}")
            load = self.load(server, "--connections", 4, "--window", 64, "--duration", 60, "--drop", "1",
                             "--users", 10000, "--ledger", ledger, background=True)
            sluice.until(lambda: server.status()["orders"] > 2000, "load has begun")
            os.kill(server.pid, stop_signal)
            self.assertEqual(server.wait(30), 0, server.log())
            load.communicate(timeout=60)
            self.assertFalse(os.path.exists(server.control), "the socket goes with the server")
            self.audit("--ledger", ledger)

    def test_a_second_signal_leaves_at_once_and_loses_nothing(self):
        server = self.start()
        server.open_drop(1, 100)
        self.sell(server, 20)
        os.kill(server.pid, signal.SIGTERM)
        try:
            os.kill(server.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        server.wait(30)
        server.start()
        self.assertEqual(server.drop(1)["sold"], 20)

    def test_a_flipped_byte_is_refused_with_segment_and_offset_and_nothing_is_touched(self):
        server = self.start()
        server.open_drop(1, 100)
        self.sell(server, 30)
        server.stop()
        segment = self.first_segment()
        self.flip(segment, 4096 * 5 + 200)
        before = {path: open(path, "rb").read() for path in glob.glob(os.path.join(self.data, "*.journal"))}
        refused = self.spawn()
        self.assertEqual(refused.wait(), 4, refused.log())
        self.assertIn(f"segment 1, offset {4096 * 5}", refused.log())
        self.assertIn("replay verify", refused.log())
        for path, text in before.items():
            self.assertEqual(open(path, "rb").read(), text, path)
        verify = sluice.run(sluice.REPLAY, "verify", self.data, check=4)
        self.assertIn(f"segment 1, offset {4096 * 5}", verify.stdout + verify.stderr)
        self.flip(segment, 4096 * 5 + 200)
        server.start()
        self.assertEqual(server.drop(1)["sold"], 30)

    def test_a_torn_tail_is_cut_reported_and_kept_as_evidence(self):
        server = self.start()
        server.open_drop(1, 100)
        self.sell(server, 10)
        kept = server.status()
        server.kill()
        segment = self.first_segment()
        with open(segment, "r+b") as file:
            pages = 0
            while (page := file.read(4096)) and page.count(0) != len(page):
                pages += 1
            file.seek(4096 * pages)
            file.write(b"SLCBLOCK" + b"\x55" * 1500)
        server.start()
        self.assertIn("kept as", server.log())
        evidence = glob.glob(os.path.join(self.data, "torn-*"))
        self.assertEqual(len(evidence), 1)
        self.assertIn(b"\x55" * 1500, open(evidence[0], "rb").read())
        self.assertEqual(server.status()["digest"], kept["digest"])
        self.sell(server, 10, first=10)
        server.stop()
        server.start()
        self.assertEqual(server.drop(1)["sold"], 20)
        self.audit()

    def test_a_missing_segment_is_refused(self):
        server = self.start("--segment-size", "1MiB", "--block-size-max", "64KiB")
        server.open_drop(1, 1_000_000)
        self.load(server, "--connections", 2, "--window", 128, "--requests", 100000, "--drop", "1", "--users", 999)
        server.stop()
        segments = sorted(glob.glob(os.path.join(self.data, "segment-*.journal")))
        self.assertGreater(len(segments), 2)
        os.rename(segments[1], os.path.join(self.folder, "aside"))
        refused = self.spawn()
        self.assertEqual(refused.wait(), 4, refused.log())
        os.rename(os.path.join(self.folder, "aside"), segments[1])
        server.start()

    def test_a_directory_serves_one_process_at_a_time(self):
        first = self.start()
        first.open_drop(1, 10)
        second = self.spawn()
        self.assertEqual(second.wait(), 6)
        self.assertIn(self.data, second.log())
        self.sell(first, 1)
        first.kill()
        self.start()

    def test_a_stale_control_socket_of_a_killed_server_is_no_obstacle(self):
        server = self.start()
        server.kill()
        self.assertTrue(os.path.exists(os.path.join(self.data, "control.sock")))
        server.start()
        self.assertEqual(server.status()["applied_sequence"], 0)
        self.assertEqual(os.stat(server.control).st_mode & 0o777, 0o600)

    def test_a_copy_of_the_directory_is_a_server_of_its_own(self):
        server = self.start()
        server.open_drop(1, 100)
        self.sell(server, 10)
        server.stop()
        copy = os.path.join(self.folder, "copy")
        shutil.copytree(self.data, copy)
        twin = sluice.Server(copy)
        self.servers.append(twin)
        twin.start()
        server.start()
        self.assertEqual(twin.status()["digest"], server.status()["digest"])

    def test_a_place_that_cannot_be_used_is_said_before_listening(self):
        missing = sluice.Server(os.path.join(self.folder, "missing", "data"))
        self.servers.append(missing)
        self.assertEqual(missing.spawn().wait(), 5)
        self.assertIn("missing", missing.log())
        self.assertIn("No such file or directory", missing.log())
        a_file = os.path.join(self.folder, "file")
        open(a_file, "w", encoding="ascii").close()
        not_a_folder = sluice.Server(a_file)
        self.servers.append(not_a_folder)
        self.assertEqual(not_a_folder.spawn().wait(), 5)
        self.assertIn("Not a directory", not_a_folder.log())

    def test_a_directory_without_rights_is_said_before_listening(self):
        os.chmod(self.data, 0o555)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        os.chmod(self.folder, 0o755)
        refused = self.spawn(wrap=command)
        self.assertEqual(refused.wait(), 5, refused.log())
        self.assertIn("ermission denied", refused.log())
        self.assertNotIn("ready", refused.log())
        os.chmod(self.data, 0o755)

    def test_a_port_in_use_is_said(self):
        server = self.start()
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        second = sluice.Server(other, "--listen", server.address)
        self.servers.append(second)
        self.assertEqual(second.spawn().wait(), 5)
        self.assertIn("Address already in use", second.log())
        self.assertIn(server.address, second.log())

    def test_durability_os_works_and_every_surface_says_so(self):
        server = self.start("--durability", "os")
        self.assertEqual(server.status()["durability"], "os")
        self.assertIn("durability os", server.log())
        server.open_drop(1, 100)
        self.sell(server, 50)
        server.kill()
        server.start()
        self.assertEqual(server.drop(1)["sold"], 50)
        server.stop()
        fsync = sluice.Server(self.data)
        self.servers.append(fsync)
        fsync.start()
        self.assertEqual((fsync.status()["durability"], fsync.drop(1)["sold"]), ("fsync", 50))

    def test_io_threads_1_2_and_4_sell_alike(self):
        sold = 0
        for threads in (1, 2, 4):
            server = self.start("--io-threads", threads)
            if not sold:
                server.open_drop(1, 100_000)
            self.load(server, "--connections", 16, "--window", 32, "--requests", 20000, "--drop", "1",
                      "--users", 1000, "--quantity", 1, "--seed", threads)
            sold += 20000
            self.assertEqual(server.drop(1)["sold"], sold)
            self.assertEqual(server.stop(), 0)
        self.audit()

    def test_small_rings_and_windows_answer_everything(self):
        server = self.start("--ring-slots", "1024", "--max-in-flight", "1024")
        server.open_drop(1, 1_000_000)
        self.load(server, "--connections", 8, "--window", 1024, "--requests", 100000, "--drop", "1",
                  "--users", 1000, "--quantity", 1)
        self.assertEqual(server.drop(1)["sold"], 100000)


class Configuration(sluice.Case):
    def refused(self, code, *flags, environment=None):
        done = sluice.run(sluice.SLUICED, *flags, check=code,
                          env={**os.environ, **(environment or {})})
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_wrong_usage_and_wrong_values_have_their_exit_codes(self):
        self.assertIn("did you mean --listen", self.refused(2, "--data-dir", self.data, "--lisen", "x"))
        self.assertIn("--data-dir DIR", self.refused(2))
        self.assertIn("give 1 to 16", self.refused(3, "--data-dir", self.data, "--io-threads", "0"))
        self.assertIn("--insecure", self.refused(3, "--data-dir", self.data, "--listen", "0.0.0.0:0"))
        self.assertIn("--http off", self.refused(5, "--data-dir", self.data, "--listen", "127.0.0.1:0",
                                                 "--http", "192.0.2.1:0"))
        self.assertIn("SLUICE_RING_SLOTS", self.refused(3, "--data-dir", self.data,
                                                        environment={"SLUICE_RING_SLOTS": "7"}))

    def test_the_file_is_checked_and_printed_with_origins(self):
        path = os.path.join(self.folder, "sluice.ini")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"# a file\ndata-dir = {self.data}\nio-threads = 2\n")
        sluice.run(sluice.SLUICED, "--config", path, "--check-config", check=0)
        printed = sluice.run(sluice.SLUICED, "--config", path, "--print-config", check=0).stdout
        self.assertRegex(printed, rf"(?m)^io-threads = 2 +# file {path}:3$")
        with open(path, "a", encoding="ascii") as file:
            file.write("io-thread = 2\n")
        self.assertIn("sluice.ini:4", self.refused(3, "--config", path, "--check-config"))

    def test_help_and_version_of_every_program(self):
        for program in (sluice.SLUICED, sluice.SLUICE, sluice.REPLAY, sluice.LOAD):
            name = os.path.basename(program)
            shown = sluice.run(program, "--help", check=0)
            self.assertRegex(shown.stdout.splitlines()[0], rf"^(Examples:|  {name} )")
            self.assertEqual(shown.stderr, "")
            self.assertRegex(sluice.run(program, "--version", check=0).stdout,
                             rf"^{name} \d+\.\d+\.\d+ \(commit ([0-9a-f]{{12}}(-dirty)?|unknown)\)\n$")
            self.assertEqual(sluice.run(program, "--no-such-flag").returncode, 2, name)

    def test_json_log_lines_are_json(self):
        server = self.start("--log-format", "json")
        server.stop()
        import json
        lines = [line for line in server.lines if not line.startswith("ready ")]
        self.assertGreater(len(lines), 1)
        for line in lines:
            self.assertEqual(sorted(json.loads(line)), ["level", "message", "time"])

    def test_systemd_is_told_where_it_asks(self):
        import socket
        path = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(path)
            notified.settimeout(20)
            server = self.start(environment={"NOTIFY_SOCKET": path})
            text = notified.recv(4096)
            while b"READY=1" not in text:
                text = notified.recv(4096)
            server.stop()
            while b"STOPPING=1" not in text:
                text = notified.recv(4096)


sluice.main()
