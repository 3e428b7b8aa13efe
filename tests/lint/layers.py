#!/usr/bin/python3
"""Who may include whom. Each row may include the folders it names, itself and <sluice/...>; a row names
only rows above it, so the table cannot hold a cycle."""
import re

from files import files_with, finish, lines_of, root_from_arguments

LAYERS = {
    "base": "",
    "sys": "base",
    "disruptor": "base",
    "event": "base",
    "wire": "base event",
    "logic": "base",
    "board": "base",
    "journal": "base sys event wire disruptor board",
    "session": "base sys event wire disruptor",
    "ingress": "base sys event wire session board disruptor",
    "attempts": "base sys event wire journal",
    "snapshot": "base sys event wire journal logic disruptor",
    "apply": "base event logic board disruptor attempts snapshot",
    "reply": "base event wire session disruptor",
    "control": "base event wire session disruptor",
    "restore": "base sys event wire journal logic snapshot",
    "state": "base sys journal logic restore snapshot attempts",
    "client": "base event wire",
    "report": "base logic snapshot",
    "observe": "base board",
}
LAYERS["engine"] = " ".join(LAYERS)

# Benchmarks of one station by itself look at it from the inside.
FROM_THE_INSIDE = ("perf/logic/",)

# The logic is a pure function of state and event; protobuf-c has one user.
KEPT_FROM = {
    "logic": (r"^(pthread|threads|time|stdio|unistd|fcntl|signal|sys/(time|socket|stat|file|random)|ck_|urcu)",
              "the logic knows neither threads nor disk nor clock"),
}
ONLY_IN_WIRE = r"(protobuf-c|\.pb-c\.h)"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def faults_of_source(name, number, kind, target):
    folder = name.split("/")[1]
    place = f"{name}:{number}"
    if kind == '"':
        layer = target.split("/")[0]
        if "/" not in target:
            yield f'{place}: "{target}" names no folder; write "folder/{target}"'
        elif layer != folder and layer not in LAYERS[folder].split():
            yield f"{place}: {folder} may not include {layer} (it may: {LAYERS[folder] or 'nothing'})"
    pattern, reason = KEPT_FROM.get(folder, (None, None))
    if pattern and kind == "<" and re.search(pattern, target):
        yield f"{place}: <{target}> in {folder}: {reason}"
    if re.search(ONLY_IN_WIRE, target) and folder != "wire":
        yield f"{place}: {target}: src/wire is the only user of protobuf-c"


def faults_of_program(name, number, kind, target):
    """tools/ and perf/ stand outside: the public headers and their own files."""
    place = f"{name}:{number}"
    if kind == '"' and target.split("/")[0] in LAYERS and not name.startswith(FROM_THE_INSIDE):
        yield f"{place}: {target}: programs use <sluice/...> only"
    if re.search(ONLY_IN_WIRE, target):
        yield f"{place}: {target}: src/wire is the only user of protobuf-c"


def faults_of_public(name, number, kind, target):
    if kind == '"':
        yield f'{name}:{number}: "{target}": a public header includes <sluice/...> and system headers only'


def main():
    root = root_from_arguments()
    faults = []
    rows = list(LAYERS)
    for row, may in LAYERS.items():
        faults += [f"layers.py: {row} names {other}, which is not above it"
                   for other in may.split() if rows.index(other) >= rows.index(row)]
    names = files_with(root, ".c", ".h", under=("src", "include", "tools", "perf"))
    for name in names:
        top = name.split("/")[0]
        if top == "src" and (name.count("/") != 2 or name.split("/")[1] not in LAYERS):
            faults.append(f"{name}: stands in no folder of the table in tests/lint/layers.py")
            continue
        check = {"src": faults_of_source, "include": faults_of_public}.get(top, faults_of_program)
        for number, line in enumerate(lines_of(root, name), 1):
            found = INCLUDE.match(line)
            if found:
                faults += check(name, number, *found.groups())
    finish(faults, len(names))


main()
