"""The servers of perf/peers: each is started in a fresh directory, says where it listens, and is gone behind
its `with`, directory included, whatever happened in between."""
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from bench import BUILD, Server, die_with_parent

START_SECONDS = 30
POSTGRES_BIN = "/usr/lib/postgresql/15/bin"

REDIS_CONFIGURATION = ["--appendonly", "yes", "--appendfsync", "always", "--save", "",
                       "--auto-aof-rewrite-percentage", "0", "--daemonize", "no", "--logfile", "",
                       "--bind", "127.0.0.1", "--protected-mode", "no"]

POSTGRES_CONFIGURATION = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_sync_method": "open_datasync",
    "wal_level": "minimal", "max_wal_senders": "0", "wal_buffers": "64MB", "shared_buffers": "512MB",
    "max_wal_size": "16GB", "checkpoint_timeout": "1h", "autovacuum": "off", "jit": "off",
    "max_connections": "120", "commit_delay": "0"}
POSTGRES_SEGMENT_MB = 256


class Broken(Exception):
    """A peer that did not start, or did not do what it was asked; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process, number, seconds=20):
    process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def directory(parent, owner=None):
    path = tempfile.mkdtemp(prefix="peer-", dir=parent)
    try:
        if owner:
            os.chown(path, owner.pw_uid, owner.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def wait_until_up(process, port, log_path, *asks):
    """Up is whom `asks` says so of; without one, who listens."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            if not asks or subprocess.run(asks, stdout=subprocess.DEVNULL, check=False).returncode == 0:
                return
        time.sleep(0.02)
    with open(log_path, encoding="utf-8", errors="replace") as log:
        raise Broken("it did not start:\n" + log.read()[-2000:])


@contextlib.contextmanager
def sluice(parent):
    server = Server(parent)
    try:
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def ceiling(parent):
    """Yields (address, function): the function ends the probe and answers what it says it has recorded."""
    process = subprocess.Popen([f"{BUILD}/perf/ceiling", "--dir", parent], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def end():
        process.send_signal(signal.SIGTERM)
        return json.loads(process.communicate(timeout=20)[0])

    try:
        ready = process.stderr.readline()
        if not ready.startswith("ready listen="):
            raise Broken("the ceiling probe did not start: " + ready + process.stderr.read())
        yield ready.split("=", 1)[1].strip(), end
    finally:
        if process.poll() is None:
            stop(process, signal.SIGTERM)


@contextlib.contextmanager
def redis(parent):
    with directory(parent) as path:
        port = free_port()
        with open(f"{path}/log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                ["redis-server", "--port", str(port), "--dir", path, *REDIS_CONFIGURATION],
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        try:
            wait_until_up(process, port, log.name)
            yield f"127.0.0.1:{port}"
        finally:
            stop(process, signal.SIGKILL)  # nothing of it is wanted any more


class Postgres:
    """One initdb for all runs; each run works on a copy of it."""

    def __init__(self, parent):
        self.parent = parent
        # It refuses to run as root.
        self.owner = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.template = None

    def as_owner(self):
        if self.owner is None:
            return {}
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}

    def make_template(self, path):
        command = [f"{POSTGRES_BIN}/initdb", "-D", path, "-U", "peer", "-A", "trust", "-E", "UTF8", "--locale=C",
                   "--no-sync", f"--wal-segsize={POSTGRES_SEGMENT_MB}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path, **self.as_owner())
        if done.returncode != 0:
            raise Broken(f"initdb: {done.stdout}{done.stderr}")
        self.template = path

    @contextlib.contextmanager
    def server(self):
        with directory(self.parent, self.owner) as path:
            data, port = f"{path}/data", free_port()
            subprocess.run(["cp", "-a", self.template, data], check=True)
            os.sync()  # nothing of the copy is written out beside the measurement
            settings = [f"--{name}={value}" for name, value in POSTGRES_CONFIGURATION.items()]
            with open(f"{path}/log", "w", encoding="utf-8") as log:
                process = subprocess.Popen(
                    [f"{POSTGRES_BIN}/postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", path,
                     *settings],
                    stdout=log, stderr=log, cwd=path, preexec_fn=die_with_parent, **self.as_owner())
            try:
                wait_until_up(process, port, log.name, f"{POSTGRES_BIN}/pg_isready", "-h", "127.0.0.1", "-p",
                              str(port))
                yield f"host=127.0.0.1 port={port} user=peer dbname=postgres sslmode=disable gssencmode=disable"
            finally:
                stop(process, signal.SIGQUIT)


def version(program):
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[0].strip()


PROGRAMS = {"redis": [f"{BUILD}/perf/peer-redis", "/usr/bin/redis-server"],
            "postgres": [f"{BUILD}/perf/peer-postgres", f"{POSTGRES_BIN}/postgres"],
            "sqlite": [f"{BUILD}/perf/peer-sqlite"]}


def configurations(only):
    """A line for each peer: which version, and how it was configured."""
    lines = []
    if "redis" in only:
        lines.append(version("redis-server") + ": " + " ".join(word or "''" for word in REDIS_CONFIGURATION))
    if "postgres" in only:
        lines.append(version(f"{POSTGRES_BIN}/postgres") + f": initdb --wal-segsize={POSTGRES_SEGMENT_MB}, " +
                     ", ".join(f"{name}={value}" for name, value in POSTGRES_CONFIGURATION.items()))
    if "sqlite" in only:
        lines.append("SQLite: journal_mode=WAL, synchronous=FULL, locking_mode=EXCLUSIVE, page_size=4096, "
                     "cache_size=256 MiB, wal_autocheckpoint=4000")
    return lines
