"""A build says which commit it is: src/base/meson.build in a small project with a history of its own."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = sys.argv.pop(1)
MESON_BUILD = """\
project('identity', 'c', version: '4.5.6', default_options: ['c_std=c11'])
add_project_arguments('-DSLC_VERSION="4.5.6"', '-D_GNU_SOURCE', language: 'c')
slc_sources = files()
subdir('src/base')
executable('identity', 'main.c', slc_sources, include_directories: include_directories('include', 'src'))
"""
MAIN = """\
#include <sluice/build.h>
#include <stdio.h>
int main(void) { return printf("%s %s", slc_build_version(), slc_build_commit()) < 0; }
"""


class BuildIdentity(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="sluice-identity-")
        self.addCleanup(shutil.rmtree, self.top)
        self.project = os.path.join(self.top, "project")
        for folder in ("src/base", "include"):
            shutil.copytree(os.path.join(SOURCE, folder), os.path.join(self.project, folder))
        self.write("meson.build", MESON_BUILD)
        self.write("main.c", MAIN)
        self.write(".gitignore", "build\n")

    def write(self, name, text):
        with open(os.path.join(self.project, name), "w", encoding="ascii") as file:
            file.write(text)

    def call(self, *command, where=None):
        done = subprocess.run(command, cwd=where or self.project, capture_output=True, text=True, check=False,
                              timeout=100, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def git(self, *arguments, where=None):
        return self.call("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments,
                         where=where).strip()

    def identity(self):
        if not os.path.exists(os.path.join(self.project, "build")):
            self.call("meson", "setup", "build")
        self.call("ninja", "-C", "build")
        return self.call(os.path.join(self.project, "build/identity"))

    def commit(self, where=None):
        self.git("add", "-A", where=where)
        self.git("commit", "-q", "--allow-empty", "-m", "a commit", where=where)
        return self.git("rev-parse", "HEAD", where=where)[:12]

    def test_it_follows_the_commit_without_a_new_setup_and_says_dirty(self):
        self.git("init", "-q")
        first = self.commit()
        self.assertEqual(self.identity(), "4.5.6 " + first)
        second = self.commit()
        self.assertNotEqual(first, second)
        self.assertEqual(self.identity(), "4.5.6 " + second)
        self.git("tag", "-a", "-m", "a release", "v4.5.6")
        self.write("main.c", MAIN + "/* changed */\n")
        self.assertEqual(self.identity(), f"4.5.6 {second}-dirty")

    def test_a_tarball_is_of_no_known_commit_also_inside_a_strangers_repository(self):
        self.git("init", "-q", where=self.top)
        self.commit(where=self.top)
        self.assertEqual(self.identity(), "4.5.6 unknown")


unittest.main()
