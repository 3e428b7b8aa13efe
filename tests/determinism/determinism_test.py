#!/usr/bin/python3
"""One journal gives one state, whatever built the program: seeded journals are replayed by gcc's and clang's
builds, with and without optimisation, and under ASan and UBSan; every digest is the one that the logic of
this build said when it wrote them. Every second journal has snapshots: newest snapshot plus tail, and all
of the journal without them, are the same digest.

determinism_test.py JOURNALS_PROGRAM SOURCE BUILD; SLC_JOURNALS: how many (60); SLC_SEED. The other builds
are kept under BUILD/determinism, so that only what changed is built again."""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BUILDS = {
    "gcc-O0": ("gcc", ["-Doptimization=0"]),
    "gcc-O3": ("gcc", ["-Doptimization=3"]),
    "clang-O0": ("clang", ["-Doptimization=0"]),
    "clang-O3": ("clang", ["-Doptimization=3"]),
    "clang-asan": ("clang", ["-Doptimization=1", "-Db_sanitize=address,undefined", "-Db_lundef=false",
                             "-Dc_args=-fno-sanitize-recover=all"]),
}


def build(name, source, under):
    """The replay of one compiler and its flags."""
    compiler, options = BUILDS[name]
    folder = under / name
    cache = "ccache " if shutil.which("ccache") else ""
    if not (folder / "build.ninja").exists():
        run(["meson", "setup", folder, source, "-Dbuildtype=plain", "-Dwerror=false", *options], CC=cache + compiler)
    run(["ninja", "-C", folder, "tools/replay"])
    return folder / "tools" / "replay"


def run(command, **environment):
    done = subprocess.run([str(word) for word in command], env={**os.environ, **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(str(word) for word in command)}: exit {done.returncode}\n"
                 f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def state_of(replay, directory):
    state = json.loads(run([replay, "state", directory, "--json"], ASAN_OPTIONS="abort_on_error=1"))
    return state["sequence"], state["digest"]


def without_snapshots(directory):
    """The same journal with nothing but its segments."""
    copy = directory.with_name(directory.name + "-journal-alone")
    copy.mkdir()
    snapshots = 0
    for file in directory.iterdir():
        if file.suffix == ".snap":
            snapshots += 1
        else:
            shutil.copy(file, copy)
    return copy, snapshots


def main():
    program, source, build_root = map(pathlib.Path, sys.argv[1:])
    count, seed = int(os.environ.get("SLC_JOURNALS", "60")), os.environ.get("SLC_SEED", "1")
    under = build_root / "determinism"
    replays = {name: build(name, source, under) for name in BUILDS}
    with tempfile.TemporaryDirectory(prefix="sluice-determinism-") as room:
        room = pathlib.Path(room)
        wanted, with_snapshots = {}, 0
        for line in run([program, room, count, seed]).splitlines():
            name, sequence, digest = line.split()
            wanted[room / name] = (int(sequence), digest)
        for directory in list(wanted):
            copy, snapshots = without_snapshots(directory)
            with_snapshots += snapshots > 0
            if snapshots:
                wanted[copy] = wanted[directory]
        jobs = [(name, directory) for name in replays for directory in wanted]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda job: state_of(replays[job[0]], job[1]), jobs))
        wrong = [(job, state) for job, state in zip(jobs, found) if state != wanted[job[1]]]
        for (name, directory), state in wrong[:10]:
            print(f"FAILED: {name} says {state} to journal {directory.name}, not {wanted[directory]}; repeat with: "
                  f"SLC_SEED={seed} SLC_JOURNALS={count}", file=sys.stderr)
    print(f"determinism: {count} journals, {with_snapshots} of them with snapshots, {len(replays)} builds, {len(jobs)} "
          f"replays tried, {len(wrong)} failed, seed {seed}")
    sys.exit(1 if wrong or not jobs or with_snapshots < count // 3 else 0)


main()
