#!/usr/bin/python3
"""Manual pages, sample configuration and bash completion say what the programs say: no flag more, none less."""
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

MAN = os.path.join(sluice.BUILD, "tools", "man")
COMPLETION = os.path.join(sluice.BUILD, "tools", "completion", "sluice")
PROGRAMS = {"sluiced": sluice.SLUICED, "sluice": sluice.SLUICE, "replay": sluice.REPLAY, "load": sluice.LOAD}
# Under which names they are installed.
INSTALLED = {"sluiced": "sluiced", "sluice": "sluice", "replay": "sluice-replay", "load": "sluice-load"}
PAGES = ("sluiced.8", "sluice.1", "sluice-replay.1", "sluice-load.1", "sluiced.conf.5", "sluice-journal.5",
         "sluice-snapshot.5", "sluice-report.5")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
# Named in replay's help, but an option of load.
OF_OTHERS = {"replay": {"--hgrm"}}


def page(name):
    with open(os.path.join(MAN, name), encoding="utf-8") as file:
        return file.read().replace("\\-", "-")


def warnings(path):
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path], capture_output=True,
                          text=True, timeout=60, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def help_of(program):
    """All that it says of its options; of replay what each command says."""
    text = sluice.run(PROGRAMS[program], "--help", check=0).stdout
    if program == "replay":
        for command in re.findall(r"^  ([a-z]+) +\S", text, re.MULTILINE):
            if command != "replay":
                text += sluice.run(sluice.REPLAY, command, "--help", check=0).stdout
    return text


def help_flags(program):
    return set(FLAG.findall(help_of(program))) - OF_OTHERS.get(program, set())


def completed(*words, after=None, folder=None, environment=None):
    """What the function offers for these words, the last of which is begun."""
    script = f"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD={len(words) - 1 if after is None else after}
_sluice_complete
[[ ${{#COMPREPLY[@]}} -eq 0 ]] || printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETION, *words], capture_output=True, text=True,
                          timeout=60, check=False, cwd=folder, env=environment)
    if done.returncode or done.stderr:
        raise AssertionError(f"{words}: exit {done.returncode} {done.stderr}")
    return done.stdout.splitlines()


class Pages(unittest.TestCase):
    def test_man_has_nothing_to_complain_about(self):
        for name in PAGES:
            self.assertEqual(warnings(os.path.join(MAN, name)), "", name)

    def test_man_would_complain_about_a_broken_page(self):
        with tempfile.NamedTemporaryFile("w", suffix=".8", encoding="utf-8") as broken:
            broken.write(page("sluiced.8") + ".NOSUCHMACRO x\n")
            broken.flush()
            self.assertIn("NOSUCHMACRO", warnings(broken.name))

    def test_each_page_has_what_a_page_has(self):
        for name in PAGES:
            text = page(name)
            stem, section = name.rsplit(".", 1)
            self.assertTrue(text.startswith(f".TH {stem.upper()} {section} "), name)
            for heading in ("NAME", "DESCRIPTION", "SEE ALSO"):
                self.assertRegex(text, rf'(?m)^\.SH "?{heading}"?$', name)
            self.assertIn(f"\n{stem} - ", page(name))
            self.assertNotRegex(text, r"@[A-Z]+( |@)", name)

    def test_pages_name_only_pages_that_there_are(self):
        ours = {name.rsplit(".", 1)[0] + f" ({name[-1]})" for name in PAGES}
        for name in PAGES:
            for stem, section in re.findall(r"^\.BR (\S+) \((\d)\)", page(name), re.MULTILINE):
                self.assertIn(f"{stem} ({section})", ours, name)

    def test_pages_show_commands_by_the_names_that_are_installed(self):
        for program, installed in INSTALLED.items():
            text = page(next(name for name in PAGES if name.startswith(installed + ".")))
            self.assertRegex(text, rf"(?m)^ *{installed} \S")
            self.assertNotRegex(text, r"(?m)(^|[^-/\w])(replay|load) (-|[a-z]+ (DIR|/var))", program)

    def test_each_flag_of_the_help_is_in_the_page_and_none_more(self):
        for program in PROGRAMS:
            name = next(name for name in PAGES if name.startswith(INSTALLED[program] + "."))
            ours = set(FLAG.findall(page(name))) - OF_OTHERS.get(program, set()) - {"--help", "--version"}
            self.assertGreater(len(ours), 5)
            self.assertEqual(ours, help_flags(program) - {"--help", "--version"}, program)

    def test_each_flag_of_the_help_is_in_the_completion_and_none_more(self):
        script = 'source "$1"; for key in "${!_sluice_flags[@]}"; do echo "$key:${_sluice_flags[$key]}"; done'
        rows = sluice.run("bash", "--norc", "-c", script, "bash", COMPLETION, check=0).stdout.splitlines()
        found = {program: set() for program in PROGRAMS}
        for row in rows:
            key, _, flags = row.partition(":")
            found[key.split()[0]] |= {flag.partition("=")[0] for flag in flags.split()}
        for program, flags in found.items():
            self.assertEqual(flags, help_flags(program) | {"--help", "--version"}, program)

    def test_programs_take_each_flag_that_the_completion_offers(self):
        """The other way round: what stands in the help is no invention."""
        for flag in completed("sluiced", "--"):
            done = sluice.run(sluice.SLUICED, flag, "--help")
            self.assertEqual(done.returncode, 0)
            if flag not in ("--help", "--version"):
                done = sluice.run(sluice.SLUICED, flag, "")
                self.assertNotIn("there is no flag", done.stderr, flag)
        for flag in completed("load", "--"):
            done = sluice.run(sluice.LOAD, flag, "x", "--frobnicate")  # so that it never runs
            if flag not in ("--help", "--version"):
                self.assertEqual(done.returncode, 2, flag)
            self.assertNotIn(f"unrecognized option '{flag}'", done.stderr)

    def test_settings_of_the_file_are_those_of_print_config(self):
        with tempfile.TemporaryDirectory() as folder:
            printed = sluice.run(sluice.SLUICED, "--data-dir", folder, "--print-config", check=0).stdout
        keys = {line.split(" = ")[0] for line in printed.splitlines()}
        settings = re.findall(r"^\.B ([a-z-]+)", page("sluiced.conf.5").partition(".SH SETTINGS")[2], re.MULTILINE)
        self.assertEqual(set(settings), keys)
        with open(os.path.join(MAN, "sluiced.conf.sample"), encoding="utf-8") as file:
            sample = file.read()
        self.assertEqual(set(re.findall(r"^#([a-z-]+) = ", sample, re.MULTILINE)), keys)

    def test_the_sample_with_every_default_is_a_good_configuration(self):
        with open(os.path.join(MAN, "sluiced.conf.sample"), encoding="utf-8") as file:
            sample = file.read()
        with tempfile.TemporaryDirectory() as folder:
            plain = sluice.run(sluice.SLUICED, "--data-dir", folder, "--print-config", check=0).stdout
            # Those without a default stand there with a place holder in capitals.
            for text in (sample, re.sub(r"(?m)^#([a-z-]+ = [^A-Z\n]*[a-z0-9:.]*(?:[KMG]iB)?)$", r"\1", sample)):
                path = os.path.join(folder, "sluiced.conf")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = sluice.run(sluice.SLUICED, "--data-dir", folder, "--config", path, "--check-config", check=0)
                self.assertEqual(done.stderr, "")
                shown = sluice.run(sluice.SLUICED, "--data-dir", folder, "--config", path, "--print-config",
                                   check=0).stdout
                self.assertEqual([line.partition("#")[0].strip() for line in shown.splitlines()],
                                 [line.partition("#")[0].strip() for line in plain.splitlines()])
            self.assertGreater(shown.count("# file "), 20)


def fields_of_header(name):
    """(offset, size, first word) of the tables in a format's comment."""
    with open(os.path.join(sluice.ROOT, "src", name), encoding="utf-8") as file:
        comment = file.read().partition("*/")[0]
    rows = re.findall(r"^ \*\s+(?:file |chunk )?\s*(\d+)\s+(\d+)\s+(\S+)", comment, re.MULTILINE)
    return [(int(offset), int(size), word.strip(":,;\"").lower()) for offset, size, word in rows]


def fields_of_page(name):
    rows = re.findall(r"^ +(\d+) +(\d+)  (\S+)", page(name), re.MULTILINE)
    return [(int(offset), int(size), word.strip(":,;\"").lower()) for offset, size, word in rows]


class Formats(unittest.TestCase):
    def test_pages_have_each_field_of_the_formats_at_its_place(self):
        for name, headers in (("sluice-journal.5", ("journal/format.h", "attempts/format.h")),
                              ("sluice-snapshot.5", ("snapshot/format.h",))):
            wanted = [field for header in headers for field in fields_of_header(header)]
            self.assertGreater(len(wanted), 15)
            self.assertEqual([field[:2] for field in fields_of_page(name)], [field[:2] for field in wanted], name)
            for ours, theirs in zip(fields_of_page(name), wanted):
                if "_" in theirs[2] or theirs[2] in ("magic", "chain", "flags", "events", "0"):
                    self.assertEqual(ours, theirs, name)

    def test_magics_and_limits_stand_in_the_pages(self):
        for name, header, prefix in (("sluice-journal.5", "journal/format.h", "SLC_"),
                                     ("sluice-snapshot.5", "snapshot/format.h", "SLC_SNAPSHOT_")):
            with open(os.path.join(sluice.ROOT, "src", header), encoding="utf-8") as file:
                text = file.read()
            for magic in re.findall(r"MAGIC UINT64_C\(0x([0-9a-f]{16})\)", text):
                self.assertIn(bytes.fromhex(magic)[::-1].decode(), page(name))
            version = re.search(rf"{prefix}FORMAT_VERSION (\d+)u", text).group(1)
            self.assertIn(f"format version: {version}", page(name))

    def test_views_of_the_report_have_the_columns_of_its_page(self):
        with tempfile.TemporaryDirectory(prefix="slc-pages-") as folder:
            data, report = os.path.join(folder, "data"), os.path.join(folder, "report.db")
            server = sluice.Server(data).start()
            try:
                server.open_drop(1, 5)
                server.stop()
            finally:
                server.kill()
            sluice.run(sluice.REPLAY, "export", data, "--sqlite", report, check=0)
            with contextlib.closing(sqlite3.connect(report)) as database:
                about = dict(database.execute("SELECT name, meaning FROM about"))
                views = {name for name, meaning in about.items() if meaning.startswith("view:")} | {"covered", "drops"}
                columns = {name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")] for name in views}
        text = page("sluice-report.5")
        rows = dict(re.findall(r'^\.BR (\w+) " \(([^)]*)\)"$', text, re.MULTILINE))
        self.assertEqual(set(rows), views)
        for name, listed in rows.items():
            wanted = [column for column in columns[name] if name != "covered" or column != "id"]
            listed = rows["orders"] if listed == "as orders" else listed
            self.assertEqual(listed.split(", "), wanted, name)


class Completion(sluice.Case):
    def test_commands_come_word_by_word(self):
        self.assertEqual(completed("sluice", ""), ["drop", "order", "snapshot", "status", "watch"])
        self.assertEqual(completed("sluice", "s"), ["snapshot", "status"])
        self.assertEqual(completed("sluice", "drop", ""), ["adjust", "close", "list", "open", "purge", "show"])
        self.assertEqual(completed("sluice", "drop", "sh"), ["show"])
        self.assertEqual(completed("sluice", "--json", "order", "c"), ["cancel"])
        self.assertEqual(completed("/usr/bin/sluice-replay", "e"), ["explain", "export"])

    def test_flags_are_those_of_the_command(self):
        self.assertEqual(completed("sluice", "watch", "--i"), ["--interval"])
        self.assertEqual(completed("sluice", "status", "--i"), [])
        self.assertEqual(completed("replay", "explain", "/x", "--u"), ["--until", "--user"])
        self.assertIn("--io-threads", completed("sluiced", "--"))
        self.assertIn("--window", completed("load", "--w"))
        self.assertEqual(completed("sluice-load", "--w"), completed("load", "--w"))

    def test_values_that_are_known_are_offered_also_behind_an_equals_sign(self):
        self.assertEqual(completed("sluiced", "--durability", ""), ["fsync", "os"])
        self.assertEqual(completed("sluiced", "--durability", "=", "f"), ["fsync"])
        self.assertEqual(completed("sluiced", "--durability", "="), ["fsync", "os"])
        self.assertEqual(completed("sluiced", "--io-threads", ""), [])
        self.assertIn("--listen", completed("sluiced", "--busy-spin", "--li"))

    def test_files_and_directories_stand_where_they_are_taken(self):
        os.mkdir(os.path.join(self.folder, "a folder"))
        with open(os.path.join(self.folder, "a file"), "w", encoding="ascii"):
            pass
        names = {"folder": self.folder}
        self.assertEqual(completed("sluiced", "--data-dir", "a", **names), ["a folder"])
        self.assertEqual(sorted(completed("sluiced", "--config", "a", **names)), ["a file", "a folder"])
        self.assertEqual(completed("replay", "state", "a", **names), ["a folder"])
        self.assertEqual(completed("replay", "state", "x", "a", **names), [])
        self.assertEqual(sorted(completed("replay", "audit", "x", "--ledger", "a", **names)), ["a file", "a folder"])

    def test_numbers_of_drops_come_from_a_server_that_answers(self):
        server = self.start()
        for drop in (1, 20, 21):
            server.open_drop(drop, 5)
        where = (sluice.SLUICE, "--control", server.control)
        self.assertEqual(completed(*where, "drop", "show", ""), ["1", "20", "21"])
        self.assertEqual(completed(*where, "drop", "close", "2"), ["20", "21"])
        self.assertEqual(completed(sluice.SLUICE, "--data-dir", "=", self.data, "drop", "purge", "2"), ["20", "21"])
        self.assertEqual(completed(*where, "drop", "open", ""), [])
        self.assertEqual(completed(*where, "drop", "list", ""), [])
        server.stop()
        self.assertEqual(completed(*where, "drop", "show", ""), [])

    def test_it_is_loaded_under_the_name_of_each_program(self):
        printed = sluice.run("bash", "--norc", "-c", 'source "$1"; complete -p', "bash", COMPLETION, check=0).stdout
        for program in {*PROGRAMS, *INSTALLED.values()}:
            self.assertIn(f"complete -F _sluice_complete {program}\n", printed)


sluice.main()
