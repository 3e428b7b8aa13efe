"""The buyers' stream by hand: frames as bytes, so that a test can send what no client library would.

Independent of any protobuf library on purpose: what it reads is decoded by the wire format alone."""
import collections
import socket
import struct

STATUS = ("UNSPECIFIED ACCEPTED SOLD_OUT LIMIT_EXCEEDED UNKNOWN_DROP NOT_OPEN CLOSED CONFLICT CANCELLED INVALID "
          "OVERLOADED UNAUTHENTICATED FORBIDDEN NOT_LEADER READ_ONLY").split()

Reply = collections.namedtuple("Reply", "request_id status order_id remaining replayed sequence time_us message")
Welcome = collections.namedtuple("Welcome", "status message max_in_flight max_frame_bytes version")


class Closed(Exception):
    """The server closed the connection (a reset counts: unread input behind a close makes one)."""


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def number_field(field, value):
    return varint(field << 3) + varint(value)


def fixed64_field(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def bytes_field(field, value):
    if isinstance(value, str):
        value = value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def framed(body):
    return varint(len(body)) + body


def hello_body(protocol=1, client="e2e"):
    return number_field(11, protocol) + bytes_field(12, client)


def buy_body(request_id=1, drop=1, user="user", quantity=None, key=None):
    """None leaves a field out."""
    body = b""
    if request_id is not None:
        body += number_field(1, request_id)
    if drop is not None:
        body += number_field(2, drop)
    if user is not None:
        body += bytes_field(3, user)
    if quantity is not None:
        body += number_field(4, quantity)
    if key is not None:
        body += fixed64_field(5, key)
    return body


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def decode(body):
    """Field number -> last value."""
    fields, at = {}, 0
    while at < len(body):
        tag, at = read_varint(body, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(body, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", body, at)[0], at + 8
        elif kind == 2:
            length, at = read_varint(body, at)
            value, at = body[at:at + length], at + length
        else:
            raise ValueError(f"wire type {kind} in a reply")
        fields[tag >> 3] = value
    return fields


class Connection:
    """One connection; every wait ends after `timeout_s` with an exception."""

    def __init__(self, address, timeout_s=20, hello=True):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.next_request_id = 1
        self.welcome = self.say_hello() if hello else None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- bytes ----

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def read_body(self):
        while True:
            try:
                length, begin = read_varint(self.received, 0)
                if len(self.received) >= begin + length:
                    body = self.received[begin:begin + length]
                    self.received = self.received[begin + length:]
                    return body
            except IndexError:
                pass
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError as error:
                raise Closed from error
            if not more:
                raise Closed
            self.received += more

    def expect_closed(self):
        """Reads to the end; answers the replies that came before it."""
        replies = []
        try:
            while True:
                replies.append(self.read_reply())
        except Closed:
            return replies

    # ---- messages ----

    def say_hello(self, body=None):
        self.send(framed(hello_body() if body is None else body))
        return self.read_welcome()

    def read_welcome(self):
        fields = decode(self.read_body())
        return Welcome(STATUS[fields.get(11, 0)], fields.get(12, b"").decode(), fields.get(13, 0),
                       fields.get(14, 0), fields.get(16, b"").decode())

    def read_reply(self):
        fields = decode(self.read_body())
        return Reply(fields.get(1, 0), STATUS[fields.get(2, 0)], fields.get(3, 0), fields.get(4, 0),
                     bool(fields.get(5, 0)), fields.get(6, 0), fields.get(7, 0), fields.get(8, b"").decode())

    def buy(self, drop=1, user="user", quantity=None, key=None):
        """One BUY, its answer."""
        request_id = self.next_request_id
        self.next_request_id += 1
        self.send(framed(buy_body(request_id, drop, user, quantity, key)))
        reply = self.read_reply()
        assert reply.request_id == request_id, f"an answer to {reply.request_id}, not to {request_id}"
        return reply
