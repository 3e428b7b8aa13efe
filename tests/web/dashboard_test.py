#!/usr/bin/python3
"""The dashboard of a real server under a real load, in a real browser: it shows what the operators' program says."""
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "lib")]
import browser
import sluice

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


class Dashboard(sluice.Case):
    FLAGS = ("--http", "127.0.0.1:0")

    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.browser.open, "about:blank")
        self.browser.forget()

    def show(self, server):
        self.url = "http://" + server.http
        self.browser.open(self.url + "/")
        self.state("serving")

    def state(self, name):
        self.browser.until(lambda: self.browser.run("return document.getElementById('state').dataset.state") == name, f"state {name}")

    def assert_clean(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.strangers(self.url), [])

    def shown_drop(self, drop):
        return [self.browser.number(f"[data-drop='{drop}'] [data-field={field}]") for field in ("remaining", "sold")]

    def test_behind_a_load_it_says_what_the_operators_program_says(self):
        server = self.start()
        server.open_drop(1, 5000, name=HOSTILE)
        server.open_drop(2, 1_000_000, name="never sold out")
        self.show(server)
        load = self.load(server, "--connections", 4, "--window", 32, "--rate", 20000, "--duration", 4, "--drop", "1:1", "--drop", "2:1",
                         "--json", background=True)
        self.browser.until(lambda: self.browser.run("return samples.some((s) => s.orders > 0 && s.refusals > 0 && s.p99 > 0 && s.write50 > 0 && s.batch50 > 0)"),
                           "rates and percentiles while it is asked")
        self.assertEqual(load.wait(60), 0, load.stdout.read())
        load.stdout.close()
        status, drops = server.status(), {id: server.drop(id) for id in (1, 2)}
        self.browser.until(lambda: self.browser.text("[data-field=digest]") == status["digest"], "the digest of the end")
        for number, drop in drops.items():
            self.browser.until(lambda number=number, drop=drop: self.shown_drop(number) == [drop["remaining"], drop["sold"]],
                               f"drop {number} as it stands: {drop}")
        self.assertEqual(drops[1]["sold"], 5000)
        self.assertIn("sold out", self.browser.text("[data-drop='1'] .pill"))
        self.assertEqual(self.browser.number("[data-field=sequence]"), status["applied_sequence"])
        self.assertEqual(self.browser.number("#accepted"), drops[1]["orders"] + drops[2]["orders"])
        self.assertEqual(self.browser.number("[data-status=sold_out]"), self.browser.number("#refused"))
        self.assertEqual(self.browser.number("[data-field=journal_segments]"), status["journal_segments"])
        self.assertEqual(self.browser.number("#in-flight"), 0)
        self.assertEqual(self.browser.text("[data-drop='1'] .name"), HOSTILE)
        self.assertNotIn("owned", self.browser.driver.title)
        self.assertIn("a yes is on disk", self.browser.text("#durability"))
        self.assert_clean()

    def test_read_only_gone_and_back_again(self):
        server = self.start("--durability", "os")
        server.open_drop(1, 100)
        with server.connect() as buyer:
            self.assertEqual(buyer.buy().status, "ACCEPTED")
        self.show(server)
        self.assertIn("a power cut may lose a yes", self.browser.text("#durability"))
        port = server.http.rpartition(":")[2]
        server.kill()
        self.state("unreachable")
        self.assertIn("does not answer", self.browser.text("#banner"))
        server = sluice.Server(self.data, "--http", f"127.0.0.1:{port}", "--min-free", "1024GiB")
        self.servers.append(server)
        server.start()
        self.state("read_only")
        self.assertIn(server.status()["read_only"], self.browser.text("#banner"))
        self.assertEqual(self.shown_drop(1), [99, 1])
        self.assertTrue(self.browser.run("return samples.every((s) => !(s.orders < 0) && !(s.refusals < 0))"))
        self.assert_clean()


if __name__ == "__main__":
    browser.require()
    sluice.main()
