#!/usr/bin/python3
"""The dashboard's page in a browser, told by a made-up server what no real one says at a test's bidding."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import browser
import fake_server

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
READABLE = 4.5  # WCAG 2 AA


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.fake = fake_server.FakeServer()
        self.addCleanup(self.fake.close)
        self.addCleanup(self.browser.open, "about:blank")
        self.browser.size(1280, 900)
        self.browser.media()
        self.browser.forget()

    def open(self):
        self.browser.open(self.fake.url)
        self.state("serving")

    def state(self, name):
        self.browser.until(lambda: self.browser.run("return document.getElementById('state').dataset.state") == name, f"state {name}")

    def polled(self, times=2):
        """The page asks so many further times, and shows it, without the wait between."""
        for _ in range(times):
            polls = self.fake.polls
            while self.fake.polls == polls:  # while it asks by itself it does not ask again
                self.browser.driver.execute_async_script("const done = arguments[0]; poll().then(done)")

    def sell(self, orders, refusals=0, seconds=0.003):
        """One answer's worth of sale."""
        with self.fake.lock:
            status = self.fake.status
            status["requests"]["accepted"] += orders
            status["requests"]["sold_out"] += refusals
            status["sequence"] += orders
            for name in ("published", "durable", "decided", "replied"):
                status["ring"][name] += orders + refusals
            fake_server.observe(status["request_seconds"], seconds, orders + refusals)

    def samples(self, key):
        return self.browser.run("return samples.map((sample) => sample[arguments[0]])", key)

    def assert_clean(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.strangers(self.fake.url), [])

    def test_a_hostile_name_stays_text(self):
        self.fake.drops = [fake_server.a_drop(1, HOSTILE, 100), fake_server.a_drop(2, "", 10)]
        self.fake.change(mirror={"enabled": True, "error": HOSTILE}, reason=HOSTILE, commit=HOSTILE)
        self.open()
        self.browser.until(lambda: self.browser.text("[data-drop='1'] .name") == HOSTILE, "the name as it is")
        self.assertEqual(self.browser.text("[data-drop='2'] .name"), "Drop 2")
        self.browser.run("document.getElementById('tables').open = true")
        self.browser.until(lambda: self.browser.text("#drop-rows td.name") == HOSTILE, "the name in the table")
        self.fake.change(state="read_only")
        self.state("read_only")
        self.assertIn(HOSTILE, self.browser.text("#banner"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('main img, main script').length"), 0)
        self.assertNotIn("owned", self.browser.driver.title)
        self.assert_clean()

    def test_each_state_is_told_in_words(self):
        self.open()
        self.assertEqual((self.browser.text("#state"), self.browser.text("#banner")), ("●\nserving", ""))
        self.fake.change(state="read_only", reason="62 MiB are free, less than --min-free")
        self.state("read_only")
        self.assertIn("62 MiB are free, less than --min-free", self.browser.text("#banner"))
        self.fake.change(state="replaying", ready=False, reason="", recovery={"events": 2_500_000, "total": 10_000_000, "rate": 2_500_000})
        self.state("replaying")
        self.assertIn("2,500,000 of 10,000,000 events, 2.50 M a second, 25%, about 3 s left", self.browser.text("#banner"))
        self.assertEqual(self.browser.run("return document.querySelector('#banner progress').value"), 0.25)
        self.fake.change(state="stopping")
        self.state("stopping")
        self.fake.change(durability="os")
        self.browser.until(lambda: "a power cut may lose a yes" in self.browser.text("#durability"), "durability os is told")
        self.assert_clean()

    def test_a_server_that_goes_and_comes_back_is_found_again(self):
        self.open()
        self.sell(1000)
        self.polled()
        port = self.fake.port
        self.fake.close()
        self.state("unreachable")
        self.assertIn("does not answer", self.browser.text("#banner"))
        self.assertEqual(self.browser.text("#accepted"), "1,000", "what was known stays")
        self.fake = fake_server.FakeServer(port)
        self.addCleanup(self.fake.close)
        self.sell(10)
        self.state("serving")
        self.browser.until(lambda: self.browser.text("#accepted") == "10", "what the new server counts")
        self.assertEqual(self.browser.text("#banner"), "")
        self.sell(500)
        self.browser.until(lambda: self.browser.text("#accepted") == "510", "it goes on")
        self.assertTrue(all(rate is None or rate >= 0 for rate in self.samples("orders") + self.samples("refusals")))
        self.assert_clean()

    def test_counters_that_go_back_make_no_negative_rate(self):
        self.open()
        self.polled(1)
        self.sell(5000, 3000)
        self.polled(1)
        with self.fake.lock:
            fresh = fake_server.fresh_status()
            fresh["started_us"] = self.fake.status["started_us"]  # even where the start looks the same
            self.fake.status = fresh
        self.polled()
        self.sell(100, 50)
        self.polled()
        rates = self.samples("orders") + self.samples("refusals")
        self.assertEqual({rate for rate in rates if rate}, {5000, 3000, 100, 50}, "by the server's clock")
        self.assertTrue(all(rate is None or rate >= 0 for rate in rates), rates)
        self.assertEqual(self.browser.run("return samples.filter((sample) => sample.cut).length"), 1)
        self.assertNotIn("-", self.browser.text("#orders-rate") + self.browser.text("#refusals-rate"))
        self.assert_clean()

    def test_percentiles_are_those_of_what_came_between_two_answers(self):
        quantile = "return quantile(arguments[0], arguments[1], arguments[2])"
        old, new = fake_server.histogram(fake_server.SECONDS), fake_server.histogram(fake_server.SECONDS)
        for into in (old, new):
            fake_server.observe(into, 3.0, 10_000)  # long ago, slow
        self.open()
        self.assertIsNone(self.browser.run(quantile, new, old, .99), "nothing came")
        fake_server.observe(new, 0.0005, 990)
        fake_server.observe(new, 0.05, 9)
        fake_server.observe(new, 1e9, 1)  # behind the last bound
        within = [next((low, high) for low, high in zip([0] + fake_server.SECONDS, fake_server.SECONDS) if high >= value)
                  for value in (0.0005, 0.05)]
        for share, (low, high) in ((.5, within[0]), (.98, within[0]), (.995, within[1])):
            self.assertTrue(low < self.browser.run(quantile, new, old, share) <= high, share)
        self.assertEqual(self.browser.run(quantile, new, old, 1), fake_server.SECONDS[-2])
        self.assertIsNone(self.browser.run(quantile, old, new, .5), "counters that went back")

    def test_it_asks_once_a_second_and_not_while_hidden(self):
        self.open()
        begin, polls = time.monotonic(), self.fake.polls
        self.browser.until(lambda: self.fake.polls >= polls + 2, "it asks by itself")
        self.assertLessEqual(self.fake.polls - polls, time.monotonic() - begin + 2)
        self.browser.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        time.sleep(0.3)  # what was under way
        polls = self.fake.polls
        time.sleep(2.2)
        self.assertEqual(self.fake.polls, polls)
        self.browser.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        self.browser.until(lambda: self.fake.polls > polls, "it asks again")

    def test_more_drops_than_a_page_holds_are_leafed_through(self):
        self.fake.drops = [fake_server.a_drop(i, f"drop {i}", 100) for i in range(1, 61)]
        self.open()
        for first, last in ((1, 25), (26, 50), (51, 60)):
            self.browser.until(lambda first=first: self.browser.text("#drops .name") == f"drop {first}", f"drops from {first}")
            self.assertEqual(self.browser.text("#drops-side"), f"drops {first} to {last}")
            self.assertEqual(self.browser.run("return document.querySelectorAll('#drops .drop').length"), last - first + 1)
            self.browser.run("document.getElementById('next').click()")
        self.assertTrue(self.browser.run("return document.getElementById('next').disabled"))
        self.browser.run("document.getElementById('first').click()")
        self.browser.until(lambda: self.browser.text("#drops .name") == "drop 1", "the first again")

    def test_it_fits_a_phone_and_can_be_read_in_dark_and_light(self):
        self.fake.drops = [fake_server.a_drop(1, "W" * 200, 10**12, 10**11, per_user_limit=2), fake_server.a_drop(2, HOSTILE, 5, 5)]
        self.fake.change(mirror={"enabled": True, "error": "x" * 300, "lag_s": 30}, reason="y" * 300, state="read_only",
                         durability="os", journal={"bytes": 2**50, "segments": 10**9}, sequence=2**53)
        self.browser.open(self.fake.url)
        self.state("read_only")
        self.sell(10**9, 10**10)
        self.polled()
        self.browser.run("document.getElementById('tables').open = true")
        self.polled()
        seen = set()
        for width, mobile in ((360, True), (768, False), (1280, False)):
            self.browser.size(width, 780, mobile)
            self.polled(1)
            self.assertEqual(self.browser.too_wide(), [], f"{width} pixels")
            for scheme in ("light", "dark"):
                self.browser.media(scheme)
                worst = self.browser.contrast()
                self.assertGreaterEqual(worst[0][0], READABLE, (scheme, worst))
                seen.add(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(seen), 2, "dark and light differ")
        self.assert_clean()

    def test_who_sees_no_pictures_and_wants_no_motion_is_served(self):
        self.fake.drops = [fake_server.a_drop(7, "Seven", 1000, 250)]
        self.open()
        self.sell(250, 40)
        self.polled()
        unnamed = self.browser.run("""return [...document.querySelectorAll("svg, [role=img], section, table, button")].filter((at) =>
            !at.closest("[aria-hidden=true]") && !at.getAttribute("aria-label") && !at.textContent.trim() &&
            !(at.getAttribute("aria-labelledby") || "").split(" ").some((id) => document.getElementById(id)?.textContent.trim()))
            .map((at) => at.outerHTML.slice(0, 100))""")
        self.assertEqual(unnamed, [])
        self.assertEqual(self.browser.run("return document.querySelector('[data-drop] .bar').getAttribute('aria-label')"),
                         "Seven: 750 of 1,000 left, 75%")
        self.browser.run("document.querySelector('#tables summary').click()")
        self.browser.until(lambda: self.browser.text("#drop-rows tr").split("\t") ==
                           ["7", "Seven", "open", "1,000", "250", "750", "250", "any"], "the table of drops")
        seconds = [line.split("\t")[1:3] for line in self.browser.text("#second-rows").splitlines()]
        self.assertIn(["250", "40"], seconds, "the table of seconds")
        bar = "return getComputedStyle(document.querySelector('.bar > span')).transitionDuration"
        self.assertEqual(self.browser.run(bar), "0.4s")
        self.browser.media(motion="reduce")
        self.assertEqual(self.browser.run(bar), "0s")


if __name__ == "__main__":
    browser.require()
    unittest.main(verbosity=2, warnings="ignore")
