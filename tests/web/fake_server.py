"""A server that says what a test wants the dashboard to hear: it serves the page from the sources with the policy
that the real one sends, and /status and /drops from what lies in .status and .drops, which the test changes. Its
clock goes on by one second with each /status, so that rates come out the same however slow the machine is."""
import copy
import http.server
import json
import os
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

OBSERVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "observe")
PAGE = os.path.join(OBSERVE, "dashboard.html")
sys.path.insert(0, OBSERVE)
import embed
SECONDS = [0.00001 * 2 ** i for i in range(20)] + [None]
EVENTS = [2 ** i for i in range(14)] + [None]


def histogram(bounds):
    return {"le": list(bounds), "count": [0] * len(bounds), "sum": 0.0}


def observe(into, value, times=1):
    """Adds `times` observations of one value."""
    for i, bound in enumerate(into["le"]):
        if bound is None or value <= bound:
            into["count"][i] += times
    into["sum"] += value * times


def fresh_status():
    now = time.time_ns() // 1000
    return {"version": "0.1.0", "commit": "0123456789ab", "started_us": now, "now_us": now, "state": "serving", "ready": True,
            "reason": "", "durability": "fsync", "journal_method": "direct", "sequence": 0, "digest": "0" * 16,
            "ring": {"slots": 65536, "published": 0, "durable": 0, "decided": 0, "replied": 0},
            "requests": {name: 0 for name in ("accepted", "sold_out", "limit_exceeded", "unknown_drop", "read_only")},
            "request_seconds": histogram(SECONDS), "journal_write_seconds": histogram(SECONDS),
            "journal_batch_events": histogram(EVENTS), "connections": 0, "journal": {"segments": 1, "bytes": 0},
            "snapshot": {"sequence": 0, "age_s": None, "bytes": 0},
            "mirror": {"enabled": False, "sequence": 0, "lag_events": 0, "lag_s": 0, "error": ""}}


def a_drop(drop_id, name, stock, sold=0, **more):
    return {"drop_id": drop_id, "name": name, "state": "open", "stock": stock, "sold": sold, "remaining": stock - sold,
            "orders": sold, "per_user_limit": 0, "opens_at_us": 0, "closes_at_us": 0, **more}


class FakeServer:
    """Usable as a context: with FakeServer() as fake: browser.open(fake.url)."""

    def __init__(self, port=0):
        self.status, self.drops, self.lock, self.polls = fresh_status(), [], threading.Lock(), 0
        self.step = None  # called with this server before each answer to /status
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                fake.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        parts = urlsplit(request.path)
        kind, body, code, policy = "application/json", b"", 200, "default-src 'none'"
        with self.lock:
            if parts.path == "/":
                kind = "text/html; charset=utf-8"
                with open(PAGE, "rb") as file:
                    body = file.read()
                policy = embed.policy(body)
            elif parts.path == "/status":
                self.polls += 1
                self.status["now_us"] += 1_000_000
                if self.step:
                    self.step(self)
                body = json.dumps(self.status).encode()
            elif parts.path == "/drops":
                asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
                left = [drop for drop in self.drops if drop["drop_id"] > asked.get("after", 0)]
                shown = left[:asked.get("limit", 100)]
                body = json.dumps({"drops": shown, "more": len(left) > len(shown), "sequence": self.status["sequence"]}).encode()
            else:
                code = 404
        request.send_response(code)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Content-Security-Policy", policy),
                            ("Cache-Control", "no-store")):
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def change(self, **fields):
        """Sets fields of the status, nested ones by a dictionary."""
        with self.lock:
            for name, value in fields.items():
                if isinstance(value, dict) and isinstance(self.status.get(name), dict):
                    self.status[name].update(copy.deepcopy(value))
                else:
                    self.status[name] = value
