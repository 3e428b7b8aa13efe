#!/usr/bin/python3
"""replay export --html: one page that needs nothing else, whose tables say what the journal and the log say."""
import html.parser
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import small_journal

VOID = {"meta", "br", "link", "img", "input", "hr"}
CLOSED_ALONE = {"path", "rect"}
LOADS = {"src", "href", "xlink:href", "action", "data", "poster", "srcset", "formaction", "background"}


class Page(html.parser.HTMLParser):
    """What stands in a page; a tag that is not closed, or loads something, is an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.figures, self.titles, self.facts = [], [], [], [], {}
        self.row, self.cell, self.term = None, None, ""
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, _ in attrs:
            assert name not in LOADS and not name.startswith("on"), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "figure":
            self.figures.append({"head": [], "rows": []})
        if tag in ("th", "td", "dt", "dd", "h2"):
            self.cell = ""
        if tag == "tr":
            self.row = []

    def handle_startendtag(self, tag, attrs):
        assert tag in CLOSED_ALONE, tag
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open}"
        self.open.pop()
        if tag in ("th", "td"):
            self.row.append(self.cell)
        elif tag == "tr":
            self.figures[-1]["head" if "thead" in self.open else "rows"].append(self.row)
        elif tag == "dt":
            self.term = self.cell
        elif tag == "dd":
            self.facts.setdefault(self.term, self.cell)
        elif tag == "h2":
            self.titles.append(self.cell)
        if tag in ("th", "td", "dt", "dd", "h2"):
            self.cell = None

    def handle_data(self, data):
        self.text += data
        if self.cell is not None:
            self.cell += data


def number(text):
    return int(text.replace(",", ""))


class Html(sluice.Case):
    def page(self, data, *flags):
        path = os.path.join(self.folder, "drop.html")
        done = sluice.run(sluice.REPLAY, "export", data, "--html", path, "--force", "--json", *flags, check=0)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for word in ("http:", "https:", "//", "url(", "@import", "<script", "<link", "<iframe"):
            self.assertNotIn(word, text.replace("<!--", ""), "nothing comes from elsewhere")
        self.assertIn("prefers-color-scheme:dark", text)
        self.assertIn('name="viewport"', text)
        page = Page(text)
        self.assertEqual(page.tags.count("svg"), page.tags.count("table"), "a table beside each picture")
        return page, json.loads(done.stdout)

    def sums(self, figure):
        return [sum(number(row[column]) for row in figure["rows"]) for column in range(1, len(figure["head"][0]))]

    def test_a_small_sale_as_it_was(self):
        data = os.path.join(self.folder, "small")
        small_journal.make(data, small_journal.SALE)
        page, told = self.page(data)
        self.assertEqual(page.titles, ["Drop 1 Golden ticket"])
        self.assertEqual({name: page.facts[name] for name in ("stock", "left", "attempts", "users", "orders won",
                                                              "units in them", "orders cancelled", "SOLD_OUT",
                                                              "LIMIT_EXCEEDED", "repeats of a won order")},
                         {"stock": "6", "left": "3", "attempts": "7", "users": "4", "orders won": "3",
                          "units in them": "5", "orders cancelled": "1", "SOLD_OUT": "2", "LIMIT_EXCEEDED": "1",
                          "repeats of a won order": "1"})
        arrivals, left, retries = page.figures
        self.assertEqual(self.sums(arrivals), [3, 1, 3])
        self.assertEqual(left["rows"][-1][1], "3")
        self.assertEqual(retries["rows"][:3], [["once", "2", "2", "0"], ["twice", "1", "0", "1"],
                                               ["3 to 5", "1", "1", "0"]])
        self.assertNotIn("sold out", page.facts, "units came back")
        self.assertIn("there is no attempts log", page.text)
        self.assertEqual((told["drops"], told["attempts"], told["sequence"]), (1, 7, 11))
        page, _ = self.page(data, "--until", 8)
        self.assertEqual(page.facts["sold out"], "1 µs behind the first attempt, with order 7")

    def test_a_name_cannot_leave_its_place(self):
        name = "</h2><script>alert('1')</script>&\"\x07\u202e"
        data = os.path.join(self.folder, "small")
        small_journal.make(data, f"time 5\nopen 1 5 0 0 0 0 {small_journal.in_hex(name)}\nbuy 1 61 1 1\ncommit\n")
        page, _ = self.page(data)
        self.assertEqual(page.titles, ["Drop 1 " + name.replace("\x07", "\\x07")])
        self.assertIn("bdi", page.tags)

    def test_behind_a_snapshot_it_says_so(self):
        data = os.path.join(self.folder, "cut")
        small_journal.make(data, small_journal.SALE_CUT, segment_bytes=5 * 4096)
        page, told = self.page(data, "--drop", 1)
        self.assertEqual((told["from_sequence"], told["drops"]), (11, 1))
        self.assertIn("3 of the orders are known from a snapshot", page.text)
        self.assertEqual(self.sums(page.figures[0]), [3, 0, 0])
        done = sluice.run(sluice.REPLAY, "export", data, "--html", "-", "--drop", 9, check=2)
        self.assertEqual((done.stdout, "drop 9 does not exist" in done.stderr), ("", True))

    def test_a_sale_under_load_adds_up_and_shows_its_latency(self):
        server = self.start()
        server.open_drop(1, 5000, name="big")
        server.open_drop(2, 10)
        hgrm = os.path.join(self.folder, "load.hgrm")
        self.load(server, "--connections", 4, "--window", 32, "--requests", 100000, "--drop", "1:9", "--drop", "2:1",
                  "--users", 3000, "--hgrm", hgrm)
        beside, _ = self.page(self.data)
        self.assertEqual(beside.facts["orders won"], "5,000")
        self.assertEqual(server.stop(), 0)
        page, told = self.page(self.data, "--latency", hgrm)
        self.assertEqual(told["attempts"] + told["attempts_log"]["missing"], 100000)
        self.assertEqual([re.split(r" ", title)[1] for title in page.titles[:2]], ["1", "2"])
        for at, stock in ((0, 5000), (3, 10)):
            won, repeated, _ = self.sums(page.figures[at])
            self.assertEqual((won, repeated), (stock, 0))
            self.assertEqual(page.figures[at + 1]["rows"][-1][1], "0")
            users, winners, _ = self.sums(page.figures[at + 2])
            self.assertLessEqual(winners, users)
        self.assertEqual(number(page.facts["attempts"]), sum(self.sums(page.figures[0])))
        self.assertIn("behind the first attempt", page.facts["sold out"])
        latency = page.figures[-1]
        self.assertEqual([row[0] for row in latency["rows"]], ["50%", "90%", "99%", "99.9%", "99.99%", "100%"])
        values = [float(row[1]) for row in latency["rows"]]
        self.assertTrue(values == sorted(values) and values[-1] > 0, values)

    def test_wrong_words_are_answered_with_what_to_do(self):
        data = os.path.join(self.folder, "small")
        small_journal.make(data, small_journal.SALE)
        none = os.path.join(self.folder, "none")
        for flags, word in ((("--csv", "-", "--latency", none), "--latency goes with --html"),
                            (("--html", "-", "--from", 3), "--from does not"),
                            (("--html", "-", "--latency", none), "cannot read"),
                            (("--html", "-", "--latency", sluice.__file__), "has no percentiles")):
            done = sluice.run(sluice.REPLAY, "export", data, *flags, check=2)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    sluice.main()
