#!/usr/bin/env python3
"""What a filled vault takes and what it costs to trust it.

    bench/store.py [--lines N] [--rounds R] [--seed S]

For each mix of lines: bytes on disk after sealing (records, index, tree and
all) beside zstd of the raw text at three levels; then, on the first mix, the
time of verifying everything, of making and checking a proof, of starting
after a kill -9, and of the first answer after it. Results go to
build/bench/store.json.
"""
import argparse
import os
import signal
import subprocess
import time

from common import corpus, disk_bytes, keep, spread
from harness import BEIMEN, Scratch, Server, until
from ingest import send

ZSTD_LEVELS = (1, 3, 19)


def zstd_size(path, level):
    done = subprocess.run(["zstd", "-q", "-T2", "-%d" % level, "-c", path],
                          stdout=subprocess.PIPE, check=True)
    return len(done.stdout)


def fill(server, path, lines):
    """All lines in, and sealed."""
    before = server.stored()
    for t in send(path, server.syslog):
        t.join()
    if not until(lambda: (server.stored() or 0) - before >= lines, 600, 0.2):
        raise RuntimeError("not every line was stored")
    done = server.cli("log", "seal", seconds=900)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def timed(command):
    before = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    return time.monotonic() - before, done


def log_key(server):
    logs = server.json("ledger", "list")["logs"]
    return next(log["key"] for log in logs if log["agency"]["key"] == "main")


def trust(server, rounds, folder, record):
    """Seconds of verifying, proving, checking; the proof's size."""
    proof = folder + "/proof.json"
    key = log_key(server)
    verify, prove, check = [], [], []
    for _ in range(rounds):
        seconds, done = timed([BEIMEN, "log", "verify", "--all", "--data",
                               server.data])
        if done.returncode == 2:  # an edition without --all reads all anyway
            seconds, done = timed([BEIMEN, "log", "verify", "--data",
                                   server.data])
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        verify.append(seconds)
        seconds, done = timed([BEIMEN, "log", "prove", record, "-o", proof,
                               "--data", server.data])
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        prove.append(seconds * 1000)
        seconds, done = timed([BEIMEN, "ledger", "check", proof, "--key",
                               key])
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        check.append(seconds * 1000)
    return {"verify_s": spread(verify), "prove_ms": spread(prove),
            "check_ms": spread(check), "proof_bytes": os.path.getsize(proof)}


def rise(server, rounds):
    """Seconds from start to the printed addresses, and to the first answer,
    after every process was killed."""
    start, answer = [], []
    for _ in range(rounds):
        pids = [p for ps in server.processes().values() for p in ps]
        for pid in [server.process.pid] + pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        server.process.wait()
        before = time.monotonic()
        server.start()
        start.append(time.monotonic() - before)
        until(lambda: server.count("qx0077777zj") is not None, 60, 0.02)
        answer.append(time.monotonic() - before)
    return {"start_s": spread(start), "answer_s": spread(answer)}


def size_of(mix, lines, seed):
    path = corpus(lines, seed, mix)
    raw = os.path.getsize(path)
    answer = {"mix": mix, "lines": lines, "raw": raw,
              "zstd": {str(n): zstd_size(path, n) for n in ZSTD_LEVELS}}
    with Scratch() as folder, Server(folder + "/data") as server:
        fill(server, path, lines)
        answer["beimen"] = disk_bytes(server.data + "/vault/segments")
    print("%-6s %.1f B/line raw, zstd -1/-3/-19 %s, beimen %.1f = %.3f of "
          "raw, %.2f of zstd -3" % (
              mix, raw / lines, "/".join(
                  "%.1f" % (answer["zstd"][str(n)] / lines)
                  for n in ZSTD_LEVELS), answer["beimen"] / lines,
              answer["beimen"] / raw,
              answer["beimen"] / answer["zstd"]["3"]), flush=True)
    return answer


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--lines", type=int, default=2000000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    answer = {"lines": given.lines, "seed": given.seed,
              "sizes": [size_of("city", given.lines, given.seed),
                        size_of("city", given.lines, given.seed + 1),
                        size_of("other", given.lines, given.seed)]}
    path = corpus(given.lines, given.seed)
    with Scratch() as folder, Server(folder + "/data") as server:
        fill(server, path, given.lines)
        found = server.records("qx0077777zj")
        answer.update(trust(server, given.rounds, folder, found[0]["id"]))
        answer.update(rise(server, given.rounds))
    for name in ("verify_s", "prove_ms", "check_ms", "start_s", "answer_s"):
        print("%-10s %.3f" % (name, answer[name]["median"]))
    keep("store", answer)


if __name__ == "__main__":
    main()
