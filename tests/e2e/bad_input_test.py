#!/usr/bin/python3
"""Input that no client library sends. A bad client costs its own connection and nothing else: behind each
attack another connection buys as before, and nothing but what was accepted stands in the journal."""
import os
import random
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice

STOCK = 1_000_000


class BadInput(sluice.Case):
    FLAGS = ("--max-frame-bytes", "1024")

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.server.open_drop(1, STOCK)
        self.bystander = self.server.connect()
        self.sold = 0

    def tearDown(self):
        try:
            self.assert_undisturbed()
            drop = self.server.drop(1)
            self.assertEqual((drop["sold"], drop["orders"]), (self.sold, self.sold))
        finally:
            self.bystander.close()
            super().tearDown()

    def assert_undisturbed(self):
        reply = self.bystander.buy(user="bystander")
        self.sold += 1
        self.assertEqual((reply.status, reply.remaining), ("ACCEPTED", STOCK - self.sold))

    def assert_refused_once(self, data, names=""):
        """One INVALID with request_id 0 that names what is wrong, then the end."""
        with self.server.connect() as bad:
            bad.send(data)
            replies = bad.expect_closed()
        self.assertEqual([(r.request_id, r.status) for r in replies], [(0, "INVALID")], data[:40])
        self.assertIn(names, replies[0].message)
        self.assert_undisturbed()

    def assert_invalid(self, body, names):
        """INVALID that names the field; the connection goes on."""
        with self.server.connect() as bad:
            bad.send(raw.framed(body) + raw.framed(raw.buy_body(request_id=99, user="behind")))
            replies = {r.request_id: r for r in (bad.read_reply(), bad.read_reply())}
        self.assertEqual(replies.pop(99).status, "ACCEPTED")
        self.sold += 1
        (reply,) = replies.values()
        self.assertEqual(reply.status, "INVALID", body)
        self.assertIn(names, reply.message)

    def assert_accepted(self, body):
        with self.server.connect() as odd:
            odd.send(raw.framed(body))
            self.assertEqual(odd.read_reply().status, "ACCEPTED", body)
        self.sold += 1

    # ---- lengths ----

    def test_length_0_is_an_empty_message_with_a_missing_drop(self):
        self.assert_invalid(b"", "drop")

    def test_a_length_over_the_limit_is_refused_from_the_prefix_alone(self):
        for length in (1025, 2**20, 2**31 - 1, 2**31, 2**32 - 1):
            self.assert_refused_once(raw.varint(length))

    def test_a_frame_of_exactly_the_limit_is_read(self):
        body = raw.buy_body(user="padded")
        body += raw.bytes_field(100, b"x" * (1024 - len(body) - 4))
        self.assertEqual(len(body), 1024)
        self.assert_accepted(body)

    def test_length_prefixes_beyond_5_bytes_are_refused(self):
        self.assert_refused_once(raw.varint(2**63))
        self.assert_refused_once(raw.varint(2**64 - 1))
        self.assert_refused_once(b"\xff" * 11)
        self.assert_refused_once(b"\x80" * 11 + b"\x01")

    # ---- segments of TCP ----

    def test_a_frame_split_at_every_byte_is_a_frame(self):
        data = raw.framed(raw.hello_body()) + raw.framed(raw.buy_body(user="split", quantity=1, key=2**63))
        for cut in range(1, len(data)):
            with self.server.connect(hello=False) as odd:
                odd.send(data[:cut])
                # The server has seen the first part when it has answered another connection behind it.
                self.assert_undisturbed()
                odd.send(data[cut:])
                self.assertEqual(odd.read_welcome().status, "ACCEPTED")
                reply = odd.read_reply()
                self.assertEqual((reply.status, reply.replayed), ("ACCEPTED", cut > 1))
                self.sold += cut == 1

    def test_a_frame_byte_by_byte_is_a_frame(self):
        with self.server.connect() as odd:
            for byte in raw.framed(raw.buy_body(user="slow")):
                odd.send(bytes([byte]))
            self.assertEqual(odd.read_reply().status, "ACCEPTED")
        self.sold += 1

    def test_many_frames_in_one_segment_are_all_answered(self):
        with self.server.connect() as odd:
            odd.send(b"".join(raw.framed(raw.buy_body(request_id=i, user=f"u{i}")) for i in range(1000)))
            self.assertEqual(sorted(odd.read_reply().request_id for _ in range(1000)), list(range(1000)))
        self.sold += 1000

    def test_a_half_close_behind_a_full_frame_is_answered(self):
        with self.server.connect() as odd:
            odd.send(raw.framed(raw.buy_body(request_id=5)) + raw.framed(raw.buy_body(request_id=6)))
            odd.socket.shutdown(socket.SHUT_WR)
            replies = odd.expect_closed()
        self.assertEqual(sorted((r.request_id, r.status) for r in replies), [(5, "ACCEPTED"), (6, "ACCEPTED")])
        self.sold += 2

    def test_an_end_inside_a_frame_drops_it(self):
        data = raw.framed(raw.buy_body(user="cut"))
        for cut in range(1, len(data)):
            with self.server.connect() as odd:
                odd.send(data[:cut])
                odd.socket.shutdown(socket.SHUT_WR)
                self.assertNotIn("ACCEPTED", [r.status for r in odd.expect_closed()])
        self.assert_undisturbed()

    # ---- protobuf ----

    def test_frames_that_are_no_protobuf_message_are_refused(self):
        good = raw.buy_body()
        for tail in (b"\x00", b"\x00\x01", raw.varint(6 << 3 | 6), raw.varint(6 << 3 | 7), raw.varint(6 << 3 | 3),
                     raw.varint(6 << 3 | 3) + raw.varint(6 << 3 | 4), raw.varint(6 << 3 | 4),
                     b"\x08", b"\x08" + b"\x80" * 10 + b"\x01", b"\x08" + b"\xff" * 10,
                     raw.varint(6 << 3 | 2) + b"\x05ab", raw.varint(6 << 3 | 1) + b"1234567",
                     raw.varint(6 << 3 | 5) + b"123", raw.varint(6 << 3 | 2) + raw.varint(2**63),
                     raw.varint(2**32 << 3) + b"\x01"):
            self.assert_refused_once(raw.framed(good + tail))

    def test_wrong_wire_types_of_known_fields_are_refused_or_skipped_but_never_taken(self):
        with self.server.connect() as bad:
            bad.send(raw.framed(raw.bytes_field(1, "x") + raw.bytes_field(2, "\x01") + raw.number_field(3, 7)))
            replies = bad.expect_closed()
        self.assertTrue(all(r.status == "INVALID" for r in replies) and len(replies) <= 1, replies)

    def test_the_last_of_repeated_scalars_wins(self):
        self.assert_accepted(raw.buy_body(drop=7, user="first", quantity=2) +
                             raw.buy_body(drop=1, user="last", quantity=1))
        self.assertEqual(self.server.drop(1)["sold"], self.sold)

    def test_unknown_fields_are_skipped(self):
        self.assert_accepted(raw.number_field(1000, 2**64 - 1) + raw.fixed64_field(77, 1) +
                             raw.varint(78 << 3 | 5) + b"abcd" + raw.buy_body() +
                             raw.bytes_field(536870911, b"\xff" * 300))

    def test_deep_nesting_is_only_bytes(self):
        nested = b""
        while len(nested) < 900:
            nested = raw.bytes_field(50, nested)
        self.assert_accepted(raw.buy_body() + nested)

    # ---- fields ----

    def test_fields_out_of_bounds_are_named_and_the_connection_goes_on(self):
        self.assert_invalid(raw.buy_body(drop=None), "drop")
        self.assert_invalid(raw.buy_body(drop=0), "drop")
        for quantity in (1_000_001, 2**32 + 1, 2**63, 2**64 - 1):
            self.assert_invalid(raw.buy_body(quantity=quantity), "quantity")
        for user in (None, b"", b"x" * 65, b"a\x00b", b"\x00", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80",
                     b"\xf4\x90\x80\x80", b"\xe2\x82", b"x" * 63 + b"\xc3\xbc"):
            self.assert_invalid(raw.buy_body(user=user), "user")

    # ---- other protocols, noise ----

    def test_http_and_tls_are_refused_and_closed(self):
        tls_hello = bytes.fromhex("16030100c8010000c40303") + bytes(range(200))
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /buy HTTP/1.1\r\n\r\n{}", tls_hello,
                     b"SSH-2.0-OpenSSH\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x00" * 64):
            for hello in (False, True):
                with self.server.connect(hello=hello) as stranger:
                    stranger.send(data)
                    stranger.socket.shutdown(socket.SHUT_WR)
                    try:
                        while stranger.socket.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
                self.assert_undisturbed()

    def test_random_bytes_never_buy_and_never_disturb(self):
        seed = sluice.amount("SLC_SEED", 1)
        noise = random.Random(seed)
        for _ in range(200):
            with self.server.connect(hello=noise.random() < 0.5) as stranger:
                try:
                    for _ in range(noise.randrange(1, 4)):
                        stranger.send(noise.randbytes(noise.randrange(1, 3000)))
                    stranger.socket.shutdown(socket.SHUT_WR)
                    while stranger.socket.recv(4096):
                        pass
                except (raw.Closed, OSError):
                    pass
            self.assert_undisturbed()

    def test_log_lines_of_hostile_names_stay_one_line_each(self):
        for _ in range(3):
            with self.server.connect(hello=False) as odd:
                odd.say_hello(raw.hello_body(client="evil\nready listen=x control=y\x1b[2J"))
        forged = [line for line in self.server.lines if line.startswith("ready ")]
        self.assertEqual(len(forged), 1)
        self.assertFalse(any("\x1b" in line for line in self.server.lines))


sluice.main()
