"""An operator and a buyer who change drops of their own all the time, and know what has to come of it.

Every change goes out under a key and is kept here once it was acknowledged. What a crash leaves unanswered
is asked again with the same key when the server is back: it has to be done exactly once. A change that is
legal by these books has to be accepted, a BUY has to hear what these books say."""
import threading

import control
import raw

LIVE_DROPS = 8
PURGED_KEPT = 50
LIMITS = (0, 1, 3)  # of units a user, 0: none


class Wrong(AssertionError):
    """The server says something else than the books."""


class Drop:
    def __init__(self, drop_id, stock, per_user):
        self.drop_id, self.stock, self.per_user = drop_id, stock, per_user
        self.closed = False
        self.orders = {}  # order id -> [user, quantity, cancelled]

    def sold(self, user=None):
        return sum(quantity for who, quantity, cancelled in self.orders.values()
                   if not cancelled and user in (None, who))

    def expected(self):
        return {"stock": self.stock, "sold": self.sold(), "closed": self.closed, "orders": len(self.orders),
                "cancelled": sum(order[2] for order in self.orders.values())}


class Changes:
    """Begins at once, on a thread; `paused` stands still between two requests or at one without an answer."""

    def __init__(self, server, chance, first_drop=1_000_000):
        self.address, self.operator, self.chance = server.address, control.Operator(server.control), chance
        self.drops, self.purged = {}, []
        self.next_drop, self.next_key = first_drop, 1
        self.acknowledged = self.asked_again = self.checks = 0
        self.pending = None
        self.failure = None
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self):
        """Raises what went wrong."""
        self.stopping.set()
        self.thread.join(60)
        if self.failure is not None:
            raise self.failure

    def run(self):
        try:
            while not self.stopping.wait(0.001):
                with self.lock:
                    self.step()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure  # raised by stop and check

    # ---- one request at a time ----

    def step(self):
        again = self.pending is not None
        if not again:
            self.pending = self.choose()
        try:
            self.pending(again)
        except (raw.Closed, OSError):
            return  # the server is gone; the same again when it is back
        self.pending = None
        self.acknowledged += 1
        self.asked_again += again

    def choose(self):
        """A change that is legal, as a function that asks for it and writes it down once it is answered."""
        drop = self.chance.choice(list(self.drops.values())) if self.drops else None
        if drop is None or (len(self.drops) < LIVE_DROPS and self.chance.random() < 0.05):
            return self.opening()
        if drop.closed:
            return self.purging(drop) if self.chance.random() < 0.2 else self.buying(drop)
        dice = self.chance.random()
        standing = [order_id for order_id, order in drop.orders.items() if not order[2]]
        if dice < 0.03:
            return self.changing(self.operator.close_drop, drop.drop_id, lambda: setattr(drop, "closed", True))
        if dice < 0.15:
            delta = self.chance.randint(-(drop.stock - drop.sold()), 5) or 1
            return self.changing(self.operator.adjust, drop.drop_id,
                                 lambda: setattr(drop, "stock", drop.stock + delta), delta)
        if dice < 0.3 and standing:
            order = drop.orders[order_id := self.chance.choice(standing)]
            return self.changing(self.operator.cancel, order_id, lambda: order.__setitem__(2, True))
        return self.buying(drop)

    def key(self):
        self.next_key += 1
        return self.next_key

    def changing(self, ask, what, written_down, *more):
        key = self.key()

        def request(_again):
            ask(what, *more, op_key=key)
            written_down()
        return request

    def opening(self):
        drop = Drop(self.next_drop, self.chance.randint(1, 40), self.chance.choice(LIMITS))
        self.next_drop += 1
        key = self.key()

        def request(_again):
            self.operator.open_drop(drop.drop_id, drop.stock, drop.per_user, op_key=key)
            self.drops[drop.drop_id] = drop
        return request

    def purging(self, drop):
        def done():
            del self.drops[drop.drop_id]
            self.purged = [*self.purged, drop.drop_id][-PURGED_KEPT:]
        return self.changing(self.operator.purge, drop.drop_id, done)

    def buying(self, drop):
        user, quantity, key = f"user {self.chance.randint(1, 9)}", self.chance.randint(1, 2), self.key()
        status = "ACCEPTED"
        if drop.sold() + quantity > drop.stock:
            status = "SOLD_OUT"
        if drop.per_user and drop.sold(user) + quantity > drop.per_user:
            status = "LIMIT_EXCEEDED" if status == "ACCEPTED" else "either"
        if drop.closed:
            status = "CLOSED"

        def request(again):
            with raw.Connection(self.address) as buyer:
                reply = buyer.buy(drop.drop_id, user, quantity, key)
            if reply.status != status and (status != "either" or reply.status == "ACCEPTED"):
                raise Wrong(f"a BUY of {quantity} by {user} heard {reply}, not {status}: {drop.expected()}")
            if reply.replayed and not again:
                raise Wrong(f"the first BUY under a key was answered as a repeat: {reply}")
            if status == "ACCEPTED":
                drop.orders[reply.order_id] = [user, quantity, False]
        return request

    # ---- the books ----

    def check(self):
        """With the server up: all that was acknowledged is there, nothing else is."""
        with self.lock:
            if self.failure is not None:
                raise self.failure
            while self.pending is not None:
                self.step()
            for drop in self.drops.values():
                self.check_drop(drop)
            for drop_id in self.purged:
                try:
                    raise Wrong(f"drop {drop_id} was purged and is back: {self.operator.drop(drop_id)}")
                except control.Refused:
                    pass
            self.checks += 1

    def check_drop(self, drop):
        told, expected = self.operator.drop(drop.drop_id), drop.expected()
        if {name: told[name] for name in expected} != expected:
            raise Wrong(f"drop {drop.drop_id}: the server tells {told}, acknowledged was {expected}")
        for order_id, (user, quantity, cancelled) in drop.orders.items():
            order = self.operator.order(order_id)
            if (order["user"], order["quantity"], order["cancelled"]) != (user, quantity, cancelled):
                raise Wrong(f"order {order_id}: {order}, acknowledged was {user}, {quantity}, {cancelled}")
