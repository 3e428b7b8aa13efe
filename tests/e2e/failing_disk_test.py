#!/usr/bin/python3
"""Disks that fail or dawdle under the release binary: a failed write or sync stops it at once with exit 5, what
was acknowledged stands at the next start, and nobody hears a yes before the disk has it."""
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice
from small_disk import MIB, SmallDisk

FLAGS = ("--segment-size", "1MiB", "--block-size-max", "64KiB", "--min-free", "0", "--snapshot-interval", "0",
         "--snapshot-bytes", "0")


class FailingDisk(sluice.Case):
    FLAGS = FLAGS

    def inject(self, server, call, what):
        """strace on the running server; counts of `what` (when=N) begin here, for each thread. Ends with stop()."""
        trace = os.path.join(self.folder, f"trace-{call}")
        # pylint: disable=consider-using-with
        tracer = subprocess.Popen(["strace", "-f", "-p", str(server.pid), "-o", trace, "-e", f"trace={call}",
                                   "-e", f"inject={call}:{what}"], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop_tracing, tracer)
        line = tracer.stderr.readline()
        if "attached" not in line:
            raise AssertionError(f"strace: {line}{tracer.stderr.read()}")
        return tracer

    def stop_tracing(self, tracer):
        if tracer.poll() is None:
            tracer.terminate()
        tracer.wait(60)
        tracer.stderr.close()

    def selling(self, *flags):
        """A server under load: (server, load, ledger)."""
        server = self.start(*flags)
        server.open_drop(1, 100_000_000)
        ledger = os.path.join(self.folder, f"ledger-{len(self.servers)}")
        load = self.load(server, "--connections", 4, "--window", 32, "--duration", 3600, "--drop", "1",
                         "--users", 5000, "--ledger", ledger, background=True)
        self.addCleanup(load.stdout.close)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        sluice.until(lambda: server.status()["orders"] > 100, "the load sells")
        return server, load, ledger

    def assert_nothing_is_lost(self, ledger):
        """The next start needs no help, and everything that was heard ACCEPTED is there."""
        server = self.start()
        self.assertGreater(server.status()["orders"], 100)
        self.assertEqual(server.stop(), 0)
        self.audit("--ledger", ledger)

    def assert_stops_at_once(self, server, load, ledger):
        self.assertEqual(server.wait(60), 5, server.log())
        load.communicate(timeout=60)
        self.assertIn("the journal failed, stopping at once", server.log())
        self.assertIn("nothing acknowledged is lost: check the disk", server.log())
        self.assertGreater(os.path.getsize(ledger), 0)

    def test_any_failed_call_of_the_journal_stops_the_server_and_loses_nothing(self):
        """Blocks, their syncs, and each step of the way to a new segment."""
        for call, what, flags in (
                ("pwrite64", "error=EDQUOT:when=20", ()),
                ("fdatasync", "error=EIO:when=20", ("--journal-method", "fdatasync")),
                ("fdatasync", "error=ENOSPC:when=5+", ("--journal-method", "fdatasync")),
                ("renameat", "error=EIO:when=1", ()),
                ("renameat", "error=ENOSPC:when=2", ()),
                ("fsync", "error=EIO:when=1", ()),
                ("openat", "error=EROFS:when=1+", ())):
            with self.subTest(call=call, what=what):
                server, load, ledger = self.selling(*flags)
                self.inject(server, call, what)
                self.assert_stops_at_once(server, load, ledger)
                self.assert_nothing_is_lost(ledger)
                self.new_directory()

    def new_directory(self):
        self.used_up = getattr(self, "used_up", 0) + 1
        os.rename(self.data, f"{self.data}-{self.used_up}")
        os.mkdir(self.data)

    def test_a_quota_that_stops_the_next_segment_is_waited_for(self):
        for error in ("EDQUOT", "EMFILE"):
            with self.subTest(error=error):
                server, load, ledger = self.selling()
                tracer = self.inject(server, "openat", f"error={error}:when=1+")
                sluice.until(lambda server=server: server.status()["read_only"], "READ_ONLY")
                self.stop_tracing(tracer)
                sluice.until(lambda server=server: not server.status()["read_only"], "it sells again")
                before = server.status()["orders"]
                sluice.until(lambda server=server, before=before: server.status()["orders"] > before, "load goes on")
                load.terminate()
                load.communicate(timeout=60)
                self.assertEqual(server.stop(), 0)
                self.audit("--ledger", ledger)
                self.new_directory()

    def test_a_file_system_that_goes_read_only_under_the_server_stops_it_and_loses_nothing(self):
        disk = SmallDisk("ext4", 96 * MIB)
        self.addCleanup(disk.remove)
        self.addCleanup(self.kill_servers)
        self.data = os.path.join(disk.mount_point, "data")
        os.mkdir(self.data)
        server, load, ledger = self.selling()
        if not disk.remount("abort"):
            raise unittest.SkipTest("this kernel does not take ext4's abort: nothing else makes it read-only in use")
        self.assertEqual(server.wait(60), 5, server.log())
        load.communicate(timeout=60)
        self.assertIn("nothing acknowledged is lost: check the disk", server.log())
        blocked = self.spawn()
        self.assertEqual(blocked.wait(), 5)
        self.assertNotIn("ready ", blocked.log())
        disk.unmount()
        disk.mount()
        self.assert_nothing_is_lost(ledger)

    def kill_servers(self):
        for server in self.servers:
            server.kill()

    # ---- the start ----

    def start_with_fault(self, call, error, nth, only):
        """(exit code or None where it got ready, was anything injected)."""
        trace = os.path.join(self.folder, "trace-start")
        path = ("-P", self.data) if only else ()
        server = self.spawn(wrap=("strace", "-f", "-qq", "-o", trace, *path, "-e", f"trace={call}",
                                  "-e", f"inject={call}:error={error}:when={nth}"))
        self.assertTrue(server.ready.wait(60))
        code = None
        if server.address is None:
            code = server.wait()
            self.assertIn(" error ", server.log())
        server.kill()
        self.servers.remove(server)
        with open(trace, encoding="utf-8", errors="replace") as file:
            return code, "(INJECTED)" in file.read(), server.log()

    def sweep_start(self, prepare, check):
        """Each call of a start fails once; the answers are exit 5 with a sentence, or a server that serves."""
        stopped = 0
        for call, error in (("openat", "EIO"), ("openat", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"),
                            ("fsync", "EIO"), ("renameat", "EDQUOT")):
            for nth in range(1, 100):
                prepare()
                code, injected, log = self.start_with_fault(call, error, nth, call == "openat")
                if not injected:
                    break
                self.assertIn(code, (None, 5), f"{call} {error} {nth}: {log}")
                stopped += code == 5
                check()
        return stopped

    def test_any_call_that_fails_while_starting_is_told_and_harms_nothing(self):
        server = self.start()
        server.open_drop(1, 1000)
        with server.connect() as buyer:
            for number in range(20):
                self.assertEqual(buyer.buy(user=f"u{number}", key=number + 1).status, "ACCEPTED")
        server.kill()  # no seal: there is work for the next start
        digest = sluice.replay_state(self.data)["digest"]
        self.assertGreater(self.sweep_start(
            lambda: None, lambda: self.assertEqual(sluice.replay_state(self.data)["digest"], digest)), 5)
        server = self.start()
        self.assertEqual(server.status()["digest"], digest)
        self.assertEqual(server.stop(), 0)

    def test_any_call_that_fails_at_the_very_first_start_leaves_a_directory_that_starts(self):
        def healthy():
            self.assertEqual(self.start().stop(), 0)
        self.assertGreater(self.sweep_start(self.new_directory, healthy), 5)

    def test_what_is_wrong_with_the_directory_is_told_before_it_listens(self):
        os.rmdir(self.data)
        self.assertEqual(self.start().stop(), 0)  # its parent is there: it is made
        for spoil, word in ((lambda: setattr(self, "data", os.path.join(self.folder, "no", "where")), "create its parent"),
                            (self.put_file_in_its_place, "Not a directory")):
            spoil()
            server = self.spawn()
            self.assertEqual(server.wait(), 5)
            self.assertIn(word, server.log())
            self.assertIn(self.data, server.log())
            self.assertNotIn("ready ", server.log())

    def put_file_in_its_place(self):
        self.data = os.path.join(self.folder, "file")
        with open(self.data, "wb"):
            pass

    def test_a_directory_that_is_not_its_users_is_told_before_it_listens(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("another user's directory: only root may become another user")
        os.chmod(self.folder, 0o755)
        os.chmod(self.data, 0o755)
        server = self.spawn(wrap=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
        self.assertEqual(server.wait(), 5, server.log())
        self.assertIn("Permission denied", server.log())
        self.assertIn("must own the directory", server.log())

    # ---- slow, and stopped ----

    def is_stopped(self, pid):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii", errors="replace") as file:
                if file.read().rpartition(")")[2].split()[0] != "T":
                    return False
        return True

    def test_a_slow_disk_keeps_clients_waiting_and_never_says_yes_early(self):
        server = self.start()
        server.open_drop(1, 1000)
        tracer = self.inject(server, "pwrite64", "delay_enter=2000000")
        with server.connect(timeout_s=60) as buyer, server.connect() as other:
            for number in range(3):
                began = time.monotonic()
                reply = buyer.buy(user=f"u{number}", key=number + 1)
                self.assertEqual(reply.status, "ACCEPTED")
                self.assertGreaterEqual(time.monotonic() - began, 2)  # the disk did not have it before
            buyer.send(raw.framed(raw.buy_body(77, 1, "crashed", None, 77)))
            other.socket.settimeout(1)
            with self.assertRaises(socket.timeout):
                other.buy(user="waits", key=88)  # behind it in the line
            server.kill()
        self.stop_tracing(tracer)
        server = self.start()
        with server.connect() as buyer:
            for number in range(3):
                self.assertTrue(buyer.buy(user=f"u{number}", key=number + 1).replayed)
            self.assertEqual(buyer.buy(user="crashed", key=77).status, "ACCEPTED")
        self.assertEqual(server.status()["orders"], 4)
        self.assertEqual(server.stop(), 0)
        self.audit()

    def test_a_server_that_was_stopped_for_a_while_answers_everything_once_it_goes_on(self):
        server, load, ledger = self.selling()
        for _ in range(3):
            os.kill(server.pid, signal.SIGSTOP)
            sluice.until(lambda: self.is_stopped(server.pid), "every thread stands")
            with socket.create_connection(server.address.rsplit(":", 1), 5) as silent:
                silent.settimeout(0.3)
                silent.sendall(raw.framed(raw.hello_body()))
                with self.assertRaises(socket.timeout):
                    silent.recv(1)
                os.kill(server.pid, signal.SIGCONT)
                silent.settimeout(30)
                self.assertGreater(len(silent.recv(100)), 0)
            before = server.status()["orders"]
            sluice.until(lambda before=before: server.status()["orders"] > before, "load goes on")
        load.terminate()
        output, _ = load.communicate(timeout=60)
        self.assertIn("PASS  each_request_answered_once", output)
        self.assertEqual(server.stop(), 0)
        self.audit("--ledger", ledger)


if __name__ == "__main__":
    sluice.main()
