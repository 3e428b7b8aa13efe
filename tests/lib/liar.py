"""A server of buyers that lies where it is told to, so that a checker can show that it sees it."""
import socket
import threading

import raw


class Liar:
    """Serves the buyers' stream on a port of the kernel's choice. Each of `lies` is one of LIES; without
    any it sells `stock` units honestly, one to each order key."""

    LIES = ("answers twice", "loses an answer", "sells twice under one key", "one order for two buyers",
            "refuses who has bought", "answers an idle one", "hangs up on an idle one")

    def __init__(self, *lies, stock=1_000_000):
        assert set(lies) <= set(self.LIES), lies
        self.lies = set(lies)
        self.left = stock
        self.orders = {}  # order key -> order id
        self.answers = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        for each in self.open:
            each.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        received = b""
        try:
            while more := peer.recv(65536):
                received += more
                bodies, received = self._frames(received)
                out = b"".join(self._answer(raw.decode(body)) for body in bodies)
                peer.sendall(out)
                if b"idle" in more and "hangs up on an idle one" in self.lies:
                    peer.shutdown(socket.SHUT_WR)
        except OSError:
            return

    @staticmethod
    def _frames(received):
        bodies = []
        while received:
            try:
                length, begin = raw.read_varint(received, 0)
            except IndexError:
                break
            if len(received) < begin + length:
                break
            bodies.append(received[begin:begin + length])
            received = received[begin + length:]
        return bodies, received

    def _answer(self, fields):
        if 11 in fields:  # Hello
            welcome = raw.framed(raw.number_field(11, 1) + raw.number_field(13, 1024) + raw.number_field(14, 1024))
            idle = b"idle" in fields.get(12, b"")
            return welcome + (self._reply(1, 1, 1, False) if idle and "answers an idle one" in self.lies else b"")
        with self.lock:
            self.answers += 1
            return self._sell(fields[1], fields.get(5, 0))

    def _sell(self, request_id, key):
        if "loses an answer" in self.lies and self.answers == 50:
            return b""
        known = self.orders.get(key)
        if known is not None and "refuses who has bought" in self.lies:
            return self._reply(request_id, 2, 0, False)
        if known is not None and "sells twice under one key" not in self.lies:
            return self._reply(request_id, 1, known, True)
        if self.left == 0:
            return self._reply(request_id, 2, 0, False)
        self.left -= 1
        order = self.answers if "one order for two buyers" not in self.lies else (self.answers + 1) // 2
        self.orders[key] = order
        reply = self._reply(request_id, 1, order, False)
        return reply + (reply if "answers twice" in self.lies and self.answers == 50 else b"")

    @staticmethod
    def _reply(request_id, status, order, replayed):
        return raw.framed(raw.number_field(1, request_id) + raw.number_field(2, status) +
                          raw.number_field(3, order) + raw.number_field(5, int(replayed)))
