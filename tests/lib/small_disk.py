"""Small file systems for tests: a tmpfs, or an ext4 in a file behind a loop device. Root is needed; a test
without it is skipped, with the reason."""
import os
import subprocess
import tempfile
import unittest

MIB = 1 << 20


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


class SmallDisk:
    """Mounted from create to unmount, which is safe to call twice and frees the loop device."""

    def __init__(self, kind, size_bytes):
        self.kind = kind
        self.folder = tempfile.mkdtemp(prefix="slc-disk-")
        self.mount_point = os.path.join(self.folder, "mounted")
        self.image = os.path.join(self.folder, "image")
        os.mkdir(self.mount_point)
        self.mounted = False
        if os.geteuid() != 0:
            self.remove()
            raise unittest.SkipTest(f"a {kind} of our own: only root may mount one")
        if kind == "tmpfs":
            self.source = ("-t", "tmpfs", "-o", f"size={size_bytes}", "slc-small-disk")
        else:
            with open(self.image, "wb") as file:
                file.truncate(size_bytes)
            made = run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
            if made.returncode != 0:
                self.remove()
                raise AssertionError(f"mkfs.ext4: {made.stderr}")
            self.source = ("-o", "loop", self.image)
        self.mount()

    def mount(self):
        done = run("mount", *self.source, self.mount_point)
        if done.returncode != 0:
            self.remove()
            raise unittest.SkipTest(f"a {self.kind} of our own cannot be mounted here: {done.stderr.strip()}")
        self.mounted = True

    def remount(self, options):
        """mount -o remount,...; answers whether the kernel took it."""
        return run("mount", "-o", "remount," + options, self.mount_point).returncode == 0

    def unmount(self):
        """The loop device goes with its mount: mount -o loop made it so."""
        if self.mounted:
            done = run("umount", self.mount_point)
            if done.returncode != 0:
                run("umount", "--lazy", self.mount_point)
                raise AssertionError(f"umount: {done.stderr}")
            self.mounted = False

    def remove(self):
        try:
            if self.mounted:
                self.unmount()
        finally:
            for path in (self.image,):
                if os.path.exists(path):
                    os.unlink(path)
            for path in (self.mount_point, self.folder):
                os.rmdir(path)

    # ---- room ----

    def free_bytes(self):
        status = os.statvfs(self.mount_point)
        return status.f_bavail * status.f_frsize

    def fill(self, leave_bytes=0):
        """Ballast, until so much is free at the most."""
        with open(os.path.join(self.mount_point, "ballast"), "ab", buffering=0) as file:
            try:
                while True:
                    want = min(self.free_bytes() - leave_bytes, MIB)
                    if want <= 0:
                        break
                    file.write(bytes(want))
                if leave_bytes == 0:
                    while file.write(bytes(4096)) > 0:
                        pass
            except OSError:
                pass  # ENOSPC: it is full

    def make_room(self):
        os.unlink(os.path.join(self.mount_point, "ballast"))
