#!/usr/bin/python3
"""Makes a C source of the dashboard: embed.py dashboard.html page.c

The page's own scripts are named by their hashes in its Content-Security-Policy, so that nothing else runs in
it, whatever a drop is called."""
import base64
import hashlib
import re
import sys


def policy(page):
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode("ascii")
              for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)]
    if page.count(b"<script") != len(hashes):
        sys.exit("embed.py: a <script> with attributes; scripts stand in the page, as <script> ... </script>")
    scripts = " ".join(f"'sha256-{value}'" for value in hashes) or "'none'"
    return (f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def main():
    source, target = sys.argv[1:]
    with open(source, "rb") as file:
        page = file.read()
    rows = [", ".join(str(byte) for byte in page[at:at + 24]) for at in range(0, len(page), 24)]
    with open(target, "w", encoding="ascii") as out:
        out.write('#include "observe/page.h"\n\nconst unsigned char slc_page[] = {\n    ')
        out.write(",\n    ".join(rows))
        out.write("};\n\nconst size_t slc_page_bytes = sizeof slc_page;\n")
        out.write(f'const char slc_page_policy[] = "{policy(page)}";\n')


if __name__ == "__main__":
    main()
