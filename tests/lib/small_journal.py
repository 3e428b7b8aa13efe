"""Data directories of which every event is known: written by tests/e2e/replay_maker."""
import os
import subprocess

import sluice

MAKER = os.path.join(sluice.BUILD, "tests", "e2e", "replay_maker")


def in_hex(text):
    return text.encode().hex() or "-"


def make(folder, commands, segment_bytes=256 * 4096):
    lines = "".join(line.strip() + "\n" for line in commands.splitlines() if line.strip())
    subprocess.run([MAKER, folder, str(segment_bytes)], input=lines.encode(), check=True)


# Five of them, two a user: ann wins, retries and wants more; bob wins and is cancelled; cid loses; dan wins.
SALE = f"""
time 1700000000000001
open 1 5 2 0 0 11 {in_hex("Golden ticket")}
commit
time 1700000000000002
buy 1 {in_hex("ann")} 2 171
buy 1 {in_hex("ann")} 2 171
buy 1 {in_hex("ann")} 1 172
commit
time 1700000000000003
buy 1 {in_hex("bob")} 2 173
buy 1 {in_hex("cid")} 2 174
buy 1 {in_hex("dan")} 1 175
commit
time 1700000000000004
buy 1 {in_hex("cid")} 1 176
commit
time 1700000000000005
cancel 5 12
commit
time 1700000000000006
adjust 1 1 13
close 1 14
commit
"""
# The same behind two snapshots that cover it, and what the server then removes.
SALE_CUT = SALE + """
snapshot
open 2 1000 0 0 0 0 -
commit
many 900 2 50
commit
snapshot
many 10 2 50
commit
retain
seal
"""
