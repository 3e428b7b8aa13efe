#!/usr/bin/python3
"""The page of replay export --html in a real browser: its pictures are there, and it can be read."""
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "lib")]
import browser
import sluice

READABLE = 4.5  # WCAG 2 AA
SMALLEST_PX = 10  # letters within pictures, as they come out


class Report(sluice.Case):
    def setUp(self):
        super().setUp()
        self.browser = browser.Browser()
        self.addCleanup(self.browser.close)

    def test_it_draws_the_drop_and_can_be_read_on_a_phone_in_dark_and_light(self):
        server = self.start()
        server.open_drop(1, 3000, name="W" * 64)
        server.open_drop(2, 10, name="<script>document.title='owned'</script>")
        hgrm, page = os.path.join(self.folder, "load.hgrm"), os.path.join(self.folder, "drop.html")
        self.load(server, "--connections", 4, "--window", 16, "--requests", 20000, "--drop", "1:9", "--drop", "2:1",
                  "--users", 2000, "--hgrm", hgrm)
        self.assertEqual(server.stop(), 0)
        sluice.run(sluice.REPLAY, "export", self.data, "--html", page, "--latency", hgrm, check=0)
        self.browser.open("file://" + page)
        self.assertEqual(self.browser.run("return document.querySelectorAll('figure svg').length"), 7)
        empty = self.browser.run("""return [...document.querySelectorAll("figure svg")].filter((svg) => {
            const box = [...svg.querySelectorAll("rect, path.line")].map((at) => at.getBBox());
            return !box.length || !box.some((b) => b.width > 5 && b.height > 5); }).map((svg) => svg.getAttribute("aria-label"))""")
        self.assertEqual(empty, [], "pictures without a picture")
        self.assertEqual(len(self.browser.run("return [...document.querySelectorAll('svg text.mark')].map((at) => at.textContent)")), 4,
                         "the sold-out instant, in arrivals and stock of both drops")
        self.assertEqual(self.browser.driver.title, "How the drop went")
        papers = set()
        for width, mobile in ((360, True), (768, False), (1280, False)):
            self.browser.size(width, 780, mobile)
            self.assertEqual(self.browser.too_wide(), [], f"{width} pixels")
            small = self.browser.run("""return [...document.querySelectorAll("svg text")].filter((at) => at.textContent).map((at) =>
                parseFloat(getComputedStyle(at).fontSize) * at.getScreenCTM().a).sort((a, b) => a - b)[0]""")
            self.assertGreaterEqual(small, SMALLEST_PX, f"{width} pixels")
            for scheme in ("light", "dark"):
                self.browser.media(scheme)
                worst = self.browser.contrast()
                self.assertGreaterEqual(worst[0][0], READABLE, (scheme, worst))
                papers.add(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(papers), 2, "dark and light differ")
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.strangers("file://" + page), [], "it loads nothing")


if __name__ == "__main__":
    browser.require()
    sluice.main()
