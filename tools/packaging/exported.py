#!/usr/bin/python3
"""A linker script for libsluice: OUTPUT HEADER... - each function that a public header declares is taken in
(EXTERN), and nothing else is seen from outside (VERSION)."""
import re
import sys

output, headers = sys.argv[1], sys.argv[2:]
names = set()
for header in headers:
    with open(header, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not re.match(r"\s*(typedef|#|static)", line))
    names |= set(re.findall(r"\b(slc_[a-z0-9_]+)\(", text))
listed = sorted(names)
with open(output, "w", encoding="ascii") as file:
    file.write("EXTERN(" + "\n".join(listed) + ")\n")
    file.write("VERSION { SLUICE_0 { global:\n" + ";\n".join(listed) + ";\nlocal: *; }; }\n")
