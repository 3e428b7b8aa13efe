"""A program on a terminal that the test holds the other end of."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Terminal:
    """Runs `command` as the leader of a session of its own, with the terminal as its stdin, stdout and stderr.
    `output` grows by what it writes."""

    def __init__(self, command, environment, columns=100, rows=30):
        self.output = b""
        self.status = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                # The parent sets the size; whoever looks before that sees none.
                os.read(0, 1)
                os.execve(command[0], [str(word) for word in command], environment)
            finally:
                os._exit(127)
        self.resize(columns, rows)
        self.modes_before = None
        os.write(self.master, b"\n")
        self.modes_before = termios.tcgetattr(self.master)

    def resize(self, columns, rows):
        """The kernel sends SIGWINCH, unless the size is the old one."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def modes(self):
        return termios.tcgetattr(self.master)

    def read(self, within_s=0.1):
        """Takes in what there is; False once the other end is closed."""
        ready, _, _ = select.select([self.master], [], [], within_s)
        if ready:
            try:
                more = os.read(self.master, 65536)
            except OSError:  # EIO: nobody has it open any more
                return False
            self.output += more
            return bool(more)
        return True

    def until(self, condition, what, within_s=30):
        """Reads until condition(output) is true."""
        end = time.monotonic() + within_s
        while not condition(self.output):
            if time.monotonic() > end or not self.read():
                raise AssertionError(f"waited in vain: {what}\n{self.output[-3000:]!r}")

    def wait(self, options=0, within_s=30):
        """Until it ends (or stops, with os.WUNTRACED); answers waitpid's status. What it wrote is read."""
        end = time.monotonic() + within_s
        if self.status is not None:
            return self.status
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, options | os.WNOHANG)
            if pid != 0:
                while self.read(0) and select.select([self.master], [], [], 0)[0]:
                    pass
                if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                    self.status = status
                return status
        raise AssertionError(f"it does not end:\n{self.output[-3000:]!r}")

    def slow_down(self, done, within_s=60):
        """Lets it run a few milliseconds at a time, with a tenth of a second and more between them, until done() is
        true or it has ended: on any machine its work takes long by the clock."""
        end = time.monotonic() + within_s
        while not done() and time.monotonic() < end:
            os.kill(self.pid, signal.SIGSTOP)
            self.read(0)
            time.sleep(0.12)
            os.kill(self.pid, signal.SIGCONT)
            time.sleep(0.004)
            self.read(0)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.status = status
                while self.read(0) and select.select([self.master], [], [], 0)[0]:
                    pass
                return

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
