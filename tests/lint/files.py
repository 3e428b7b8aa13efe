"""What the lints look at: the files of the repository, by git where there is one, else by walking."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def root_from_arguments():
    """The tree to look at: the first argument, or the one this file stands in."""
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ROOT


def all_files(root):
    """Paths relative to root, sorted; what git ignores is left out."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0 and os.path.exists(os.path.join(root, ".git")):
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in (".git", "__pycache__") and not f.startswith("build")]
            names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))


def files_with(root, *endings, under=()):
    return [name for name in all_files(root)
            if name.endswith(endings) and (not under or name.split("/")[0] in under)]


def lines_of(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def finish(faults, looked_at):
    """Prints the faults, each one a line "place: what, and what to do", and ends the program."""
    for fault in faults:
        print(fault)
    print(f"{looked_at} looked at, {len(faults)} faults")
    if not looked_at:
        print("nothing was looked at, so nothing was checked")
    sys.exit(1 if faults or not looked_at else 0)
