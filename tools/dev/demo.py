"""The demo behind tools/demo: sells over a crash, then lets the clients' ledger and the journal testify."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import sluice  # pylint: disable=wrong-import-position

REQUESTS = 2_000_000
PAIRS = 10_000
# One BUY in twenty is for the 10,000 pairs, so that selling them takes long enough to be killed in the middle.
DROPS = [  # id, stock, per user, share of the BUYs, name
    (1, PAIRS, 2, 1, "10,000 pairs"),
    (2, 100_000, 0, 5, "a big drop"),
    (3, 5_000_000, 0, 14, "one that never sells out"),
]
KILL_AT = 45  # percent of the pairs acknowledged; 30 to 70 is what the demo promises
CONNECTIONS, WINDOW, USERS = 50, 100, 200_000

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def say(text, good=None):
    if COLOUR and good is not None:
        text = f"\033[{32 if good else 31}m{text}\033[0m"
    print(text, flush=True)


def fail(text):
    say(f"demo failed: {text}", good=False)
    sys.exit(1)


def start_load(server, ledger, seed):
    command = [sluice.LOAD, "--connect", server.address, "--control", server.control,
               "--connections", CONNECTIONS, "--window", WINDOW, "--requests", REQUESTS, "--users", USERS,
               "--quantity", 1, "--seed", seed, "--ledger", ledger, "--retry-until-up", 60, "--json",
               "--kill-pid", server.pid, "--kill-when", f"1:{PAIRS * KILL_AT // 100}"]
    for drop, _, _, share, _ in DROPS:
        command += ["--drop", f"{drop}:{share}"]
    # pylint: disable=consider-using-with
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            text=True)


def read_ledger(path):
    """What the clients heard. Answers how many times yes; purchases (drop, user, key) with the orders they
    were told beyond the first; and distinct orders by drop."""
    first, doubled, lines = {}, 0, 0
    orders = {drop: 0 for drop, *_ in DROPS}
    with open(path, encoding="utf-8") as file:
        for line in file:
            order, drop, user, _, key, _, _ = line.rstrip("\n").split("\t")
            lines += 1
            known = first.setdefault(f"{drop} {key} {user}", order)
            doubled += known != order
            if known is order:  # the line that named it first
                orders[int(drop)] += 1
    return lines, doubled, orders


def judge(data, ledger):
    """(oversold units, lost wins, bought twice, did the audit pass) by the clients' ledger and replay."""
    lines, doubled, heard = read_ledger(ledger)
    drops = {drop["drop_id"]: drop for drop in sluice.replay_state(data)["drops"]}
    done = sluice.run(sluice.REPLAY, "audit", data, "--ledger", ledger, "--json")
    if done.returncode not in (0, 1):
        fail(f"replay audit: exit {done.returncode}: {done.stderr}")
    audit = json.loads(done.stdout)
    failures = {check["name"]: check["failures"] for check in audit["checks"]}
    for check in audit["checks"]:
        say(f"  {'PASS' if check['pass'] else 'FAIL'}  {check['name'].replace('_', ' '):34} "
            f"{check['looked_at'] if check['pass'] else check['finding']}", None if check["pass"] else False)
    say(f"the clients heard yes {lines:,} times for {sum(heard.values()):,} orders; the journal replays to "
        f"{sum(drop['orders'] for drop in drops.values()):,}")
    # Every BUY was answered in the end, so each order was heard of: one that nobody heard of was bought by
    # a BUY that was told another order, which is the same purchase twice.
    lost = failures["ledger_stands"] + sum(max(0, heard[d] - drops[d]["orders"]) for d in heard)
    twice = (doubled + failures["no_order_key_bought_twice"] + failures["ledger_not_doubled"] +
             sum(max(0, drops[d]["orders"] - heard[d]) for d in heard))
    oversold = failures["no_drop_oversold"] + sum(max(0, drops[d]["sold"] - drops[d]["stock"]) for d in heard)
    if drops[1]["sold"] != PAIRS:
        fail(f"only {drops[1]['sold']:,} of the {PAIRS:,} pairs were sold")
    return oversold, lost, twice, done.returncode == 0 and audit["result"] == "PASS"


def sell_over_a_crash(folder, seed):
    data, ledger = os.path.join(folder, "data"), os.path.join(folder, "ledger.tsv")
    os.mkdir(data)
    server = sluice.Server(data).start()
    try:
        for drop, stock, per_user, _, name in DROPS:
            server.sluice("drop", "open", drop, "--stock", stock, "--per-user", per_user, "--name", name)
            say(f"drop {drop}: {stock:,} units, {name}")
        status = server.status()
        say(f"sluiced serves on {server.address}, a yes stands on {status['durability']} "
            f"({status['journal_method']}); {CONNECTIONS} connections buy {REQUESTS:,} times")
        load = start_load(server, ledger, seed)
        if server.wait(120) != -signal.SIGKILL:
            load.kill()
            fail(f"the server ended by itself:\n{server.log()}")
        say("kill -9 in the middle of it; starting again ...")
        server.command[server.command.index("--listen") + 1] = server.address
        began = time.monotonic()
        server.start()
        say(f"serving again behind {time.monotonic() - began:.2f} s; the clients retry with the same keys")
        output, _ = load.communicate(timeout=300)
        if load.returncode != 0:
            fail(f"load ended with exit {load.returncode}: {output[-2000:]}")
        if server.stop() != 0:
            fail(f"the server did not stop cleanly:\n{server.log()}")
    finally:
        server.kill()
    return data, ledger, json.loads(output)


def main():
    arguments = argparse.ArgumentParser(prog="tools/demo")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", action="store_true")
    options = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="sluice-demo-")
    done = False
    try:
        data, ledger, report = sell_over_a_crash(folder, options.seed)
        oversold, lost, twice, audited = judge(data, ledger)
        won, unanswered = report["kill_accepted"] or 0, report["kill_in_flight"] or 0
        say(f"killed with {won:,} of the {PAIRS:,} pairs acknowledged ({100 * won / PAIRS:.0f}%) and "
            f"{unanswered:,} BUYs unanswered")
        outcomes = ", ".join(f"{report[name.lower()]:,} {name.lower().replace('_', ' ')}"
                             for name in sluice.raw.STATUS if report.get(name.lower()))
        say(f"{report['answered']:,} BUYs answered in {report['seconds']:.1f} s, crash and restart included: "
            f"{outcomes}")
        say(f"{report['retried']:,} were asked again with the same key; {report['replayed']:,} of those had been "
            f"bought before the crash, unheard")
        in_the_middle = 0.3 * PAIRS <= won <= 0.7 * PAIRS and unanswered > 0
        if not in_the_middle:
            say("the kill did not hit the middle of the sale: nothing was shown", good=False)
        good = not (oversold or lost or twice) and audited
        say(f"oversold {oversold} · lost wins {lost} · bought twice {twice} · audit {'PASS' if audited else 'FAIL'}",
            good)
        done = good and in_the_middle
    finally:
        if done and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"data directory and ledger are kept in {folder}", file=sys.stderr)
    sys.exit(0 if done else 1)


main()
