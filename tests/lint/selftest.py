#!/usr/bin/python3
"""Each lint is seen to fail: a fault is planted into a copy of the tree, and the lint has to name it. The
copy without a fault has to pass, so that the lint fails for the fault and for nothing else.
Arguments: ROOT BUILD."""
import os
import shutil
import subprocess
import sys
import tempfile

from files import all_files, root_from_arguments

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = "/* A header. */\n#ifndef SLC_{0}_PLANTED_H\n#define SLC_{0}_PLANTED_H\n{1}\n#endif\n"

# lint, file to write, its text, what the lint has to say
PLANTED = [
    ("layers", "src/base/planted.c", '#include "logic/logic.h"\n', "base may not include logic"),
    ("layers", "src/logic/planted.c", '#include "journal/writer.h"\n', "logic may not include journal"),
    ("layers", "src/logic/planted.c", "#include <pthread.h>\n", "neither threads nor disk nor clock"),
    ("layers", "src/logic/planted.c", "  #  include <time.h>\n", "neither threads nor disk nor clock"),
    ("layers", "src/reply/planted.c", '#include "ingress/ingress.h"\n', "reply may not include ingress"),
    ("layers", "src/apply/planted.c", '#include "sluice.pb-c.h"\n', "only user of protobuf-c"),
    ("layers", "src/newroom/planted.c", "int planted;\n", "stands in no folder of the table"),
    ("layers", "tools/sluice/planted.c", '#include "base/log.h"\n', "programs use <sluice/...> only"),
    ("layers", "include/sluice/planted.h", '#include "base/log.h"\n', "a public header includes"),
    ("headers", "src/base/planted.h", HEADER.format("BASE", "uint64_t planted(void);"), "does not compile alone"),
    ("headers", "src/base/planted.h", "#ifndef SLC_BASE_PLANTED_H\n#define SLC_BASE_PLANTED_H\n#endif\n",
     "a header opens with"),
    ("headers", "src/base/planted.h", HEADER.format("OTHER", ""), "the include guard is not"),
    ("headers", "include/sluice/planted.h",
     HEADER.format("X", "int planted(int class);").replace("SLC_X", "SLUICE"), "does not compile alone with g++"),
    ("format", "src/base/planted.c", "int  planted ;\n", "clang-format -i src/base/planted.c"),
    ("tree", "notes.txt", "x\n", "notes.txt: at the top level"),
    ("tree", "src/base/planted.h", "/* TO" "DO: later */\n", "left open"),
    ("tree", "tools/planted", "cd /wo" "rk/main\n", "a path of one machine"),
    ("tree", "src/base/planted.h", "/* x */\n" * 501, "501 lines, at most 500"),
    ("tree", "src/base/planted.c", "int planted;\n", "no meson.build above it names it"),
    ("scripts", "tools/planted", "#!/bin/sh\nif true; then\n", "tools/planted: "),
    ("scripts", "tools/planted", "#!/usr/bin/env bash\n[[ a == b ]] && (\n", "tools/planted: "),
    ("scripts", "tools/planted.py", "def planted(:\n", "tools/planted.py:1"),
    ("scripts", "tools/planted", "#!/bin/sh\n:\n", "is not executable"),
    ("scripts", "tools/planted", "#!/usr/bin/env python3\n", "belong to /usr/bin/python3"),
]


def run(lint, root, build):
    done = subprocess.run([os.path.join(HERE, lint + ".py"), root, build], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def run_planted(lint, root, build, name, text):
    path = os.path.join(root, name)
    new_folder = not os.path.isdir(os.path.dirname(path))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    result = run(lint, root, build)
    os.unlink(path)
    if new_folder:
        os.rmdir(os.path.dirname(path))
    return result


def main():
    source = root_from_arguments()
    build = os.path.abspath(sys.argv[2])
    faults = []
    with tempfile.TemporaryDirectory(prefix="slc-lint-") as root:
        for name in all_files(source):
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            shutil.copy(os.path.join(source, name), os.path.join(root, name))
        for lint in sorted({row[0] for row in PLANTED}):
            code, text = run(lint, root, build)
            if code != 0:
                faults.append(f"{lint} fails without a planted fault:\n{text}")
        for lint, name, text, expected in PLANTED:
            code, said = run_planted(lint, root, build, name, text)
            if code != 1 or expected not in said:
                faults.append(f"{lint} did not say '{expected}' of {name} = {text[:60]!r}: exit {code}\n{said}")
    for fault in faults:
        print(fault)
    print(f"{len(PLANTED)} faults planted, {len(faults)} not found")
    sys.exit(1 if faults else 0)


main()
