#!/usr/bin/env python3
"""How much of the core the unit tests run: tools/coverage.py [BUILD]

Builds with gcc's counters in BUILD (default build/coverage), runs the unit
tests of the core's rooms, and prints lines and branches taken, file by file.
The core is what acknowledges, stores and proves: ledger, segments, inbox,
catalogue, framing, leaves and trees, and the stand-alone checker. Branches
that gcc adds for our own asserts count as branches.
"""
import collections
import gzip
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORE = re.compile(
    r"^src/(check/(?!main)|ledger/|wire/"
    r"|vault/(inbox|segment|catalogue|frame|row|column|template|keyring"
    r"|verify|prove)|crypt/(leaf|merkle)|intake/frame)[^/]*\.c$")
SUITES = ["check", "crypt", "ledger", "wire", "vault", "intake"]


def run(*words, **more):
    return subprocess.run(words, check=True, cwd=ROOT, **more)


def build(folder):
    if not os.path.exists(folder + "/build.ninja"):
        run("meson", "setup", folder, "-Db_coverage=true",
            "-Dbuildtype=debug", stdout=subprocess.DEVNULL)
    targets = json.loads(run("meson", "introspect", "--tests", folder,
                             capture_output=True, text=True).stdout)
    wanted = [t for t in targets if any(
        s.split(":")[-1] in SUITES for s in t["suite"])]
    names = sorted({os.path.relpath(t["cmd"][0], folder) for t in wanted})
    run("ninja", "--quiet", "-C", folder, *names)
    return wanted


def tests(wanted):
    bad = []
    for t in wanted:
        done = subprocess.run(
            t["cmd"], cwd=ROOT, env=dict(os.environ, **t["env"]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=False)
        if done.returncode != 0:
            bad.append(t["name"])
    return bad


def counted(folder):
    """{file: ({line: hits}, {(line, n): hits})} from every .gcda there is."""
    lines = collections.defaultdict(lambda: collections.Counter())
    branches = collections.defaultdict(lambda: collections.Counter())
    for place, _, names in os.walk(folder + "/src"):
        for name in names:
            if not name.endswith(".gcda"):
                continue
            done = subprocess.run(
                ["gcov", "-b", "--json-format", "--stdout",
                 os.path.join(place, name)], capture_output=True, cwd=folder,
                check=False)
            raw = done.stdout
            if raw[:2] == b"\x1f\x8b":
                raw = gzip.decompress(raw)
            for text in raw.splitlines():
                for f in json.loads(text)["files"]:
                    path = os.path.relpath(os.path.join(folder, f["file"]),
                                           ROOT)
                    if not CORE.match(path):
                        continue
                    for at in f["lines"]:
                        n = at["line_number"]
                        lines[path][n] += at["count"]
                        for i, b in enumerate(at["branches"]):
                            if not b["throw"]:
                                branches[path][n, i] += b["count"]
    return lines, branches


def share(c):
    return sum(v > 0 for v in c.values()), len(c)


def main():
    folder = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                             else ROOT + "/build/coverage")
    bad = tests(build(folder))
    lines, branches = counted(folder)
    all_of = [0, 0, 0, 0]
    print("%-34s %14s %16s" % ("file", "lines", "branches"))
    for path in sorted(lines):
        a, b = share(lines[path])
        c, d = share(branches[path])
        all_of = [x + y for x, y in zip(all_of, (a, b, c, d))]
        print("%-34s %5d/%-5d %3.0f%% %5d/%-5d %3.0f%%" % (
            path, a, b, 100 * a / max(b, 1), c, d, 100 * c / max(d, 1)))
    a, b, c, d = all_of
    print("%-34s %5d/%-5d %3.1f%% %5d/%-5d %3.1f%%" % (
        "the core", a, b, 100 * a / max(b, 1), c, d, 100 * c / max(d, 1)))
    for name in bad:
        print("failed: " + name)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
