#!/usr/bin/python3
"""Manual pages, completion and the sample configuration, made from what the programs say of themselves: --help
is printed from each program's table of options, so that nothing here has to be written twice.

    from_help.py page TEMPLATE VERSION NAME=PROGRAM...         @OPTIONS NAME@, @KEYS NAME@ and
                                                               @HELP NAME COMMAND@ are replaced
    from_help.py completion TEMPLATE VERSION NAME=PROGRAM...   @TABLE@ is replaced
    from_help.py sample TEMPLATE VERSION NAME=PROGRAM          @SETTINGS@ is replaced
"""
import re
import subprocess
import sys

FLAG = re.compile(r"(--[a-z][a-z0-9-]*)(?:[ =](?!-)([^\s,\]]+))?")
NOT_IN_A_FILE = ("--config", "--help", "--check-config", "--print-config")
ENTRY = re.compile(r"^  (\S(?:\S| (?! ))*)(?:\s{2,}(\S.*))?$")


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True,
                          timeout=60).stdout


# ---- reading a help ----

def entries(text):
    """(head, sentence) of each entry that begins with a flag; a sentence goes on in deeper lines."""
    found = []
    for line in text.splitlines():
        entry = ENTRY.match(line)
        if entry and entry.group(1).startswith("--"):
            found.append([entry.group(1), entry.group(2) or ""])
        elif found and line.startswith("        ") and found[-1] is not None:
            found[-1][1] = (found[-1][1] + " " + line.strip()).strip()
        else:
            found.append(None)
    return [(head, sentence) for head, sentence in filter(None, found)]


def usage(text):
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith("usage:")), None)
    if begin is None:
        return ""
    end = next((i for i in range(begin, len(lines)) if not lines[i].strip()), len(lines))
    return " ".join(lines[begin:end])


def flags(text):
    """Each flag of a help with its place holder, "" for none."""
    found = {}
    for head, _ in entries(text):
        found.update({flag: argument for flag, argument in FLAG.findall(head)})
    for flag, argument in FLAG.findall(usage(text)):
        found.setdefault(flag, argument.split("|--")[0])
    found.setdefault("--help", "")
    return found


def commands(text):
    """Of its section with commands, where it has one: of "  drop open ID --stock N" the words, of "  verify   every checksum" the word."""
    found = []
    section = text.partition("\nCommands:\n")[2].partition("\n\n")[0] or text
    for line in section.splitlines():
        entry = re.match(r"^  ([a-z]+(?: [a-z]+)?)(?=\s{2,}| ID| \[|$)", line)
        if entry:
            found.append(entry.group(1))
    return found


# ---- writing a page ----

def roff(text, literal=False):
    text = text.replace("\\", "\\e").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    text = text.replace("~", "\\(ti")
    text = text.replace("-", "\\-") if literal else text.replace("--", "\\-\\-")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def tagged(head, sentence):
    return [".TP", f".B {roff(head, True)}", roff(sentence)] if sentence else [".TP", f".B {roff(head, True)}"]


def body(text):
    """A help as a page has it: paragraphs, tagged paragraphs, and what is indented as it stands."""
    out, lines = [], text.splitlines()
    state = None
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        entry = ENTRY.match(line)
        deeper = line.startswith("      ")
        kind = ("blank" if not line.strip() else
                "tag" if entry and (entry.group(2) or re.match(r"^ {6,}\S", after)) else
                "more" if deeper and state == "tag" else
                "example" if line.startswith("  ") else "text")
        if state == "example" and kind != "example":
            out.append(".EE")
        if kind == "tag":
            out += tagged(entry.group(1), entry.group(2) or "")
        elif kind == "more":
            out.append(roff(line.strip()))
        elif kind == "example":
            out += ([] if state == "example" else [".PP", ".EX"]) + [roff(line, True)]
        elif kind == "text":
            out += ([] if state == "text" else [".PP"]) + [roff(line)]
        state = "tag" if kind == "more" else kind
    return out + ([".EE"] if state == "example" else [])


def page(template, version, programs):
    def expand(line):
        found = re.fullmatch(r"@(OPTIONS|KEYS|HELP) ([a-z-]+)((?: [a-z]+)*)@", line)
        if not found:
            return [line.replace("@VERSION@", version)]
        text = help_of(programs[found.group(2)], *found.group(3).split())
        if found.group(1) == "HELP":
            return body(text)
        found_entries = entries(text)
        if found.group(1) == "KEYS":
            found_entries = [(head[2:].replace(" ", " = ", 1), sentence) for head, sentence in found_entries
                             if not head.startswith(NOT_IN_A_FILE)]
        return [row for head, sentence in found_entries for row in tagged(head, sentence)]
    return "\n".join(row for line in template.splitlines() for row in expand(line)) + "\n"


# ---- writing the completion ----

def kind_of(argument):
    """What stands behind a flag, for the function in the template: file, dir, drop, words or any."""
    if argument == "":
        return "switch"
    if argument.split("|")[0] in ("FILE", "PATH"):
        return "file"
    if argument in ("DIR", "NEW"):
        return "dir"
    words = [word for word in argument.split("|") if re.fullmatch(r"[a-z-]+", word)]
    return ",".join(["words", *words]) if words else "any"


def row(name, found):
    return f"    ['{name}']='" + " ".join(f"{flag}={kind_of(argument)}" for flag, argument in sorted(found.items())) + "'"


def completion(template, _version, programs):
    table, words = [], []
    for name, program in programs.items():
        text = help_of(program)
        table.append(row(name, {**flags(text), "--version": ""}))
        verbs = commands(text) if name in ("sluice", "replay") else []
        words.append(f"    ['{name}']='" + ",".join(verbs) + "'")
        table += [row(f"{name} {verb}", flags(help_of(program, *verb.split()))) for verb in verbs]
    return template.replace("@TABLE@", "\n".join(table)).replace("@COMMANDS@", "\n".join(words))


# ---- writing the sample configuration ----

def sample(template, _version, programs):
    out = []
    for head, sentence in entries(help_of(*programs.values())):
        flag, argument = FLAG.findall(head)[0]
        default = re.search(r" \[([^\]]*)\]$", sentence)
        if head.startswith(NOT_IN_A_FILE):
            continue
        value = default.group(1) if default else argument
        comment = sentence[:default.start()] if default else sentence
        out += [f"# {comment}", f"# {argument}" if argument and argument != value else None,
                f"#{flag[2:]} = {value}", ""]
    return template.replace("@SETTINGS@", "\n".join(line for line in out if line is not None).rstrip())


def main():
    what, template, version, *named = sys.argv[1:]
    programs = dict(word.split("=", 1) for word in named)
    with open(template, encoding="utf-8") as file:
        text = file.read()
    sys.stdout.write({"page": page, "completion": completion, "sample": sample}[what](text, version, programs))


if __name__ == "__main__":
    main()
