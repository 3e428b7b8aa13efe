"""Asking a server's HTTP, and reading what Prometheus would read."""
import http.client
import json
import re

LINE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Answer:
    def __init__(self, response):
        self.code = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


def ask(address, path, method="GET", body=None, timeout_s=20):
    """One request on a connection of its own."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    try:
        connection.request(method, path, body=body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def metrics(address):
    """{name: {labels as a sorted tuple of pairs: value}}, histograms' _bucket, _sum and _count by their names."""
    values = {}
    for line in ask(address, "/metrics").text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        values.setdefault(name, {})[tuple(sorted(LABEL.findall(labels or "")))] = float(value)
    return values


def requests_by_status(address):
    return {dict(labels)["status"]: int(value)
            for labels, value in metrics(address)["sluice_requests_total"].items()}
