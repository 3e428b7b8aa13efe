#!/usr/bin/python3
"""Clients that are slow, silent, gone or too many: each has a deadline, and nobody else waits for it."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice


class SlowClients(sluice.Case):
    FLAGS = ("--hello-timeout", "300ms", "--frame-timeout", "300ms", "--write-timeout", "500ms")

    def begin(self, *flags):
        self.server = self.start(*flags)
        self.server.open_drop(1, 1_000_000_000)  # more than any load of this file can buy
        self.bystander = self.server.connect()
        self.addCleanup(self.bystander.close)

    def assert_undisturbed(self):
        self.assertEqual(self.bystander.buy(user="bystander").status, "ACCEPTED")

    def test_who_never_says_hello_is_closed(self):
        self.begin()
        with self.server.connect(hello=False) as silent:
            self.assertEqual([r.status for r in silent.expect_closed() if r.status == "ACCEPTED"], [])
        self.assert_undisturbed()

    def test_one_byte_at_a_time_does_not_renew_the_deadline_of_a_frame(self):
        self.begin()
        frame = raw.framed(raw.buy_body(user="x" * 60))
        with self.server.connect() as drip:
            drip.socket.settimeout(0.1)
            closed = False
            for byte in frame[:-1] * 50:
                try:
                    drip.send(bytes([byte]))
                    if not drip.socket.recv(4096):
                        closed = True
                except socket.timeout:
                    continue
                except (raw.Closed, ConnectionResetError):
                    closed = True
                if closed:
                    break
            self.assertTrue(closed)
        self.assertEqual(self.server.drop(1)["orders"], 0)
        self.assert_undisturbed()

    def test_an_idle_connection_stays_unless_a_timeout_was_set(self):
        self.begin()
        time.sleep(1.0)
        self.assert_undisturbed()

    def test_an_idle_connection_is_closed_behind_its_timeout(self):
        self.begin("--idle-timeout", "300ms")
        with self.server.connect() as idle:
            self.assertEqual(idle.buy(user="idle").status, "ACCEPTED")
            self.assertEqual(idle.expect_closed(), [])

    def test_who_does_not_read_is_dropped_and_its_orders_stand(self):
        self.begin()
        with self.server.connect(hello=False) as deaf:
            deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.say_hello()
            deaf.socket.settimeout(0.2)
            frames = b"".join(raw.framed(raw.buy_body(request_id=2**60 + i, user=f"deaf{i % 1000}"))
                              for i in range(2000))
            end = time.monotonic() + 30
            dropped = False
            while not dropped and time.monotonic() < end:
                try:
                    deaf.socket.sendall(frames)
                except socket.timeout:
                    self.assert_undisturbed()
                except (BrokenPipeError, ConnectionResetError):
                    dropped = True
            self.assertTrue(dropped, "a client that never reads is fed for ever")
        self.assert_undisturbed()
        self.audit()

    def test_a_client_gone_before_its_reply_has_its_order(self):
        self.begin()
        for number in range(50):
            gone = self.server.connect()
            gone.send(raw.framed(raw.buy_body(user=f"gone{number}", key=number + 1)))
            if number % 2:
                # A reset instead of a close: the reply meets a dead socket.
                gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            gone.close()
        self.assert_undisturbed()
        with self.server.connect() as back:
            for number in range(50):
                reply = back.buy(user=f"gone{number}", key=number + 1)
                self.assertEqual(reply.status, "ACCEPTED")
        self.assertEqual(self.server.drop(1)["orders"], 51)

    def test_a_flood_of_connections_is_refused_and_leaves_the_others_alone(self):
        self.begin("--max-connections", "64", "--hello-timeout", "30s")
        held, refused = [], 0
        for _ in range(200):
            extra = self.server.connect(hello=False)
            try:
                extra.send(raw.framed(raw.hello_body()))
                welcome = extra.read_welcome()
                if welcome.status == "ACCEPTED":
                    held.append(extra)
                    continue
                self.assertEqual(welcome.status, "OVERLOADED")
                self.assertTrue(welcome.message)
            except raw.Closed:
                pass
            refused += 1
            extra.close()
        self.assertLessEqual(len(held), 64)
        self.assertGreater(len(held), 32)
        self.assertGreaterEqual(refused, 200 - 64)
        self.assert_undisturbed()
        self.server.status()  # an operator still gets in
        for connection in held:
            connection.close()
        sluice.until(self.can_connect, "room again once the flood is over")

    def can_connect(self):
        try:
            with self.server.connect() as again:
                return again.welcome.status == "ACCEPTED"
        except raw.Closed:
            return False

    def test_exhausted_descriptors_are_survived(self):
        self.server = self.start(wrap=("prlimit", "--nofile=64:64"))
        self.server.open_drop(1, 1_000_000_000)  # more than any load of this file can buy
        with self.server.connect() as bystander:
            crowd = []
            for _ in range(150):
                try:
                    crowd.append(self.server.connect(hello=False, timeout_s=5))
                except OSError:
                    break
            self.assertEqual(bystander.buy(user="bystander").status, "ACCEPTED")
            for connection in crowd:
                connection.close()
            sluice.until(self.can_connect, "room again once the descriptors are back")
            self.assertEqual(bystander.buy(user="bystander").status, "ACCEPTED")

    def test_one_firehose_starves_nobody(self):
        self.begin()
        load = self.load(self.server, "--connections", 1, "--window", 1024, "--duration", 3, "--drop", "1",
                         "--users", 100000, background=True)
        answers = 0
        while load.poll() is None:
            self.assert_undisturbed()
            answers += 1
        self.assertEqual(load.wait(), 0, load.stdout.read())
        load.stdout.close()
        self.assertGreater(answers, 2)


sluice.main()
