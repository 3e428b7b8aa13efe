#!/usr/bin/python3
"""The README's tour, its lines as they stand: in an empty folder, on ports that are free."""
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

TITLE = "## Start it, buy, look"
BEGINS = "build/sluiced "
WAIT = """until grep -q '^ready' ready; do kill -0 $! || { cat ready; exit 1; }; sleep 0.05; done"""


def tour():
    """The commands of the section, each a line."""
    with open(os.path.join(sluice.ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().split(TITLE + "\n", 1)[1].split("\n## ", 1)[0]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tour(sluice.Case):
    def setUp(self):
        super().setUp()
        self.folder = os.path.dirname(os.path.abspath(self.data))
        os.symlink(sluice.BUILD, os.path.join(self.folder, "build"))
        self.buyers, self.http = free_port(), free_port()

    def script(self):
        """Someone who waits for the ready line before the next command, and stops the last server at the end."""
        lines = ["set -m"]
        for number, line in enumerate(tour()):
            lines.append(f"echo '@@{number}'")
            if line.startswith(BEGINS):
                lines += [line.replace(" &", " 2>ready >ready.out &") + " server=$!", WAIT]
            elif line.startswith("sqlite3 "):  # the report is a moment behind, and who types is, too
                lines.append(f"for i in $(seq 600); do rows=$({line}); [ -n \"$rows\" ] && break; sleep 0.1; done")
                lines.append('echo "$rows"')
            else:
                line = line.replace("perf/load ", f"perf/load --connect 127.0.0.1:{self.buyers} ")
                lines.append(f"{line} || {{ echo 'failed: exit '$?; kill -9 $server; exit 1; }}")
        return "\n".join([*lines, "kill $server && wait $server", ""])

    def test_every_step_does_what_the_page_says(self):
        commands = tour()
        own = {"SLUICE_LISTEN": f"127.0.0.1:{self.buyers}", "SLUICE_HTTP": f"127.0.0.1:{self.http}"}
        done = subprocess.run(["bash"], input=self.script(), capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, **own}, timeout=120, check=False)
        parts = re.split(r"^@@\d+\n", done.stdout, flags=re.MULTILINE)[1:]
        self.assertEqual((done.returncode, len(parts)), (0, len(commands)), done.stdout + done.stderr)

        def said(beginning, which=0):
            return [part for command, part in zip(commands, parts) if beginning in command][which]
        self.assertRegex(said("perf/load"), r"accepted +10000\n +sold_out +190000")
        self.assertRegex(said("watch"), r"sold out +0 ")
        self.assertEqual(len(said("sqlite3").split()), 3)
        self.assertIn(": lost\n", said("explain"))
        status = [dict(line.split(None, 1) for line in said("sluice status", i).splitlines()) for i in (0, 1)]
        self.assertEqual(*[(s["orders"], s["sequence"], s["digest"]) for s in status])
        self.assertEqual(status[0]["orders"], "10000")
        self.assertIn(status[0]["digest"], said("replay state"))


sluice.main()
