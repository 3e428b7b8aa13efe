#!/usr/bin/python3
"""HTTP beside the engine: what it shows is what clients heard, it says when and why the server is not ready, and
nobody who asks badly holds up a BUY."""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import raw
import sluice
import web

HTTP = ("--http", "127.0.0.1:0")
STATUSES = [status.lower() for status in raw.STATUS[1:]]


class Observed(sluice.Case):
    def begin(self, *flags):
        self.server = self.start(*HTTP, *flags)
        return self.server

    def ask(self, path, **options):
        return web.ask(self.server.http, path, **options)

    def promtool(self):
        """What it says against /metrics; empty: nothing."""
        path = os.path.join(self.folder, "metrics")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.ask("/metrics").text)
        with open(path, encoding="utf-8") as file:
            done = sluice.subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, text=True,
                                         check=False)
        return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


class Counters(Observed):
    def test_requests_by_result_are_what_the_clients_heard(self):
        self.begin("--io-threads", 2)
        self.server.open_drop(1, 500)
        self.server.open_drop(2, 1_000_000, per_user=3)
        heard = sluice.json.loads(self.load(
            self.server, "--connections", 6, "--window", 32, "--requests", 20000, "--users", 500, "--quantity", 1,
            "--drop", "1", "--drop", "2", "--drop", "3", "--json").stdout)
        self.assertEqual(heard["answered"], 20000)
        self.assertGreater(min(heard[s] for s in ("accepted", "sold_out", "limit_exceeded", "unknown_drop")), 0)
        with self.server.connect() as buyer:
            self.assertEqual(buyer.buy(user="x" * 65).status, "INVALID")
        expected = {status: heard[status] for status in STATUSES}
        expected["invalid"] += 1
        self.assertEqual(web.requests_by_status(self.server.http), expected)
        self.assertEqual(self.ask("/status").json["requests"], expected)

    def test_each_answer_and_each_event_is_in_its_histogram_once(self):
        self.begin("--io-threads", 2)
        self.server.open_drop(1, 10_000_000)
        self.load(self.server, "--connections", 5, "--window", 64, "--requests", 30000, "--drop", "1")
        values, status = web.metrics(self.server.http), self.ask("/status").json
        answered = sum(values["sluice_requests_total"].values())
        self.assertEqual(values["sluice_request_duration_seconds_count"][()], answered)
        self.assertEqual(values["sluice_journal_batch_events_sum"][()], self.server.status()["applied_sequence"])
        self.assertEqual(values["sluice_journal_batch_events_count"], values["sluice_journal_write_duration_seconds_count"])
        for name in ("request_seconds", "journal_write_seconds", "journal_batch_events"):
            shape = status[name]
            self.assertEqual(len(shape["le"]), len(shape["count"]))
            self.assertIsNone(shape["le"][-1])
            self.assertEqual(shape["count"], sorted(shape["count"]))
            self.assertGreater(shape["sum"], 0)
        self.assertEqual(status["request_seconds"]["count"][-1], answered)

    def test_the_status_is_what_the_operators_program_says(self):
        self.begin()
        self.server.open_drop(1, 100)
        self.load(self.server, "--connections", 2, "--window", 8, "--requests", 300, "--drop", "1", "--quantity", 1)
        shown, said = self.ask("/status").json, self.server.status()
        self.assertEqual((shown["sequence"], shown["digest"]), (said["applied_sequence"], said["digest"]))
        self.assertEqual((shown["version"], shown["durability"], shown["journal_method"]),
                         (said["version"], said["durability"], said["journal_method"]))
        self.assertEqual((shown["state"], shown["ready"], shown["reason"]), ("serving", True, ""))
        ring = shown["ring"]
        self.assertEqual(len({ring[stage] for stage in ("published", "durable", "decided", "replied")}), 1, ring)
        self.assertEqual(shown["mirror"]["enabled"], False)

    def test_connections_are_counted_while_they_are_there_and_when_they_came(self):
        self.begin()
        buyers = [self.server.connect() for _ in range(5)]
        values = web.metrics(self.server.http)
        self.assertEqual(values["sluice_connections"][()], 5)
        self.assertEqual(values["sluice_connections_accepted_total"][(("peer", "buyer"),)], 5)
        for buyer in buyers:
            buyer.close()
        sluice.until(lambda: web.metrics(self.server.http)["sluice_connections"][()] == 0, "all are gone")
        self.assertEqual(web.metrics(self.server.http)["sluice_connections_accepted_total"][(("peer", "buyer"),)], 5)

    def test_snapshot_and_mirror_are_shown(self):
        self.begin("--report", os.path.join(self.folder, "report.sqlite"))
        self.assertEqual(self.ask("/status").json["snapshot"]["age_s"], None)
        self.server.open_drop(1, 10)
        with self.server.connect() as buyer:
            self.assertEqual(buyer.buy().status, "ACCEPTED")
        self.server.sluice("snapshot")
        shown = self.ask("/status").json["snapshot"]
        self.assertEqual((shown["sequence"], shown["written"], shown["failed"]), (2, 1, 0))
        self.assertGreaterEqual(shown["age_s"], 0)
        sluice.until(lambda: self.ask("/status").json["mirror"]["sequence"] == 2, "the mirror has both events")
        mirror = self.ask("/status").json["mirror"]
        self.assertEqual((mirror["enabled"], mirror["lag_events"], mirror["error"]), (True, 0, ""))
        values = web.metrics(self.server.http)
        self.assertEqual(values["sluice_mirror_sequence"][()], 2)
        self.assertEqual(values["sluice_snapshot_sequence"][()], 2)

    def test_promtool_finds_nothing_to_say(self):
        self.begin("--report", os.path.join(self.folder, "report.sqlite"))
        self.server.open_drop(1, 10)
        self.server.sluice("snapshot")
        self.assertEqual(self.promtool(), "")


class Drops(Observed):
    def test_a_name_is_shown_as_it_was_given(self):
        name = "say \"hi\" \\ é 靴 <b>&amp;"
        self.begin()
        self.server.sluice("drop", "open", 7, "--stock", 30, "--per-user", 2, "--name", name)
        shown = self.ask("/drops/7").json
        self.assertEqual(shown, self.ask("/drops").json["drops"][0])
        self.assertEqual((shown["name"], shown["stock"], shown["remaining"], shown["per_user_limit"], shown["state"]),
                         (name, 30, 30, 2, "open"))

    def test_pages_give_each_drop_once_and_in_order(self):
        self.begin()
        numbers = [3 ** power for power in range(40)]
        for number in reversed(numbers):
            self.server.open_drop(number, 1)
        seen, after, more = [], 0, True
        while more:
            page = self.ask(f"/drops?after={after}&limit=7").json
            seen += [drop["drop_id"] for drop in page["drops"]]
            more, after = page["more"], seen[-1]
        self.assertEqual(seen, numbers)
        self.assertEqual(page["sequence"], 40)

    def test_states_follow_the_drop(self):
        self.begin()
        self.server.open_drop(1, 1)
        self.server.open_drop(2, 1, opens_at_us=2 ** 62)
        self.server.open_drop(3, 1)
        self.server.sluice("drop", "close", 3)
        with self.server.connect() as buyer:
            self.assertEqual(buyer.buy().status, "ACCEPTED")
        self.assertEqual([drop["state"] for drop in self.ask("/drops").json["drops"]], ["sold_out", "not_open", "closed"])
        self.server.sluice("drop", "purge", 3)
        self.assertEqual(self.ask("/drops/3").code, 404)
        self.assertEqual(len(self.ask("/drops").json["drops"]), 2)

    def test_what_is_shown_adds_up_while_it_sells(self):
        self.begin()
        self.server.open_drop(1, 10_000_000)
        load = self.load(self.server, "--connections", 8, "--window", 64, "--requests", 300000, "--drop", "1",
                         background=True)
        last = 0
        while load.poll() is None:
            drop = self.ask("/drops/1").json
            self.assertEqual(drop["sold"] + drop["remaining"], drop["stock"])
            self.assertGreaterEqual(drop["sold"], last)
            last = drop["sold"]
        load.communicate()
        self.assertEqual(load.returncode, 0)
        self.assertEqual(self.ask("/drops/1").json["sold"], self.server.drop(1)["sold"])

    def test_an_unknown_drop_is_404_with_a_message(self):
        self.begin()
        for path in ("/drops/9", "/drops/", "/drops/x", "/drops/99999999999999999999"):
            answer = self.ask(path)
            self.assertEqual(answer.code, 404, path)
            self.assertTrue(answer.json["message"])

    def test_a_question_out_of_bounds_is_400(self):
        self.begin()
        for query in ("limit=0", "limit=1001", "limit=x", "limit=", "after=-1", "after=1e3"):
            self.assertEqual(self.ask(f"/drops?{query}").code, 400, query)

    def test_series_of_drops_are_bounded_and_the_rest_is_counted(self):
        self.begin()
        for number in range(1, 121):
            self.server.open_drop(number, number)
        self.server.sluice("drop", "close", 5)
        values = web.metrics(self.server.http)
        shown = [int(dict(labels)["drop"]) for labels in values["sluice_drop_stock_remaining"]]
        self.assertEqual(shown, [number for number in range(1, 102) if number != 5])
        self.assertEqual((values["sluice_drops_left_out"][()], values["sluice_drops"][()]), (19, 120))


class Manners(Observed):
    def test_only_get_and_head_are_served(self):
        self.begin()
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = self.ask("/drops/1", method=method, body=b"x" * 100)
            self.assertEqual((answer.code, answer.headers["allow"]), (405, "GET, HEAD"), method)
        head = self.ask("/metrics", method="HEAD")
        self.assertEqual((head.code, head.text), (200, ""))
        self.assertEqual(self.ask("/nope").code, 404)

    def test_nothing_of_another_site_runs_in_or_reads_the_page(self):
        self.begin()
        for path in ("/", "/status", "/metrics", "/drops", "/drops/1", "/nope"):
            headers = self.ask(path).headers
            self.assertTrue(headers["content-security-policy"].startswith("default-src 'none'"), path)
            self.assertEqual((headers["x-content-type-options"], headers["cache-control"]), ("nosniff", "no-store"))
            self.assertNotIn("access-control-allow-origin", headers)
        page = self.ask("/")
        self.assertNotIn("script-src 'unsafe-inline'", page.headers["content-security-policy"])
        self.assertIsNone(re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", page.text))

    def test_garbage_is_refused_and_the_next_one_is_served(self):
        self.begin()
        host, _, port = self.server.http.rpartition(":")
        for data in (b"\x00\xff\n\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100000 + b"\r\n\r\n",
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", raw.framed(raw.hello_body())):
            with socket.create_connection((host, int(port)), 20) as odd:
                try:
                    odd.sendall(data)
                    odd.shutdown(socket.SHUT_WR)
                    while odd.recv(65536):
                        pass
                except OSError:
                    pass  # closed on us
            self.assertEqual(self.ask("/livez").code, 200)

    def test_scrapers_that_are_stuck_hold_up_no_buy(self):
        self.begin()
        self.server.open_drop(1, 1_000_000_000)
        host, _, port = self.server.http.rpartition(":")
        stuck = []
        for number in range(100):
            one = socket.create_connection((host, int(port)), 20)
            self.addCleanup(one.close)
            one.setblocking(False)
            try:
                # Half of them never end their question, the others never read an answer.
                one.send(b"GET /metrics HT" if number % 2 else b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
            except BlockingIOError:
                pass
            stuck.append(one)
        heard = sluice.json.loads(self.load(self.server, "--connections", 10, "--window", 16, "--requests", 100000,
                                            "--drop", "1", "--json").stdout)
        self.assertEqual((heard["answered"], heard["connections_lost"]), (100000, 0))
        sluice.until(lambda: self.ask("/livez", timeout_s=30).code == 200, "others are served again")
        self.assertEqual(sum(web.requests_by_status(self.server.http).values()), 100000)

    def test_many_scrapers_beside_a_load_all_see_numbers_that_only_rise(self):
        self.begin("--io-threads", 2)
        self.server.open_drop(1, 1_000_000_000)
        load = self.load(self.server, "--connections", 10, "--window", 64, "--requests", 400000, "--drop", "1",
                         background=True)
        faults = []

        def scrape():
            last = -1
            while load.poll() is None:
                count = web.metrics(self.server.http)["sluice_request_duration_seconds_count"][()]
                ring = self.ask("/status").json["ring"]
                if count < last or not ring["published"] >= ring["durable"] >= ring["decided"] >= ring["replied"]:
                    faults.append((last, count, ring))
                last = count
        scrapers = [threading.Thread(target=scrape) for _ in range(4)]
        for scraper in scrapers:
            scraper.start()
        load.communicate()
        for scraper in scrapers:
            scraper.join()
        self.assertEqual((load.returncode, faults), (0, []))


class Readiness(Observed):
    def http_of(self, server):
        """From the log: the ready line comes only behind the replay."""
        def told():
            return next((found[1] for found in (re.search(r"http://(\S+)/ shows", line) for line in server.lines)
                         if found), None)
        sluice.until(told, "the log tells where HTTP is")
        return told()

    def test_a_long_replay_is_told_while_it_lasts(self):
        self.begin("--snapshot-interval", "0", "--segment-size", "1MiB", "--block-size-max", "64KiB")
        self.server.open_drop(1, 10_000_000)
        self.load(self.server, "--connections", 4, "--window", 64, "--requests", 40000, "--drop", "1")
        self.server.kill()
        slow = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64",
                "-e", "inject=pread64:delay_enter=200000")
        self.server = self.spawn(*HTTP, "--segment-size", "1MiB", "--block-size-max", "64KiB", wrap=slow)
        self.server.http = http = self.http_of(self.server)

        def gets_on():
            self.assertIsNone(self.server.address, "it was ready before it told of its replay")
            return self.ask("/status").json["recovery"]["done_bytes"] > 0
        sluice.until(gets_on, "the replay gets on")
        answer = self.ask("/readyz")
        self.assertEqual(answer.code, 503)
        self.assertIn("replaying the journal", answer.text)
        status = self.ask("/status").json
        self.assertEqual((status["state"], status["ready"], status["sequence"]), ("replaying", False, 0))
        self.assertGreaterEqual(status["recovery"]["total_bytes"], status["recovery"]["done_bytes"])
        self.assertEqual((self.ask("/livez").code, self.ask("/drops").code, self.ask("/drops/1").code), (200, 503, 503))
        self.assertEqual(web.metrics(http)["sluice_replaying"][()], 1)
        self.assertEqual(self.promtool(), "")
        self.assertIsNone(self.server.address, "the replay was over before it was asked about")
        self.assertTrue(self.server.ready.wait(sluice.READY_WITHIN_S))
        self.assertEqual(self.server.http, http)
        sluice.until(lambda: self.ask("/readyz").code == 200, "it is ready")
        self.assertGreater(self.ask("/status").json["recovery"]["events"], 1000)

    def test_read_only_is_not_ready_and_says_why(self):
        self.begin()
        self.assertEqual(self.server.stop(), 0)  # it leaves a segment to go on in
        self.begin("--min-free", f"{1 << 20}MiB")
        sluice.until(lambda: self.ask("/readyz").code == 503, "READ_ONLY")
        self.assertIn("low on disk", self.ask("/readyz").text)
        status = self.ask("/status").json
        self.assertEqual((status["state"], status["ready"]), ("read_only", False))
        self.assertEqual(status["reason"].removeprefix("low on disk: "), self.server.status()["read_only"])
        self.assertEqual(web.metrics(self.server.http)["sluice_read_only"][()], 1)
        self.assertEqual(self.ask("/livez").code, 200)

    def test_a_stop_is_told_while_answers_are_still_owed(self):
        self.begin("--max-in-flight", "4096", "--write-timeout", "1h")
        with self.server.connect() as greedy:  # takes no answer, so that the farewell has to wait for it
            greedy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.socket.settimeout(1)
            try:
                while True:
                    greedy.socket.sendall(raw.framed(raw.buy_body(drop=9)) * 1000)
            except socket.timeout:
                pass
            os.kill(self.server.pid, sluice.signal.SIGTERM)
            sluice.until(lambda: self.ask("/status").json["state"] == "stopping", "it says that it stops")
            answer = self.ask("/readyz")
            self.assertEqual((answer.code, answer.text.split(":")[0]), (503, "stopping"))
            self.assertGreater(sum(web.requests_by_status(self.server.http).values()), 1000)
        self.assertEqual(self.server.wait(), 0)


class Address(Observed):
    def test_a_port_that_is_taken_is_an_error_that_names_http(self):
        self.begin()
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        second = sluice.Server(other, "--http", self.server.http).spawn()
        self.servers.append(second)
        self.assertEqual(second.wait(), 5)
        self.assertIn("--http HOST:0", second.log())
        self.assertIn(self.server.http, second.log())

    def test_off_is_off(self):
        server = self.start("--http", "off")
        self.assertEqual(server.http, "off")
        self.assertNotIn("http://", server.log())

    def test_an_address_of_the_network_is_warned_of(self):
        server = self.start("--http", "0.0.0.0:0")
        self.assertIn("can be reached from other machines and asks nobody who they are", server.log())
        address = f"127.0.0.1:{server.http.rpartition(':')[2]}"
        self.assertEqual(web.ask(address, "/livez").code, 200)


if __name__ == "__main__":
    sluice.main()
