"""Real processes for tests: sluiced in a directory of its own, and the programs beside it."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import control
import raw

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build"))
SLUICED = os.path.join(BUILD, "sluiced")
SLUICE = os.path.join(BUILD, "tools", "sluice")
REPLAY = os.path.join(BUILD, "tools", "replay")
LOAD = os.path.join(BUILD, "perf", "load")
READY_WITHIN_S = 60


def amount(name, default):
    """How much work, by environment."""
    return int(os.environ.get(name, default))


def until(condition, what, within_s=30):
    """Waits until condition() is true; a test that gives up says what it waited for."""
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {within_s} s in vain: {what}")
        time.sleep(0.01)


def wait_for_new_name(folder, prefix, within_s=1):
    """Until a name that begins so appears: steps that are rare and short tell of themselves this way. Says
    whether one has; a server may as well be at other things."""
    def names():
        return {name for name in os.listdir(folder) if name.startswith(prefix)}
    before, end = names(), time.monotonic() + within_s
    while time.monotonic() < end:
        if not names() <= before:
            return True
        time.sleep(0.0003)
    return False


def run(*arguments, check=None, timeout_s=300, **options):
    """Runs a program; `check` is the exit code that it has to have."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=timeout_s,
                          check=False, stdin=subprocess.DEVNULL, **options)
    if check is not None and done.returncode != check:
        raise AssertionError(f"{' '.join(str(a) for a in arguments)}: exit {done.returncode}, not {check}\n"
                             f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


class Server:
    """A sluiced on a port of the kernel's choice, without HTTP unless the flags ask
    for it. `wrap` goes in front of its command line (strace)."""

    def __init__(self, data_dir, *flags, wrap=(), environment=None):
        self.data_dir = data_dir
        self.command = [str(word) for word in (*wrap, SLUICED, "--data-dir", data_dir, *flags)]
        if "--listen" not in flags:
            self.command += ["--listen", "127.0.0.1:0"]
        if "--http" not in flags:
            self.command += ["--http", "off"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        self.environment = {**clean, **(environment or {})}
        self.process = None
        self.lines = []
        self.address = self.control = self.http = None

    def start(self):
        """Starts and waits for the ready line."""
        self.spawn()
        if not self.ready.wait(READY_WITHIN_S) or self.address is None:
            code = self.process.poll()
            self.kill()
            raise AssertionError(f"sluiced was not ready (exit {code}):\n{self.log()}")
        return self

    def spawn(self):
        self.ready = threading.Event()
        self.lines, self.address, self.control, self.http = [], None, None, None
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace",
                                        env=self.environment, start_new_session=True)
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        return self

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                words = dict(word.split("=", 1) for word in line.split()[1:])
                self.address, self.control, self.http = words["listen"], words["control"], words["http"]
                self.ready.set()
        stream.close()
        self.ready.set()

    def log(self):
        return "\n".join(self.lines[-200:])

    @property
    def pid(self):
        """Of sluiced itself, also where it runs under strace."""
        if os.path.basename(self.command[0]) == os.path.basename(SLUICED):
            return self.process.pid
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def wait(self, within_s=60):
        """Exit code; the log is complete afterwards."""
        code = self.process.wait(within_s)
        self.reader.join(within_s)
        return code

    def stop(self, within_s=60):
        """SIGTERM; answers the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait(within_s)

    def kill(self):
        """SIGKILL, as a crash."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.wait()

    def connect(self, **options):
        return raw.Connection(self.address, **options)

    # ---- operators ----

    def sluice(self, *arguments, check=0):
        """The operators' program; its JSON where it answers some."""
        done = run(SLUICE, "--control", self.control, "--json", *arguments, check=check)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    @property
    def operator(self):
        return control.Operator(self.control)

    def open_drop(self, drop, stock, **options):
        return self.operator.open_drop(drop, stock, **options)

    def drop(self, drop):
        return self.operator.drop(drop)

    def status(self):
        return self.operator.status()


def replay_state(data_dir, *flags):
    return json.loads(run(REPLAY, "state", data_dir, "--json", *flags, check=0).stdout)


class Case(unittest.TestCase):
    """A directory for each test, and no server left behind it. FLAGS are those of self.server."""

    FLAGS = ()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="slc-e2e-")
        self.addCleanup(self._clean_up)  # unlike tearDown it also runs where a later setUp fails
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.data)
        self.servers = []

    def _clean_up(self):
        for server in self.servers:
            server.kill()
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            for server in self.servers:
                print(f"--- log of {' '.join(server.command)}\n{server.log()}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *flags, **options):
        server = Server(self.data, *self.FLAGS, *flags, **options)
        self.servers.append(server)
        return server.start()

    def spawn(self, *flags, **options):
        """Without waiting for the ready line: for servers that must not start."""
        server = Server(self.data, *self.FLAGS, *flags, **options)
        self.servers.append(server)
        return server.spawn()

    def load(self, server, *flags, check=0, background=False):
        command = [LOAD, "--connect", server.address, "--control", server.control, *[str(f) for f in flags]]
        if background:
            # pylint: disable=consider-using-with
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
        return run(*command, check=check)

    def audit(self, *flags):
        """replay audit has to pass; answers what it said."""
        done = run(REPLAY, "audit", self.data, *flags)
        self.assertEqual((done.returncode, done.stdout.strip().splitlines()[-1:]), (0, ["audit PASS"]),
                         done.stdout + done.stderr)
        return done.stdout

    def assert_durable_digest(self, server):
        """What the server says of itself is what its journal replays to."""
        status = server.status()
        state = replay_state(server.data_dir, "--until", status["applied_sequence"])
        self.assertEqual((state["sequence"], state["digest"]), (status["applied_sequence"], status["digest"]))


def main():
    """Runs the cases of the calling program, two lines a case, exit 0 if all are good."""
    unittest.main(module="__main__", verbosity=2, warnings="ignore")
