"""The operators' socket by hand, in the same spirit as raw.py: what it reads is decoded by the wire format
alone. tests/e2e/control_test.py holds the operators' program against it."""
import collections
import socket

import raw

Answer = collections.namedtuple("Answer", "status message replayed sequence time_us result")

DROP = {1: "drop_id", 2: "name", 3: "stock", 4: "sold", 5: "remaining", 6: "per_user_limit", 7: "opens_at_us",
        8: "closes_at_us", 9: "closed", 10: "orders", 11: "cancelled"}
ORDER = {1: "order_id", 2: "drop_id", 3: "user", 4: "quantity", 5: "order_key", 6: "time_us", 7: "cancelled"}
ENGINE = {1: "applied_sequence", 2: "digest", 3: "drops", 4: "orders", 5: "version", 6: "durability",
          7: "journal_method", 8: "uptime_us", 9: "connections", 10: "read_only", 11: "attempts_missing",
          12: "journal_bytes", 13: "journal_segments", 14: "snapshot_sequence", 15: "snapshot_bytes",
          16: "snapshot_time_us", 17: "snapshots_written", 18: "snapshots_failed", 19: "snapshot_error",
          20: "restored_events", 21: "buys_answered", 22: "buys_refused"}
TEXT = ("name", "user", "version", "durability", "journal_method", "read_only", "snapshot_error")
SWITCHES = {id(DROP): ("closed",), id(ORDER): ("cancelled",)}  # in a drop, `cancelled` is a count


class Refused(Exception):
    """The engine answered something else than ACCEPTED."""


def named(body, names):
    fields = raw.decode(body)
    values = {}
    for number, name in names.items():
        value = fields.get(number, b"" if name in TEXT else 0)
        if name in TEXT:
            value = value.decode()
        values[name] = value
    for name in SWITCHES.get(id(names), ()):
        values[name] = bool(values[name])
    if "digest" in values:
        values["digest"] = f"{values['digest']:016x}"
    return values


def zigzag(number):
    return (number << 1) ^ (number >> 63) if number >= 0 else ((-number) << 1) - 1


class Operator:
    def __init__(self, path, timeout_s=20):
        self.path, self.timeout_s = path, timeout_s

    def ask(self, field, body=b"", op_key=0):
        """One request on a connection of its own."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout_s)
            connection.connect(self.path)
            request = raw.number_field(1, 77)
            if op_key:
                request += raw.fixed64_field(2, op_key)
            connection.sendall(raw.framed(request + raw.bytes_field(field, body)))
            received = b""
            while True:
                try:
                    length, begin = raw.read_varint(received, 0)
                    if len(received) >= begin + length:
                        break
                except IndexError:
                    pass
                more = connection.recv(65536)
                if not more:
                    raise raw.Closed
                received += more
        fields = raw.decode(received[begin:begin + length])
        assert fields.get(1) == 77, "an answer to another request"
        return Answer(raw.STATUS[fields.get(2, 0)], fields.get(3, b"").decode(), bool(fields.get(4, 0)),
                      fields.get(5, 0), fields.get(6, 0), fields)

    def must(self, *arguments, **options):
        answer = self.ask(*arguments, **options)
        if answer.status != "ACCEPTED":
            raise Refused(f"{answer.status}: {answer.message}")
        return answer

    # ---- changes ----

    def open_drop(self, drop, stock, per_user=0, opens_at_us=0, closes_at_us=0, name="", **options):
        body = raw.number_field(1, drop) + raw.number_field(2, stock) + raw.number_field(3, per_user)
        body += raw.fixed64_field(4, opens_at_us) + raw.fixed64_field(5, closes_at_us)
        return self.must(3, body + raw.bytes_field(6, name), **options)

    def adjust(self, drop, delta, **options):
        return self.must(4, raw.number_field(1, drop) + raw.number_field(2, zigzag(delta)), **options)

    def close_drop(self, drop, **options):
        return self.must(5, raw.number_field(1, drop), **options)

    def purge(self, drop, **options):
        return self.must(6, raw.number_field(1, drop), **options)

    def cancel(self, order, **options):
        return self.must(7, raw.number_field(1, order), **options)

    def snapshot(self):
        """The sequence that the snapshot will cover at least; status() tells when it is written."""
        return self.must(11).sequence

    # ---- queries ----

    def drop(self, drop):
        return named(self.must(8, raw.number_field(1, drop)).result[7], DROP)

    def order(self, order):
        return named(self.must(10, raw.number_field(1, order)).result[9], ORDER)

    def status(self):
        return named(self.must(12).result[10], ENGINE)
