#!/usr/bin/python3
"""Long runs tell how far they are, on a terminal and nowhere else: replay's commands, and the server's start."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import terminal

# More than a few milliseconds of work on any machine; the clock runs on while the test holds a program back.
ORDERS = 500000
LINE = re.compile(rb"\r\x1b\[K([a-z' ]+) \[[#.]{24}\] +(\d+)%  [0-9.]+ million events/s  \d+ s left")


class Progress(sluice.Case):
    FLAGS = ("--snapshot-interval", "0", "--snapshot-bytes", "0")

    def setUp(self):
        super().setUp()
        server = self.start()
        server.open_drop(1, 10 * ORDERS)
        self.load(server, "--requests", ORDERS, "--drop", 1)
        server.kill()

    def on_terminal(self, *command, until=None, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        view = terminal.Terminal(command, {**clean, "TERM": "xterm", **environment})
        self.addCleanup(view.close)
        view.slow_down(lambda: len(LINE.findall(view.output)) >= 2)
        if until:
            view.until(lambda output: until in output, until)
        else:
            self.assertEqual(os.waitstatus_to_exitcode(view.wait(within_s=120)), 0, view.output[-2000:])
        return view.output

    def assert_told(self, output, label):
        shares = [int(share) for name, share in LINE.findall(output) if name == label]
        self.assertGreater(len(shares), 0, output[-2000:])
        self.assertEqual(shares, sorted(shares))
        self.assertLessEqual(shares[-1], 100)
        # Nothing of it is left: what comes behind the last line begins by clearing it.
        behind = output[[found.end() for found in LINE.finditer(output)][-1]:]
        self.assertTrue(behind.startswith(b"\r\x1b[K"), behind[:200])

    def test_replay_and_the_start_of_the_server_tell_how_far_they_are_on_a_terminal_only(self):
        self.long_runs_of_replay()
        self.start_of_the_server()

    def long_runs_of_replay(self):
        into = os.path.join(self.folder, "into")
        for label, command in ((b"verifying", ("verify", self.data)), (b"replaying", ("state", self.data)),
                               (b"judging events", ("audit", self.data)),
                               (b"looking back", ("explain", self.data, "--drop", "1", "--user", "u1")),
                               (b"replaying", ("export", self.data, "--csv", os.path.join(self.folder, "orders.csv"))),
                               (b"compacting", ("compact", self.data, "--into", into))):
            with self.subTest(command[0]):
                self.assert_told(self.on_terminal(sluice.REPLAY, *command), label)
        done = sluice.run(sluice.REPLAY, "state", self.data, check=0)
        self.assertEqual(done.stderr.count("%"), 0, "not on a terminal")
        self.assertNotIn(b"\x1b", self.on_terminal(sluice.REPLAY, "state", self.data, TERM="dumb"))

    def start_of_the_server(self):
        command = (sluice.SLUICED, "--data-dir", self.data, "--listen", "127.0.0.1:0", "--http", "off")
        output = self.on_terminal(*command, until=b"ready listen=")
        self.assert_told(output, b"replaying")
        # Terminal.close kills it; a start without a terminal draws nothing.
        server = self.spawn()
        self.assertTrue(server.ready.wait(60))
        server.stop()
        self.assertNotIn("million events/s", server.log())


sluice.main()
