#!/usr/bin/python3
"""sluice watch on a terminal: what it draws, and that it gives the terminal back however it ends."""
import os
import re
import signal
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
import terminal

ENTER = b"\x1b[?1049h\x1b[?25l"
LEAVE = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
COLOUR = re.compile(rb"\x1b\[(1|2|31|32|33)m")


def frames(output):
    """The whole frames, as lines without their control sequences."""
    parts = output.split(b"\x1b[H")[1:]
    whole = [part for part in parts if part.rstrip(b"\r\n").endswith(b"\x1b[J") or b"\x1b[J" in part]
    return [[re.sub(rb"\x1b\[[0-9?;]*[a-zA-Z]", b"", line).decode().rstrip("\r")
             for line in part.split(b"\x1b[J")[0].split(b"\n")] for part in whole if b"\x1b[K" in part]


class Watch(sluice.Case):
    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.server.sluice("drop", "open", 1, "--stock", 1000, "--name", "Sneaker \u00fc blue")

    def watch(self, *flags, columns=100, rows=30, **environment):
        names = ("SLUICE_", "NO_COLOR")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        command = [sluice.SLUICE, "--control", self.server.control, "watch", *flags]
        view = terminal.Terminal(command, {**clean, "TERM": "xterm", **environment}, columns, rows)
        self.addCleanup(view.close)
        return view

    def seen(self, view, text, behind=0):
        """Waits for a frame with the text, drawn behind so many bytes; answers its lines."""
        def found(output):
            return any(text in line for frame in frames(output[behind:]) for line in frame)
        view.until(found, f"a frame with {text!r}")
        return [frame for frame in frames(view.output[behind:]) if any(text in line for line in frame)][-1]

    def assert_given_back(self, view):
        self.assertIn(ENTER, view.output)
        self.assertTrue(view.output.endswith(LEAVE), view.output[-200:])
        self.assertEqual(view.modes(), view.modes_before)

    def test_each_look_draws_the_drops_as_they_are_now(self):
        view = self.watch("--interval", "0.1")
        frame = self.seen(view, "Sneaker \u00fc blue")
        self.assertRegex(frame[0], r"^sluice \d.* sells ")
        self.assertRegex("\n".join(frame), r"\n +1  open +1,000  \[#+\] 100% ")
        with self.server.connect() as buyer:
            for number in range(700):
                buyer.buy(user=f"u{number}")
        self.assertRegex("\n".join(self.seen(view, "  300  [")), r"\n +1  open +300  \[#+\.+\]  30% ")
        self.server.sluice("drop", "open", 2, "--stock", 5)
        self.seen(view, "  2  open")
        self.server.sluice("drop", "close", 1)
        frame = self.seen(view, "  1  closed")
        rows = [line for line in frame if "open" in line or "closed" in line]
        self.assertTrue(rows[0].lstrip().startswith("2  open"), frame)

    def test_another_size_is_drawn_at_once_and_nothing_is_wider_or_higher(self):
        for drop in range(2, 40):
            self.server.open_drop(drop, drop)
        view = self.watch("--interval", "3600")
        self.assertTrue(any("and" in line and "more" in line for line in self.seen(view, "more: sluice drop list")))
        for columns, rows in ((60, 12), (30, 10), (20, 24), (200, 60)):
            start = len(view.output)
            view.resize(columns, rows)
            wanted = 39 if rows == 60 else 2

            def fits(output):
                return any(max(len(line) for line in frame) <= columns and len(frame) <= rows and
                           len([line for line in frame if " open" in line]) >= wanted
                           for frame in frames(output[start:]))
            view.until(fits, f"a frame that fits {columns} x {rows}")

    def test_ctrl_c_and_q_end_it_with_a_clean_terminal(self):
        for keys in (b"\x03", b"q"):
            view = self.watch("--interval", "3600")
            self.seen(view, "Sneaker")
            self.assertEqual(view.modes()[3] & (termios.ICANON | termios.ECHO), 0)
            view.press(keys)
            status = view.wait()
            self.assertEqual((os.WIFEXITED(status), os.WEXITSTATUS(status)), (True, 0))
            self.assert_given_back(view)

    def test_ctrl_c_ends_it_also_while_the_server_does_not_answer(self):
        view = self.watch("--interval", "0.1")
        self.seen(view, "Sneaker")
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            time.sleep(0.3)  # a look is under way now, most likely
            view.press(b"\x03")
            self.assertEqual(view.wait(), 0)
        finally:
            os.kill(self.server.pid, signal.SIGCONT)
        self.assert_given_back(view)

    def test_a_signal_that_ends_it_gives_the_terminal_back_first(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            view = self.watch("--interval", "3600")
            self.seen(view, "Sneaker")
            os.kill(view.pid, number)
            status = view.wait()
            self.assertEqual((os.WIFSIGNALED(status), os.WTERMSIG(status)), (True, number))
            self.assert_given_back(view)

    def test_ctrl_z_lends_the_terminal_and_takes_it_again(self):
        view = self.watch("--interval", "3600")
        self.seen(view, "Sneaker")
        view.press(b"\x1a")
        self.assertTrue(os.WIFSTOPPED(view.wait(os.WUNTRACED)))
        self.assert_given_back(view)
        behind = len(view.output)
        os.kill(view.pid, signal.SIGCONT)
        self.seen(view, "Sneaker", behind)
        self.assertIn(ENTER, view.output[behind:])
        view.press(b"q")
        self.assertEqual(view.wait(), 0)
        self.assert_given_back(view)

    def test_a_lost_server_is_said_over_what_was_seen_last(self):
        view = self.watch("--interval", "0.1")
        self.seen(view, "Sneaker")
        self.server.kill()
        frame = self.seen(view, "NO ANSWER")
        self.assertIn("start sluiced again", " ".join(frame))
        self.assertTrue(any("Sneaker" in line for line in frame))
        behind = len(view.output)
        self.server.start()
        view.until(lambda output: any(frame and frame[0].startswith("sluice ") for frame in frames(output[behind:])),
                   "a frame of the new server")
        view.press(b"q")
        self.assertEqual(view.wait(), 0)

    def test_count_ends_it_by_itself(self):
        view = self.watch("--interval", "0.1", "--count", "2")
        self.assertEqual(view.wait(), 0)
        self.assertEqual(len(frames(view.output)), 2)
        self.assert_given_back(view)

    def test_no_color_and_a_dumb_terminal_get_none(self):
        view = self.watch("--count", "1")
        self.assertEqual(view.wait(), 0)
        self.assertRegex(view.output, COLOUR)
        view = self.watch("--count", "1", NO_COLOR="1")
        self.assertEqual(view.wait(), 0)
        self.assertIn(ENTER, view.output)
        self.assertNotRegex(view.output, COLOUR)
        view = self.watch("--count", "1", NO_COLOR="")
        self.assertEqual(view.wait(), 0)
        self.assertRegex(view.output, COLOUR)
        for flags, kind in ((("--count", "1"), "dumb"), (("--once",), "xterm"), (("--json", "--once"), "xterm")):
            view = self.watch(*flags, TERM=kind)
            self.assertEqual(view.wait(), 0)
            self.assertNotIn(b"\x1b", view.output)
            self.assertIn(b"Sneaker", view.output)

    def test_a_name_cannot_steer_the_terminal(self):
        self.server.open_drop(3, 5, name="a\x1b[2J\x07b")
        view = self.watch("--count", "1")
        self.assertEqual(view.wait(), 0)
        self.assertNotIn(b"\x07", view.output)
        self.assertIn(rb"a\x1b[2J\x07b", view.output)


sluice.main()
