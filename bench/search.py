#!/usr/bin/env python3
"""How fast something is found: beimen beside ripgrep on the raw text.

    bench/search.py [--lines N] [--rounds R] [--seed S]

The same lines are in a sealed vault, in a text file in memory's cache and in
an archive of zstd -3. For each question all three count, turn about; then the
answers themselves, byte for byte, are compared with rg on the text. Results go to build/bench/search.json.
"""
import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time

from common import corpus, keep, spread
from harness import Scratch, Server
from store import fill

# name, query of beimen, arguments of rg
QUESTIONS = [
    ("罕見字 a rare word", "qx0077777zj", ["-w", "-i", "qx0077777zj"]),
    ("不存在的字 an absent word", "zz9plural", ["-w", "-i", "zz9plural"]),
    ("不常見的字 a middling word", "mk5q7", ["-w", "-i", "mk5q7"]),
    ("常見帳號 a frequent account", "u00007", ["-w", "-i", "u00007"]),
    ("少見帳號 a rare account", "u19873", ["-w", "-i", "u19873"]),
    ("片語 a phrase", '"invalid user"', ["-i", "-F", "invalid user"]),
    ("中文 Chinese", "戶籍謄本核發", ["-F", "戶籍謄本核發"]),
    ("兩個字 two words", "u00007 Failed", None),
    ("正規表示式 a pattern", "/SPT=6553[0-5] DPT=3389/",
     ["SPT=6553[0-5] DPT=3389"]),
    ("無字可循的樣式 a pattern without a word", "/[0-9]{3}zj$/",
     ["[0-9]{3}zj$"]),
]


def rg_command(arguments, path, count):
    """rg over the text; of two words the one after the other."""
    if arguments is None:
        both = ("rg -i -w u00007 '%s' | rg -i -w Failed" % path) + \
            (" -c" if count else "")
        return ["sh", "-c", both]
    return ["rg", "--no-config"] + (["-c"] if count else []) + \
        arguments + [path]


def zstd_command(arguments, path):
    """The same over the archive that zstd -3 makes of the text."""
    if arguments is None:
        return ["sh", "-c", "zstd -dc '%s.zst' | rg -i -w u00007 | "
                "rg -c -i -w Failed" % path]
    return ["sh", "-c", "zstd -dc '%s.zst' | rg --no-config -c %s" % (
        path, " ".join("'%s'" % a for a in arguments))]


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
    commands = {
        "beimen": [server.program, "log", "search", query, "--count",
                   "--data", server.data],
        "rg": rg_command(arguments, path, True),
        "zstd": zstd_command(arguments, path)}
    took = {who: [] for who in commands}
    for n in range(rounds + 1):
        turns = list(commands.items())
        for who, command in turns if n % 2 == 0 else reversed(turns):
            seconds, _ = timed(command)
            if n > 0:  # the first turn only warms
                took[who].append(seconds * 1000)
    _, ours = timed([server.program, "log", "export", query, "--data",
                     server.data])
    _, theirs = timed(rg_command(arguments, path, False))
    answer = {"name": name, "query": query,
              "hits": theirs.count(b"\n"),
              "same": digest(ours) == digest(theirs)}
    for who, all_took in took.items():
        answer[who + "_ms"] = spread(all_took)
    for who in ("rg", "zstd"):
        answer["ratio_" + who] = statistics.median(took[who]) / \
            statistics.median(took["beimen"])
    print("%-36s %8d hits  beimen %8.1f ms  rg %8.1f  zstd|rg %8.1f  %s" % (
        name, answer["hits"], answer["beimen_ms"]["median"],
        answer["rg_ms"]["median"], answer["zstd_ms"]["median"],
        "same answer" if answer["same"] else
        "DIFFERENT: %d lines" % ours.count(b"\n")), flush=True)
    return answer


def tops(server, path, rounds):
    """Counts by field: beimen beside cut, sort and uniq over the text."""
    answers = []
    for field, text in (
            ("host", "cut -d' ' -f4 '%s'"),
            ("user", "grep -oE 'u[0-9]{5}' '%s'")):
        took = {"beimen": [], "text": []}
        for n in range(max(2, rounds // 2)):
            seconds, done = timed([server.program, "log", "search", "",
                                   "--top", field, "--data", server.data])
            took["beimen"].append(seconds * 1000)
            seconds, _ = timed(["sh", "-c", (text % path) +
                                " | LC_ALL=C sort | uniq -c | sort -rn | "
                                "head -n 10"])
            took["text"].append(seconds * 1000)
        answers.append({"field": field, "said": len(done),
                        "beimen_ms": spread(took["beimen"]),
                        "text_ms": spread(took["text"])})
        print("top %-8s beimen %8.1f ms  sort|uniq %8.1f ms" % (
            field, answers[-1]["beimen_ms"]["median"],
            answers[-1]["text_ms"]["median"]), flush=True)
    return answers


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--lines", type=int, default=2000000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    path = corpus(given.lines, given.seed)
    subprocess.run(["zstd", "-q", "-f", "-3", path, "-o", path + ".zst"],
                   check=True)
    with Scratch() as folder, Server(folder + "/data") as server:
        fill(server, path, given.lines)
        answers = [ask(server, path, q, given.rounds) for q in QUESTIONS]
        top = tops(server, path, given.rounds)
    keep("search", {"lines": given.lines, "seed": given.seed,
                    "bytes": os.path.getsize(path), "questions": answers, "tops": top})
    return 0 if all(a["same"] for a in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
