"""A file system on a disk that loses power: volatile_disk (FUSE) below a loop device below ext4 or XFS.

Everything lives in mount and process namespaces of its own (isolate), so that mounts, loop devices and
processes go when the test goes, however it goes."""
import os
import re
import select
import shutil
import subprocess
import sys
import time

import sluice

VOLATILE_DISK = os.path.join(sluice.BUILD, "tests", "fault", "volatile_disk")
ROOM = "/mnt"  # a tmpfs in the namespace: nothing of it outlives the test
MKFS = {  # as small as each goes; both are sparse
    "ext4": (96 << 20, ["mkfs.ext4", "-q", "-F"]),
    "xfs": (300 << 20, ["mkfs.xfs", "-q", "-f"]),
}
MOUNT = {"ext4": (), "xfs": ("-o", "nouuid")}  # copies of one image are mounted side by side
# Bytes that a cut keeps or loses in one piece. XFS relies on a block of metadata being written whole: where a sector
# with the block's new log position survives and another of the same block does not, its recovery passes the block by
# as new and finds the checksum wrong. So it gets a disk of 4 KiB physical sectors; torn ones are ext4's matter.
UNIT = {"ext4": 512, "xfs": 4096, "none": 512}
LOSSES = ("all", "suffix", "writes", "sectors")


def missing():
    """Why there can be no such disk here; None: nothing is missing."""
    if os.geteuid() != 0:
        return "mounting takes root"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(device):
            return f"this machine has no {device}"
    if not os.path.exists(VOLATILE_DISK):
        return "volatile_disk was not built: libfuse3-dev was not there when meson was set up"
    with open("/proc/filesystems", encoding="ascii") as file:
        known = file.read().split()
    for name, (_, command) in MKFS.items():
        if name not in known or shutil.which(command[0]) is None:
            return f"no {name} here: the kernel has to know it, and {command[0]} has to be installed"
    if sluice.run("unshare", "--mount", "--pid", "--fork", "true").returncode != 0:
        return "no namespaces of its own are allowed here"
    return None


def isolate():
    """Runs this program again in namespaces of its own; comes back in there only."""
    if os.environ.get("SLC_ISOLATED") == "1":
        sluice.run("mount", "-t", "tmpfs", "-o", "size=4g,mode=700", "tmpfs", ROOM, check=0)
        return
    os.environ["SLC_ISOLATED"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                          "--mount-proc", sys.executable, *sys.argv])


def make_image(kind, path):
    """An empty file system, to be copied for each use."""
    size, command = MKFS[kind]
    with open(path, "wb") as file:
        file.truncate(size)
    sluice.run(*command, path, check=0)


class Refused(Exception):
    """The file system does not mount."""


class CutDisk:
    """One time that the power is on: serves `image` as a file system at `self.fs` until the cut."""

    def __init__(self, image, folder, kind):
        self.image, self.kind = image, kind
        self.below, self.fs = os.path.join(folder, "below"), os.path.join(folder, "fs")
        self.mounted = False
        os.makedirs(self.below, exist_ok=True)
        os.makedirs(self.fs, exist_ok=True)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([VOLATILE_DISK, image, self.below, str(UNIT[kind])], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.lines = b""
        self.hear("ready")

    def hear(self, word, within_s=30):
        """The disk's next line, which has to begin with `word`."""
        end = time.monotonic() + within_s
        while b"\n" not in self.lines:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not more:
                raise AssertionError(f"volatile_disk did not say {word} (exit {self.process.poll()})")
            self.lines += more
        line, _, self.lines = self.lines.partition(b"\n")
        line = line.decode()
        if line.split()[0] != word:
            raise AssertionError(f"volatile_disk said {line}, not {word}")
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")

    def mount(self):
        """The file system, its own journal replayed."""
        loop = sluice.run("losetup", "--find", "--show", "--direct-io=on", os.path.join(self.below, "disk"), check=0)
        device = loop.stdout.strip()
        done = sluice.run("mount", "-t", self.kind, *MOUNT[self.kind], device, self.fs)
        self.mounted = done.returncode == 0
        sluice.run("losetup", "--detach", device, check=0)  # goes by itself with the last user
        if not self.mounted:
            raise Refused(f"{self.kind} does not mount: {done.stderr.strip()}")
        return self

    def arm(self, requests, loss, seed):
        """The power goes as the so-many-th write or flush from now arrives."""
        self.tell(f"cut-at {requests} {loss} {seed}")
        self.hear("armed")

    def cut(self, loss, seed):
        self.tell(f"cut {loss} {seed}")
        return self.hear("cut")

    def stats(self):
        self.tell("stats")
        return self.hear("stats")

    def lie(self):
        self.tell("lie")
        self.hear("lying")

    def close(self):
        """Unmounts; without a cut before it, nothing is lost. What ran on the file system has to be gone."""
        if self.mounted:
            sluice.until(lambda: sluice.run("umount", self.fs).returncode == 0, f"umount {self.fs}")
            self.mounted = False
        if self.process is not None:
            # The loop device lets go of its file a moment behind the unmount.
            sluice.until(lambda: os.path.join(self.below, "disk") not in
                         sluice.run("losetup", "--list", "--noheadings", "--output", "BACK-FILE").stdout,
                         "the loop device is gone")
            self.process.stdin.close()
            code = self.process.wait(30)
            self.process.stdout.close()
            self.process = None
            if code != 0:
                raise AssertionError(f"volatile_disk: exit {code}")
