"""The Debian packages, unpacked into an empty root: what is in them, whether it runs from there, and whether the
service's sandbox is tight, and wide enough for the server.

SLC_PACKAGE_BUILD=1 builds them as people do, with Debian's hardening flags, in a minute; otherwise they are of what
is built already. systemd-analyze reads unit files by itself and needs no running systemd."""
import glob
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice
from sluice import run, until

CLIENT = sys.argv.pop(1)  # package_client.c
TRIPLET = run("dpkg-architecture", "-qDEB_HOST_MULTIARCH", check=0).stdout.strip()
UNIT = "usr/lib/systemd/system/sluice.service"
LIB = f"usr/lib/{TRIPLET}"
FILES = {
    "sluice": {
        "etc/sluice/sluiced.conf", UNIT, "usr/lib/sysusers.d/sluice.conf",
        *(f"usr/bin/{name}" for name in ("sluiced", "sluice", "sluice-replay", "sluice-load")),
        *(f"usr/share/bash-completion/completions/{name}" for name in ("sluiced", "sluice", "sluice-replay", "sluice-load")),
        *(f"usr/share/man/man{name[-1]}/{name}.gz" for name in (
            "sluiced.8", "sluice.1", "sluice-replay.1", "sluice-load.1", "sluiced.conf.5", "sluice-journal.5",
            "sluice-snapshot.5", "sluice-report.5")),
        *(f"usr/share/doc/sluice/{name}" for name in (
            "README.md", "architecture.md", "changelog.Debian.gz", "copyright", "sluiced.conf.sample",
            "examples/alerts.yml", "examples/sluice.json"))},
    "libsluice0": {
        f"{LIB}/libsluice.so.0", f"{LIB}/libsluice.so.0.1.0", "usr/share/doc/libsluice0/changelog.Debian.gz",
        "usr/share/doc/libsluice0/copyright"},
    "libsluice-dev": {
        f"{LIB}/libsluice.so", f"{LIB}/libsluice.a", f"{LIB}/pkgconfig/sluice.pc",
        *(f"usr/include/sluice/{name}.h" for name in (
            "attempts", "build", "client", "disruptor", "history", "journal", "snapshot", "state", "status")),
        "usr/share/sluice/proto/sluice/v1/sluice.proto", "usr/share/doc/libsluice-dev/changelog.Debian.gz",
        "usr/share/doc/libsluice-dev/copyright"}}


def prefix_of_build():
    with open(os.path.join(sluice.BUILD, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
        return next(option["value"] for option in json.load(file) if option["name"] == "prefix")


def files_below(folder):
    return {os.path.relpath(os.path.join(where, name), folder)
            for where, _, names in os.walk(folder) for name in names}


class Package(sluice.Case):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="slc-package-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        # An older build directory may stand at another prefix.
        made = sluice.amount("SLC_PACKAGE_BUILD", 0) == 0 and prefix_of_build() == "/usr"
        done = run(os.path.join(sluice.ROOT, "tools", "packaging", "deb"), *(["--build", sluice.BUILD] if made else []),
                   os.path.join(cls.top, "out"), check=0)
        cls.packages = {os.path.basename(path).split("_")[0]: path for path in done.stdout.split()}
        # Beside the other tests: it takes as long as all of them.
        # pylint: disable=consider-using-with
        cls.lintian = subprocess.Popen(["lintian", "--allow-root", "--fail-on", "error,warning", *cls.packages.values()],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        cls.addClassCleanup(cls.lintian.communicate)
        cls.addClassCleanup(cls.lintian.kill)
        cls.root = os.path.join(cls.top, "root")
        os.mkdir(cls.root)
        for path in cls.packages.values():
            run("dpkg", "-x", path, cls.root, check=0)
        cls.unit = os.path.join(cls.root, UNIT)

    def at(self, path):
        return os.path.join(self.root, path)

    def text(self, path):
        with open(self.at(path), encoding="utf-8") as file:
            return file.read()

    # ---- what is in them ----

    def test_each_package_has_its_files_and_no_other(self):
        self.assertEqual(set(self.packages), set(FILES))
        for package, path in self.packages.items():
            folder = os.path.join(self.folder, package)
            run("dpkg", "-x", path, folder, check=0)
            self.assertEqual(files_below(folder), FILES[package])
            for name in files_below(folder):
                mode = os.lstat(os.path.join(folder, name)).st_mode & 0o777
                if not os.path.islink(os.path.join(folder, name)):
                    self.assertEqual(mode, 0o755 if name.startswith("usr/bin/") else 0o644, name)

    def test_lintian_finds_neither_errors_nor_warnings(self):
        said, _ = self.lintian.communicate(timeout=240)
        self.assertEqual((self.lintian.returncode, said), (0, ""))

    def test_each_program_knows_the_name_that_it_is_installed_under_and_has_its_page(self):
        pages = {os.path.basename(path).split(".")[0] for path in glob.glob(self.at("usr/share/man/man[18]/*.gz"))}
        versions = set()
        for name in os.listdir(self.at("usr/bin")):
            called, _, version = run(self.at(f"usr/bin/{name}"), "--version", check=0).stdout.partition(" ")
            self.assertEqual(called, name)
            versions.add(version)
            self.assertRegex(run(self.at(f"usr/bin/{name}"), "--help", check=0).stdout, rf"(?m)^ *{name} -?\w?")
            self.assertIn(name, pages)
            refused = run(self.at(f"usr/bin/{name}"), "--frobnicate", check=2).stderr
            self.assertRegex(refused, rf"(^|\n){name}: ")
            self.assertNotRegex(refused, r"(^|[^-\w])(replay|load)[: ]")
        self.assertEqual(len(versions), 1, versions)
        with gzip.open(self.at("usr/share/man/man1/sluice-replay.1.gz"), "rt", encoding="utf-8") as page:
            self.assertIn("sluice\\-replay verify /var/lib/sluice", page.read())

    # ---- the service ----

    def analyze(self, unit):
        return run("systemd-analyze", "verify", "--man=no", unit)

    def unit_that_runs_from_here(self, *replaced):
        """The unit with its program where that lies in this test."""
        text = self.text(UNIT).replace("/usr/bin/sluiced", self.at("usr/bin/sluiced"))
        for old, new in replaced:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = os.path.join(self.folder, "sluice.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_systemd_has_nothing_to_complain_about_in_the_unit(self):
        done = self.analyze(self.unit_that_runs_from_here())
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        broken = self.analyze(self.unit_that_runs_from_here(("WatchdogSec=", "WatchDogSec=")))
        self.assertIn("Unknown key 'WatchDogSec'", broken.stderr)

    def test_the_unit_is_exposed_to_less_than_two_of_ten(self):
        def exposure(unit):
            return run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)
        self.assertEqual(exposure(self.unit).returncode, 0, exposure(self.unit).stdout)
        wide = self.unit_that_runs_from_here(("NoNewPrivileges=yes", ""), ("PrivateUsers=yes", ""),
                                             ("CapabilityBoundingSet=\n", ""))
        self.assertEqual(exposure(wide).returncode, 1)

    def settings(self):
        """{name: values} of the unit."""
        found = {}
        for line in self.text(UNIT).splitlines():
            if "=" in line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found.setdefault(name, []).append(value)
        return found

    def test_the_unit_names_what_is_installed(self):
        unit = self.settings()
        program, flag, config = unit["ExecStart"][0].split()
        self.assertEqual((program, flag, config), ("/usr/bin/sluiced", "--config", "/etc/sluice/sluiced.conf"))
        self.assertEqual((unit["Type"], unit["ExecReload"]), (["notify"], ["/bin/kill -HUP $MAINPID"]))
        self.assertGreaterEqual(int(unit["WatchdogSec"][0]), 30)
        self.assertIn(f"data-dir = /var/lib/{unit['StateDirectory'][0]}\n", self.text("etc/sluice/sluiced.conf"))
        for page in re.findall(r"man:(\S+)\((\d)\)", unit["Documentation"][0]):
            self.assertTrue(os.path.exists(self.at("usr/share/man/man{1}/{0}.{1}.gz".format(*page))), page)
        made = run("systemd-sysusers", "--dry-run", f"--root={self.root}", check=0)
        self.assertIn(f"Creating user '{unit['User'][0]}'", made.stdout + made.stderr)

    # ---- the programs ----

    def configuration(self):
        """The packaged file, with a data directory and ports of this test."""
        text = self.text("etc/sluice/sluiced.conf")
        for old, new in (("/var/lib/sluice\n", self.data + "\n"), ("127.0.0.1:7411", "127.0.0.1:0"),
                         ("127.0.0.1:7412", "127.0.0.1:0")):
            self.assertEqual(text.count(old), 1)
            text = text.replace(old, new)
        path = os.path.join(self.folder, "sluiced.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def serve(self, wrap=(), environment=None):
        server = sluice.Server(self.data, environment=environment)
        server.command = [*wrap, self.at("usr/bin/sluiced"), "--config", self.configuration()]
        self.servers.append(server)
        return server.start()

    def test_every_setting_of_the_packaged_file_is_good_also_those_left_out(self):
        sluiced, path = self.at("usr/bin/sluiced"), self.configuration()
        run(sluiced, "--config", path, "--check-config", check=0)
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"(?m)^#([a-z-]+ = )", r"\1", file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("/var/lib/sluice", self.data))
        printed = run(sluiced, "--config", path, "--print-config", check=0).stdout
        self.assertEqual(printed.count("# file "), len(re.findall(r"(?m)^[a-z-]+ = ", text)))
        self.assertGreater(printed.count("# file "), 7)

    def test_what_is_installed_sells_and_answers_for_it(self):
        server = self.serve()
        operate = [self.at("usr/bin/sluice"), "--data-dir", self.data]
        run(*operate, "drop", "open", "1", "--stock", "100", check=0)
        run(self.at("usr/bin/sluice-load"), "--connect", server.address, "--control", server.control,
            "--connections", "2", "--window", "8", "--requests", "60", "--drop", "1", check=0)
        self.assertIn("40", run(*operate, "drop", "show", "1", check=0).stdout)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: any("SIGHUP" in line for line in server.lines), "the reload's line in the log")
        self.assertEqual(server.stop(), 0)
        self.assertIn("audit PASS", run(self.at("usr/bin/sluice-replay"), "audit", self.data, check=0).stdout)

    def commands_of_readme(self, title):
        section = self.text("usr/share/doc/sluice/README.md").split(f"\n## {title}\n")[1].split("\n## ")[0]
        return [line.partition("#")[0].split() for line in section.splitlines() if line.startswith("    ")]

    def test_commands_of_the_readme_work_as_they_stand(self):
        """Those of the installed programs are run on the data directory of this test; of the others the names."""
        self.serve()
        ran = 0
        for words in self.commands_of_readme("As a service"):
            words = words[1:] if words[0] == "sudo" else words
            if os.path.exists(self.at(f"usr/bin/{words[0]}")):
                words = [self.configuration() if word == "/etc/sluice/sluiced.conf" else
                         word.replace("/var/lib/sluice", self.data) for word in words]
                run(self.at(f"usr/bin/{words[0]}"), *words[1:], check=0)
                ran += 1
            elif words[0] in ("systemctl", "journalctl"):
                self.assertTrue({"sluice"} <= set(words), words)
            elif words[0] == "apt":
                self.assertEqual(words[2:], ["./build-deb/*.deb"])
            else:
                self.assertTrue(os.access(os.path.join(sluice.ROOT, words[0]), os.X_OK), words)
        self.assertEqual(ran, 4)
        [build] = self.commands_of_readme("Packages and the library")
        shutil.copy(CLIENT, os.path.join(self.folder, "shop.c"))
        run("bash", "-c", " ".join(build), check=0, cwd=self.folder, env=self.library_environment())

    # ---- the sandbox ----

    def allowed_calls(self):
        """The unit's SystemCallFilter, with systemd's groups written out."""
        groups, name = {}, None
        for line in run("systemd-analyze", "syscall-filter", check=0).stdout.splitlines():
            if line.startswith("@"):
                name = line.strip()
                groups[name] = set()
            elif line.startswith("    ") and not line.strip().startswith("#"):
                groups[name].add(line.strip())

        def calls(word):
            return set().union(*[calls(inner) for inner in groups[word]]) if word in groups else {word}
        allowed = calls("@default")
        for row in self.settings()["SystemCallFilter"]:
            listed = set().union(*[calls(word) for word in row.lstrip("~").split()])
            allowed = allowed - listed if row.startswith("~") else allowed | listed
        return allowed

    def test_the_sandbox_lets_through_all_that_the_server_asks_for(self):
        trace = os.path.join(self.folder, "trace")
        report = os.path.join(self.data, "report.db")
        server = self.serve(wrap=("strace", "-f", "-qq", "-s", "200", "-o", trace), environment={"SLUICE_REPORT": report})
        server.open_drop(1, 100)
        self.assertEqual(server.connect().buy(user="ada").status, "ACCEPTED")
        os.kill(server.pid, signal.SIGHUP)
        os.kill(server.pid, signal.SIGUSR1)
        until(lambda: glob.glob(os.path.join(self.data, "snapshot-*.snap")), "the snapshot")
        until(lambda: os.path.exists(report), "the report")
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=60) as answer:
            self.assertIn(b"sluice_", answer.read())
        self.assertEqual(server.stop(), 0)
        with open(trace, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        called = {found.group(1) for found in (re.match(r"\d+ +(\w+)\(", line) for line in lines) if found}
        self.assertGreater(len(called), 30)
        # SQLite gives what it makes to the owner of what it belongs to, if it runs as root; the service does not.
        allowed = self.allowed_calls() | ({"fchown"} if os.geteuid() == 0 else set())
        self.assertEqual(called - allowed, set(), "calls that SystemCallFilter refuses")
        unit = self.settings()
        families = {found.group(1) for found in (re.search(r" socket\((AF_\w+)", line) for line in lines) if found}
        self.assertIn("AF_INET", families)
        self.assertLessEqual(families, set(unit["RestrictAddressFamilies"][0].split()))
        for line in lines:
            self.assertNotRegex(line, r"PROT_WRITE\|PROT_EXEC", "MemoryDenyWriteExecute")
            written = re.search(r' openat\([^"]*"([^"]*)", O_(?:WRONLY|RDWR|.*O_CREAT)', line)
            if written and written.group(1).startswith("/"):  # else beside an open directory of its own
                self.assertTrue(written.group(1).startswith((self.data, "/dev/", "/proc/self/")), "ProtectSystem: " + line)
            self.assertNotRegex(line, r'openat\([^"]*"/proc/(?!self/|\d|thread-self/)', "ProcSubset=pid")

    # ---- the library ----

    def library_environment(self):
        """For pkg-config: the installed library; those that it stands on are this machine's."""
        return {**os.environ, "PKG_CONFIG_PATH": self.at(f"{LIB}/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": self.root}

    def pkg_config(self, *flags):
        return run("pkg-config", *flags, "sluice", check=0, env=self.library_environment()).stdout.split()

    def buys(self, program, server, left):
        done = run(program, server.address, check=0, env={**os.environ, "LD_LIBRARY_PATH": self.at(LIB)})
        version = run("pkg-config", "--modversion", self.at(f"{LIB}/pkgconfig/sluice.pc"), check=0).stdout.strip()
        self.assertEqual(done.stdout, f"{version} STATUS_ACCEPTED {left} left\n")

    def test_programs_are_compiled_by_what_pkg_config_says(self):
        server = self.serve()
        server.open_drop(1, 100)
        shared, static = (os.path.join(self.folder, name) for name in ("shared", "static"))
        compiler = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        run(*compiler, CLIENT, "-o", shared, *self.pkg_config("--cflags", "--libs"), check=0)
        self.buys(shared, server, 94)
        self.assertIn("libsluice.so.0", run("readelf", "-d", shared, check=0).stdout)
        flags = [flag for flag in self.pkg_config("--static", "--libs") if flag != "-lsluice"]
        run(*compiler, CLIENT, "-o", static, *self.pkg_config("--cflags"), self.at(f"{LIB}/libsluice.a"), *flags, check=0)
        self.buys(static, server, 88)
        self.assertNotIn("libsluice", run("readelf", "-d", static, check=0).stdout)
        server.stop()

    def test_the_library_exports_what_its_headers_declare_and_nothing_else(self):
        """Told by the compiler; exported.py, which made the list of the linker, reads the headers by itself."""
        headers = [os.path.basename(path) for path in glob.glob(self.at("usr/include/sluice/*.h"))]
        source, declared = os.path.join(self.folder, "all.c"), os.path.join(self.folder, "declared")
        with open(source, "w", encoding="ascii") as file:
            file.writelines(f"#include <sluice/{name}>\n" for name in headers)
        run("gcc", "-fsyntax-only", "-aux-info", declared, source, *self.pkg_config("--cflags"), check=0)
        with open(declared, encoding="utf-8") as file:
            wanted = set(re.findall(r"(?m)^/\* [^:]*/sluice/\w+\.h:.*\*/ extern .*?\b(slc_\w+) \(", file.read()))
        self.assertGreater(len(wanted), 50)
        listed = run("nm", "-D", "--defined-only", self.at(f"{LIB}/libsluice.so"), check=0).stdout
        self.assertEqual({line.split()[2].split("@")[0] for line in listed.splitlines() if line.split()[1] != "A"}, wanted)


sluice.main()
