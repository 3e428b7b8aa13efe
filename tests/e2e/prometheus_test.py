#!/usr/bin/python3
"""A Prometheus server of Debian's reads /metrics and the alert rules as an operator would have it; what the rules
and the Grafana dashboard under tools/packaging ask for is there."""
import glob
import json
import os
import re
import socket
import subprocess
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import web

PACKAGING = os.path.join(sluice.ROOT, "tools", "packaging")
RULES = os.path.join(PACKAGING, "prometheus", "alerts.yml")
DASHBOARDS = sorted(glob.glob(os.path.join(PACKAGING, "grafana", "*.json")))
NAME = re.compile(r"\b(?:sluice|process)_\w+")


def free_port():
    """Prometheus does not tell which port the kernel gave it, so one that was free a moment ago has to do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, folder, target):
        self.config = os.path.join(folder, "prometheus.yml")
        self.folder = folder
        with open(self.config, "w", encoding="ascii") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                       "rule_files": [RULES],
                       "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": [target]}]}]}, file)

    def __enter__(self):
        self.address = f"127.0.0.1:{free_port()}"
        # pylint: disable=consider-using-with
        with open(os.path.join(self.folder, "prometheus.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.folder}/tsdb",
                 f"--web.listen-address={self.address}", "--log.level=warn"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def answers(self, path):
        try:
            answer = web.ask(self.address, path)
        except OSError:
            if self.process.poll() is not None:
                with open(os.path.join(self.folder, "prometheus.log"), encoding="utf-8") as log:
                    raise AssertionError("prometheus ended:\n" + log.read()) from None
            return None
        return answer if answer.code == 200 else None

    def query(self, expression):
        """[(labels, value)]."""
        answer = self.answers("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return [(one["metric"], float(one["value"][1])) for one in answer.json["data"]["result"]] if answer else []


class Scraped(sluice.Case):
    def test_prometheus_scrapes_what_the_clients_heard(self):
        server = self.start("--http", "127.0.0.1:0")
        server.open_drop(1, 700)
        with Prometheus(self.folder, server.http) as prometheus:
            sluice.until(lambda: prometheus.query("up") != [] and prometheus.query("up")[0][1] == 1, "up is 1")
            heard = json.loads(self.load(server, "--connections", 4, "--window", 16, "--requests", 3000,
                                         "--drop", "1", "--quantity", 1, "--json").stdout)
            self.assertEqual((heard["accepted"], heard["sold_out"]), (700, 2300))

            def total():
                return {labels["status"]: value for labels, value in prometheus.query("sluice_requests_total")}
            sluice.until(lambda: sum(total().values()) == 3000, "a scrape behind the last answer")
            self.assertEqual((total()["accepted"], total()["sold_out"]), (700, 2300))
            self.assertEqual(prometheus.query("sluice_drop_stock_remaining")[0][1], 0)
            groups = prometheus.answers("/api/v1/rules").json["data"]["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            sluice.until(lambda: all(rule["health"] == "ok" for rule in
                                     [r for g in prometheus.answers("/api/v1/rules").json["data"]["groups"]
                                      for r in g["rules"]]), "each rule can be evaluated")
            self.assertGreater(len(rules), 5)

    def test_a_server_that_is_gone_raises_an_alert(self):
        server = self.start("--http", "127.0.0.1:0")
        with Prometheus(self.folder, server.http) as prometheus:
            sluice.until(lambda: prometheus.query("up") != [] and prometheus.query("up")[0][1] == 1, "up is 1")
            server.kill()

            def pending():
                return [labels for labels, _ in prometheus.query('ALERTS{alertname="SluiceDown"}')]
            sluice.until(pending, "the alert is pending or firing")


class Packaged(sluice.Case):
    def shown(self):
        """Names of all families that a server with everything switched on shows."""
        server = self.start("--http", "127.0.0.1:0", "--report", os.path.join(self.folder, "report.sqlite"))
        server.open_drop(1, 10)
        server.sluice("snapshot")
        return set(web.metrics(server.http))

    def assert_shown(self, text, where):
        names = set(NAME.findall(text))
        self.assertTrue(names, where)
        self.assertEqual(names - self.shown(), set(), f"{where}: not in /metrics")

    def test_promtool_accepts_the_rules(self):
        sluice.run("promtool", "check", "rules", RULES, check=0)

    def test_rules_and_dashboard_ask_for_what_is_there(self):
        with open(RULES, encoding="utf-8") as file:
            expressions = re.findall(r"expr:((?: .*)?(?:\n {10,}.*)*)", file.read())
        asked = "\n".join(expressions)
        self.assertTrue(DASHBOARDS)
        for path in DASHBOARDS:
            with open(path, encoding="utf-8") as file:
                dashboard = json.load(file)
            targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
            self.assertGreater(len(targets), 8, path)
            asked += "\n" + "\n".join(targets)
        self.assert_shown(asked, "rules and dashboard")

    def test_each_query_of_the_dashboard_is_one_that_prometheus_takes(self):
        rules = []
        for path in DASHBOARDS:
            with open(path, encoding="utf-8") as file:
                dashboard = json.load(file)
            for panel in dashboard["panels"]:
                for target in panel.get("targets", ()):
                    expression = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                    rules.append({"record": f"panel:{len(rules)}", "expr": expression})
        path = os.path.join(self.folder, "panels.yml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
        sluice.run("promtool", "check", "rules", path, check=0)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    sluice.main()
