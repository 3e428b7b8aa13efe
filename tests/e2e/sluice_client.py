"""The delimited form for Debian's python3-protobuf, which has no helper for it: all that a client of Sluice
needs beside the classes that `protoc --python_out` makes of proto/sluice/v1/sluice.proto."""


def send(sock, message):
    """Writes a message behind its length as a varint."""
    body = message.SerializeToString()
    length, prefix = len(body), bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    sock.sendall(bytes(prefix) + bytes([length]) + body)


def _read(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise ConnectionError("the server closed the connection")
        data += more
    return data


def receive(sock, message_class):
    """Waits for the next message."""
    length, shift, byte = 0, 0, 0x80
    while byte & 0x80:
        byte = _read(sock, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
    return message_class.FromString(_read(sock, length))
