#!/usr/bin/env python3
"""The tools that judge the tree, judged: floors.py finds a planted breach,
tally.py never counts a crash as fewer tests. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

SRC = os.environ.get("SRC") or os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
sys.path.insert(0, os.path.join(SRC, "tests"))
from harness import Tap  # noqa: E402

TABLE = """\
0 base
1 crypt base
2 vault base crypt
6 proc *
door openssl/ crypt
"""


def tree(folder, files):
    """A small tree with the rooms of TABLE and the given files."""
    for room in ("base", "crypt", "vault", "proc"):
        os.makedirs("%s/src/%s" % (folder, room), exist_ok=True)
    files = dict({"src/FLOORS": TABLE}, **files)
    for path, text in files.items():
        with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
            f.write(text)


def floors(files):
    """What floors.py prints of such a tree, and its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        tree(folder, files)
        done = subprocess.run([SRC + "/tools/floors.py", folder],
                              capture_output=True, text=True, check=False)
        return done.stdout, done.returncode


def breach(tap, title, files, words):
    out, code = floors(files)
    tap.ok(code == 1 and words in out, title, out)


def floors_tests(tap):
    out, code = floors({"src/vault/a.c": '#include "base/x.h"\n'
                        '#include <stdio.h>\n/* strcpy(a, b) */\n'
                        'char *s = "system(1) /* not a comment";\n'})
    tap.ok(code == 0, "floors: a tree that keeps the rules passes", out)
    breach(tap, "floors: a room reaching upwards is found",
           {"src/crypt/a.c": '\n#include "vault/x.h"\n'},
           "a.c:2: crypt may not include vault/x.h")
    breach(tap, "floors: a foreign header outside its door is found",
           {"src/vault/a.h": "#include <openssl/evp.h>\n"},
           "<openssl/evp.h> belongs to crypt")
    breach(tap, "floors: proc goes through the doors too",
           {"src/proc/a.c": "#include <openssl/evp.h>\n"},
           "<openssl/evp.h> belongs to crypt")
    breach(tap, "floors: an unbounded copy is found",
           {"src/vault/a.c": 'char *s = "/*"; void f(void) { strcpy (a, b); '
            '}\n'}, "a.c:1: strcpy is not used here")
    breach(tap, "floors: an include without its room is found",
           {"src/vault/a.c": '#include "x.h"\n'}, "does not name its room")
    breach(tap, "floors: two rooms that may include each other are found",
           {"src/FLOORS": TABLE.replace("1 crypt base", "1 crypt vault")},
           "crypt and vault include each other")
    breach(tap, "floors: a table that lets a room reach upwards is found",
           {"src/FLOORS": TABLE.replace("0 base", "0 base crypt")},
           "base (floor 0) may not reach up to crypt (floor 1)")


def tally(commands):
    """Run each command as a part; the last line and the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, TALLY=folder + "/logs")
        for n, command in enumerate(commands):
            subprocess.run([SRC + "/tools/tally.py", "run", "part%d" % n,
                            "--limit", "2", "--", "sh", "-c", command],
                           env=env, stdout=subprocess.DEVNULL, check=False)
        done = subprocess.run([SRC + "/tools/tally.py", "sum"], env=env,
                              capture_output=True, text=True, check=False)
        return done.stdout, done.returncode


def last_line(tap, title, commands, line, status):
    out, code = tally(commands)
    tap.ok(code == status and out.splitlines()[-1:] == [line], title, out)


def tally_tests(tap):
    good = "printf '1..2\\nok 1 - a\\nok 2 - b\\n'"
    last_line(tap, "tally: tests of all parts are added up", [good, good],
              "4 passed, 0 failed", 0)
    last_line(tap, "tally: a failed test fails the run",
              ["printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n# why\\n'; exit 1"],
              "1 passed, 1 failed", 1)
    last_line(tap, "tally: a skipped test is counted apart",
              ["printf '1..2\\nok 1 - a\\nok 2 - b # SKIP no disk\\n'"],
              "1 passed, 0 failed, 1 skipped", 0)
    last_line(tap, "tally: a program that dies is a failure",
              [good, "printf '1..3\\nok 1 - a\\n'; kill -SEGV $$"],
              "3 passed, 1 failed", 1)
    last_line(tap, "tally: fewer tests than planned are a failure",
              ["printf '1..3\\nok 1 - a\\n'"], "1 passed, 1 failed", 1)
    last_line(tap, "tally: more tests than planned are a failure",
              ["printf '1..1\\nok 1 - a\\nok 2 - b\\n'"],
              "2 passed, 1 failed", 1)
    last_line(tap, "tally: silence is a failure", ["true"],
              "0 passed, 1 failed", 1)
    last_line(tap, "tally: a bad exit status is a failure",
              [good + "; exit 3"], "2 passed, 1 failed", 1)
    last_line(tap, "tally: a program past its time limit is a failure",
              [good + "; sleep 60"], "2 passed, 1 failed", 1)
    last_line(tap, "tally: giving up is a failure",
              ["printf '1..1\\nok 1 - a\\nBail out! disk\\n'"],
              "1 passed, 1 failed", 1)
    last_line(tap, "tally: no test at all is a failure", [],
              "0 passed, 1 failed", 1)


def meson_log(programs):
    """What tally says of a testlog.json with these programs."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/meson-logs")
        with open(folder + "/meson-logs/testlog.json", "w",
                  encoding="utf-8") as f:
            for program in programs:
                f.write(json.dumps(program) + "\n")
        env = dict(os.environ, TALLY=folder + "/logs")
        subprocess.run([SRC + "/tools/tally.py", "meson", "unit", folder],
                       env=env, stdout=subprocess.DEVNULL, check=False)
        done = subprocess.run([SRC + "/tools/tally.py", "sum"], env=env,
                              capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[-1]


def meson_tests(tap):
    good = {"name": "base text", "stdout": "1..1\nok 1 - a\n", "result": "OK",
            "returncode": 0, "duration": 0.1}
    dead = dict(good, result="FAIL", returncode=-11, stdout="1..4\nok 1 - a\n")
    late = dict(good, result="TIMEOUT", returncode=-9)
    tap.equal(meson_log([good]), "1 passed, 0 failed",
              "tally: meson's log is read")
    tap.equal(meson_log([good, dead]), "2 passed, 1 failed",
              "tally: a crash under meson is a failure")
    tap.equal(meson_log([late]), "1 passed, 1 failed",
              "tally: a time-out under meson is a failure")
    tap.equal(meson_log([]), "0 passed, 1 failed",
              "tally: meson running nothing is a failure")


def main():
    tap = Tap()
    floors_tests(tap)
    tally_tests(tap)
    meson_tests(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
