#!/usr/bin/env python3
"""How fast something is found: beimen beside ripgrep on the raw text.

    bench/search.py [--lines N] [--rounds R] [--seed S]

The same lines are in a sealed vault and in a text file in memory's cache. For
each question both count, turn about; then the answers themselves, byte for
byte, are compared. Results go to build/bench/search.json.
"""
import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time

from common import corpus, keep, spread
from harness import Scratch, Server, until
from ingest import send

# name, query of beimen, arguments of rg
QUESTIONS = [
    ("罕見字 a rare word", "qx0077777zj", ["-w", "qx0077777zj"]),
    ("不存在的字 an absent word", "zz9plural", ["-w", "zz9plural"]),
    ("常見帳號 a frequent account", "u00007", ["-w", "u00007"]),
    ("少見帳號 a rare account", "u19873", ["-w", "u19873"]),
    ("片語 a phrase", '"invalid user"', ["-F", "invalid user"]),
    ("中文 Chinese", "戶籍謄本核發", ["-F", "戶籍謄本核發"]),
    ("兩個字 two words", "u00007 Failed", None),
    ("正規表示式 a pattern", "/SPT=6553[0-5] DPT=3389/",
     ["SPT=6553[0-5] DPT=3389"]),
]


def rg_command(arguments, path, count):
    """rg, without case for words as beimen has it."""
    if arguments is None:
        both = ("rg -i -w u00007 '%s' | rg -i -w Failed" % path) + \
            (" -c" if count else "")
        return ["sh", "-c", both]
    case = [] if "SPT" in arguments[0] else ["-i"]
    return ["rg", "--no-config"] + case + (["-c"] if count else []) + \
        arguments + [path]


def timed(command):
    before = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    return time.monotonic() - before, done.stdout


def digest(lines):
    """Order does not matter: rg has the file's, beimen the streams'."""
    whole = hashlib.sha256()
    for line in sorted(line for line in lines.split(b"\n") if line):
        whole.update(line + b"\n")
    return whole.hexdigest()


def ask(server, path, question, rounds):
    name, query, arguments = question
    beimen = [server.program, "log", "search", query, "--count", "--data",
              server.data]
    rg = rg_command(arguments, path, True)
    took = {"beimen": [], "rg": []}
    for n in range(rounds + 1):
        turns = [("beimen", beimen), ("rg", rg)]
        for who, command in turns if n % 2 == 0 else reversed(turns):
            seconds, _ = timed(command)
            if n > 0:  # the first turn only warms
                took[who].append(seconds * 1000)
    _, ours = timed([server.program, "log", "export", query, "--data",
                     server.data])
    _, theirs = timed(rg_command(arguments, path, False))
    answer = {"name": name, "query": query,
              "hits": theirs.count(b"\n"),
              "same": digest(ours) == digest(theirs),
              "beimen_ms": spread(took["beimen"]),
              "rg_ms": spread(took["rg"])}
    answer["ratio"] = statistics.median(took["rg"]) / \
        statistics.median(took["beimen"])
    print("%-28s %8d hits  beimen %8.1f ms  rg %8.1f ms  %s" % (
        name, answer["hits"], answer["beimen_ms"]["median"],
        answer["rg_ms"]["median"], "same answer" if answer["same"] else
        "DIFFERENT: %d lines" % ours.count(b"\n")), flush=True)
    return answer


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--lines", type=int, default=500000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    path = corpus(given.lines, given.seed)
    with Scratch() as folder, Server(folder + "/data") as server:
        first = server.stored()
        threads = send(path, server.syslog)
        if not until(lambda: (server.stored() or 0) - first >= given.lines,
                     600):
            sys.exit("not every line was stored")
        for t in threads:
            t.join()
        server.cli("log", "seal", seconds=600)
        answers = [ask(server, path, q, given.rounds) for q in QUESTIONS]
    keep("search", {"lines": given.lines, "seed": given.seed,
                    "bytes": os.path.getsize(path), "questions": answers})
    return 0 if all(a["same"] for a in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
