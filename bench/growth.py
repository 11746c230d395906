#!/usr/bin/env python3
"""How costs grow with the number of records.

    bench/growth.py [--millions 1,10] [--seed S]

One vault is filled step by step; at each step: the rate of taking in, bytes a
record, files, memory, the time of a search for a word that occurs once, of a
proof, of starting after a kill -9. What must not grow shows as a flat row.
Results go to build/bench/growth.json.
"""
import argparse
import os
import statistics
import time

from common import corpus, disk_bytes, keep, memory_peak
from harness import BEIMEN, Scratch, Server, until
from ingest import send
from store import rise, timed

CHUNK = 1000000


def files_below(path):
    return sum(len(names) for _, _, names in os.walk(path))


def median_ms(command, rounds=7):
    took = []
    for _ in range(rounds):
        seconds, done = timed(command)
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stderr.decode())
        took.append(seconds * 1000)
    return statistics.median(took)


def grow_to(server, have, n, seed):
    """Chunks with seeds of their own until n lines are stored; seconds."""
    seconds = 0.0
    while have < n:
        step = min(CHUNK, n - have)
        path = corpus(step, seed + have // CHUNK)
        first = server.stored()
        before = time.monotonic()
        for t in send(path, server.syslog):
            t.join()
        if not until(lambda: server.stored() - first >= step, 600, 0.1):
            raise RuntimeError("not every line was stored")
        seconds += time.monotonic() - before
        os.unlink(path)
        have += step
    return seconds


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--millions", default="1,10")
    arguments.add_argument("--seed", type=int, default=101)
    given = arguments.parse_args()
    steps, have = [], 0
    with Scratch() as folder, Server(folder + "/data") as server:
        for n in [int(float(m) * 1e6) for m in given.millions.split(",")]:
            seconds = grow_to(server, have, n, given.seed)
            server.cli("log", "seal", seconds=3600)
            step = {"records": n, "rate": (n - have) / seconds}
            have = n
            needle = [BEIMEN, "log", "search", "qx0077777zj", "--limit", "1",
                      "--data", server.data]
            step["needle_ms"] = median_ms(needle)
            step["absent_ms"] = median_ms(
                [BEIMEN, "log", "search", "zz9plural", "--count", "--data",
                 server.data])
            record = server.records("qx0077777zj")[0]["id"]
            step["prove_ms"] = median_ms(
                [BEIMEN, "log", "prove", record, "-o", folder + "/proof",
                 "--data", server.data])
            step["memory_mib"] = memory_peak(server.process.pid) >> 20
            step["bytes_a_record"] = disk_bytes(
                server.data + "/vault/segments") / n
            step["files"] = files_below(server.data)
            step["start_s"] = rise(server, 3)["start_s"]["median"]
            steps.append(step)
            print("  ".join("%s %s" % (k, round(v, 2)) for k, v in
                            step.items()), flush=True)
    keep("growth", {"seed": given.seed, "steps": steps})


if __name__ == "__main__":
    main()
