"""What the commands of this folder share: a server in a directory of its own, and the load on it."""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
SETTLE_SECONDS = 3  # a guest reports free pages two seconds behind


def die_with_parent():
    """Between fork and exec: a command that is killed leaves no server behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_json(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Server:
    def __init__(self, parent, *options, build=None):
        self.dir = tempfile.mkdtemp(prefix="figures-", dir=parent)
        self.build = build or BUILD
        self.options = options
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [f"{self.build}/sluiced", "--data-dir", self.dir, "--listen", "127.0.0.1:0",
             *(() if "--http" in self.options else ("--http", "off")), *self.options],
            stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            if line.startswith("ready "):
                words = dict(word.split("=", 1) for word in line.split()[1:])
                self.address, self.control = words["listen"], words["control"]
                return
        sys.exit("the server did not start:\n" + "".join(self.log))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait()

    def remove(self):
        """Back when what it leaves behind should be over as well: journals that the file system takes back, memory
        that a guest hands back to its host. They are not to be the next measurement's."""
        self.stop()
        shutil.rmtree(self.dir)
        os.sync()
        time.sleep(SETTLE_SECONDS)

    def load(self, *options):
        return run_json(f"{BUILD}/perf/load", "--connect", self.address, "--control", self.control,
                        "--json", *options)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sluice(self, *words):
        return run_json(f"{BUILD}/tools/sluice", "--control", self.control, "--json", *words)
