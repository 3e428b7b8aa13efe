"""sluiced as a service: what systemd hears of it, its log, and SIGHUP. A socket here plays systemd."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice
from sluice import until
from small_disk import MIB, SmallDisk

WATCHDOG_S = 1


class Systemd:
    """The socket that NOTIFY_SOCKET names; `said` holds every datagram so far, as {name: value}."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.said = []

    def close(self):
        self.socket.close()

    def listen(self, within_s=0.0):
        """What is there; waits for the first of it. Answers only what is new."""
        new = []
        self.socket.settimeout(within_s or 0.000001)
        while True:
            try:
                text = self.socket.recv(8192).decode()
            except (TimeoutError, BlockingIOError):
                self.said += new
                return new
            new.append(dict(line.split("=", 1) for line in text.splitlines()))
            self.socket.settimeout(0.000001)

    def hears(self, name, value=None):
        self.listen(0.01)
        return any(name in words and value in (None, words[name]) for words in self.said)

    def values(self, name):
        self.listen()
        return [words[name] for words in self.said if name in words]


class Service(sluice.Case):
    def setUp(self):
        super().setUp()
        self.systemd = Systemd(self.folder)
        self.addCleanup(self.systemd.close)
        self.asked = {"NOTIFY_SOCKET": self.systemd.path, "WATCHDOG_USEC": str(WATCHDOG_S * 1000000)}

    def serve(self, *flags, **options):
        return self.start(*flags, environment=self.asked, **options)

    def sell(self, server, units):
        server.open_drop(1, units)
        self.load(server, "--connections", 4, "--window", 64, "--requests", units, "--drop", 1)

    # ---- life ----

    def test_ready_comes_behind_recovery_and_its_progress(self):
        first = self.start("--snapshot-interval", "0")
        self.sell(first, 20000)
        first.kill()
        # Each read takes its time, so that what is told before READY can be seen to be before it.
        server = self.spawn(environment=self.asked,
                            wrap=("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=pread64", "-e",
                                  "inject=pread64:delay_enter=100000"))
        until(lambda: any(status.startswith("replaying") for status in self.systemd.values("STATUS")),
              "progress of the recovery")
        self.assertIsNone(server.address, "it says that it replays, and is ready already")
        self.assertEqual(self.systemd.values("READY"), [])
        self.assertGreaterEqual(int(self.systemd.values("EXTEND_TIMEOUT_USEC")[0]), 10000000)
        until(lambda: self.systemd.hears("READY", "1"), "READY=1", within_s=120)
        self.assertTrue(server.ready.wait(30))
        raw.Connection(server.address).close()
        replayed = [status for status in self.systemd.values("STATUS") if status.startswith("replaying")]
        self.assertRegex(replayed[-1], r"^replaying: \d+ of \d+ MiB, 20001 events")
        self.assertEqual(self.systemd.values("STOPPING"), [])
        server.stop()
        self.assertTrue(self.systemd.hears("STOPPING", "1"))

    def test_status_says_how_it_goes_and_why_it_is_read_only(self):
        server = self.serve("--min-free", "64KiB")
        server.open_drop(1, 5)
        until(lambda: any(re.match(r"serving: 1 events, \d+ connections$", status)
                          for status in self.systemd.values("STATUS")), "a status of one event")
        server.stop()
        disk = SmallDisk("tmpfs", 96 * MIB)
        self.addCleanup(disk.remove)
        self.addCleanup(lambda: self.servers[-1].kill())
        self.data = os.path.join(disk.mount_point, "data")
        full = self.serve("--segment-size", "1MiB", "--block-size-max", "64KiB", "--min-free", "16MiB")
        disk.fill(leave_bytes=8 * MIB)
        # The journal station looks when a slot comes by: a query is one.
        until(lambda: full.status()["read_only"] and
              any(status.startswith("read-only: ") for status in self.systemd.values("STATUS")),
              "a status that says read-only")
        full.stop()

    # ---- the watchdog ----

    def pings(self, for_s):
        """How many come in that time."""
        self.systemd.listen()
        count, end = 0, time.monotonic() + for_s
        while time.monotonic() < end:
            count += sum("WATCHDOG" in words for words in self.systemd.listen(0.05))
        return count

    def test_pings_come_while_it_idles_and_while_it_works(self):
        server = self.serve("--io-threads", "2")
        until(lambda: len(self.systemd.values("WATCHDOG")) >= 6, "pings of an idle server")
        server.open_drop(1, 10000000)
        working = self.load(server, "--connections", 4, "--window", 64, "--requests", 100000000, "--drop", 1,
                            background=True)
        before = len(self.systemd.values("WATCHDOG"))
        try:
            until(lambda: len(self.systemd.values("WATCHDOG")) >= before + 6, "pings of a working server")
            self.assertIsNone(working.poll(), "the load was over before the pings were counted")
        finally:
            working.kill()
            working.communicate()
        server.stop()

    def stuck(self, server, call, delay_s):
        """strace holds the next such calls of the server for so long."""
        # pylint: disable=consider-using-with
        tracer = subprocess.Popen(["strace", "-f", "-p", str(server.pid), "-o", os.devnull, "-e", f"trace={call}",
                                   "-e", f"inject={call}:delay_enter={delay_s * 1000000}"],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.kill)
        line = tracer.stderr.readline()
        self.assertIn("attached", line)
        return tracer

    def assert_pings_stop_until(self, server, name, release):
        until(lambda: any(f"the station {name} stands still" in line for line in server.lines),
              f"a word in the log that {name} stands still")
        self.assertEqual(self.pings(2 * WATCHDOG_S), 0, "systemd is told that all is well")
        self.assertIsNone(server.process.poll())
        release()
        until(lambda: any(f"the station {name} moves again" in line for line in server.lines),
              f"a word in the log that {name} moves again")
        until(lambda: self.pings(0.5) > 0, "pings that go on")

    def test_a_write_that_does_not_return_stops_the_pings(self):
        server = self.serve()
        server.open_drop(1, 100)
        until(lambda: self.systemd.hears("WATCHDOG"), "the first ping")
        tracer = self.stuck(server, "pwrite64", 600)
        buyer = server.connect()
        buyer.send(raw.framed(raw.buy_body(user="ada")))
        self.assert_pings_stop_until(server, "journal", tracer.terminate)
        self.assertEqual(buyer.read_reply().status, "ACCEPTED")
        tracer.wait(60)
        server.stop()

    def test_an_io_thread_that_does_not_come_by_stops_the_pings_though_no_work_is_in_the_ring(self):
        server = self.serve("--io-threads", "2")
        until(lambda: self.systemd.hears("WATCHDOG"), "the first ping")
        tracer = self.stuck(server, "accept4", 600)
        raw.Connection(server.address, hello=False).close()
        self.assert_pings_stop_until(server, "I/O 0", tracer.terminate)
        tracer.wait(60)
        server.stop()

    # ---- SIGHUP ----

    def test_sighup_brings_a_lost_control_socket_back_and_drops_no_connection(self):
        server = self.serve()
        server.open_drop(1, 100)
        buyer, operator = server.connect(), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(operator.close)
        operator.settimeout(20)
        operator.connect(server.control)
        os.unlink(server.control)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: os.path.exists(server.control), "the socket's name")
        self.assertEqual(os.stat(server.control).st_mode & 0o777, 0o600)
        self.assertEqual(buyer.buy(user="ada").status, "ACCEPTED")
        operator.sendall(raw.framed(raw.number_field(1, 9) + raw.bytes_field(12, b"")))
        self.assertNotEqual(operator.recv(1000), b"", "the old connection of an operator")
        self.assertEqual(server.drop(1)["sold"], 1, "a new one")
        words = self.systemd.values("RELOADING")
        self.assertEqual(words, ["1"])
        until(lambda: self.systemd.values("READY") == ["1", "1"], "READY=1 behind RELOADING=1")
        inode = os.stat(server.control).st_ino
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: len(self.systemd.values("READY")) == 3, "the second SIGHUP")
        self.assertEqual(server.drop(1)["sold"], 1)
        self.assertEqual(os.stat(server.control).st_ino, inode, "one that is there is left alone")
        server.stop()
        self.assertFalse(os.path.exists(server.control))

    def test_a_stranger_at_the_control_sockets_name_is_left_alone_at_the_stop(self):
        server = self.serve()
        os.unlink(server.control)
        with open(server.control, "w", encoding="ascii") as file:
            file.write("mine")
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: any("SIGHUP tries again" in line for line in server.lines), "the refusal in the log")
        server.stop()
        self.assertTrue(os.path.exists(server.control))

    def test_sighup_begins_a_new_attempts_log_where_the_old_was_moved_away(self):
        server = self.serve()
        server.open_drop(1, 1)
        buyer = server.connect()
        buyer.buy(user="ada")

        def refuse_and_find(name):
            self.assertEqual(buyer.buy(user="bob").status, "SOLD_OUT")
            path = os.path.join(self.data, name)
            return os.path.exists(path) and os.path.getsize(path) > 64
        until(lambda: refuse_and_find("attempts-0000000001.log"), "the attempts log")
        os.rename(os.path.join(self.data, "attempts-0000000001.log"), os.path.join(self.folder, "kept"))
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: refuse_and_find("attempts-0000000002.log"), "the next attempts log")
        server.stop()

    # ---- the log ----

    def test_the_log_of_a_start_says_version_durability_recovery_and_time(self):
        first = self.start("--durability", "os")
        self.sell(first, 50)
        first.sluice("snapshot")
        first.stop()
        self.assertTrue(any("durability os" in line and "--durability" in line for line in first.lines), first.log())
        again = self.start()
        log = again.log()
        for wanted in (r"sluiced \d+\.\d+\.\d+ \(commit [-0-9a-z]+\), data directory " + re.escape(self.data),
                       r"journal: durability fsync \(default\), method (direct|fdatasync: .+)",
                       r"restored 0 events behind the snapshot of event 51 \(\d+ bytes\) in \d+ ms: sequence 51",
                       r"serving \d+ ms after the start"):
            self.assertRegex(log, wanted)
        again.stop()

    def test_every_line_of_a_busy_log_is_json_of_three_keys(self):
        server = self.start("--log-format", "json", "--log-level", "debug", "--max-frame-bytes", "128")
        self.sell(server, 50)
        for name in ("quote\" back\\slash", "tab\tnew\nline", "\u00e9\u2028\U0001f600"):
            server.open_drop(100 + len(name), 5, name=name)
        for junk in (b"\xff" * 64, b"\x00\x00\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x05\x01"):
            with socket.create_connection(server.address.rsplit(":", 1)) as peer:
                peer.sendall(junk)
        os.kill(server.pid, signal.SIGHUP)
        os.kill(server.pid, signal.SIGUSR1)
        until(lambda: any("SIGUSR1" in line for line in server.lines), "the signal's line")
        server.stop()
        lines = [line for line in server.lines if not line.startswith("ready ")]
        self.assertGreater(len(lines), 5)
        for line in lines:
            event = json.loads(line)
            self.assertEqual(sorted(event), ["level", "message", "time"])
            self.assertIn(event["level"], ("error", "warn", "info", "debug"))
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_under_the_journal_each_line_carries_its_priority(self):
        path = os.path.join(self.folder, "journal")
        with open(path, "wb") as stream:
            status = os.fstat(stream.fileno())
            where = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
            with subprocess.Popen([sluice.SLUICED, "--data-dir", self.data, "--listen", "127.0.0.1:0",
                                   "--http", "off", "--durability", "os"], stderr=stream, env=where) as server:
                try:
                    until(lambda: b"ready listen=" in self.bytes_of(path), "the ready line")
                finally:
                    server.terminate()
                    server.wait(60)
        lines = [line for line in self.bytes_of(path).decode().splitlines() if not line.startswith("ready ")]
        self.assertGreater(len(lines), 3)
        for line in lines:
            self.assertRegex(line, r"^<[3467]>\D")
        self.assertTrue(any(line.startswith("<4>durability os") for line in lines), lines)

    def bytes_of(self, path):
        with open(path, "rb") as file:
            return file.read()


sluice.main()
