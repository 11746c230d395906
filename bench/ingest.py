#!/usr/bin/env python3
"""How fast lines are taken in: beimen beside receivers that write plain files.

    bench/ingest.py [--lines N] [--rounds R] [--seed S] [--mix city|other]

The same lines over four TCP connections from the same sender on the same
cores, turn about, a fresh receiver each time. The clock stops when every line
is stored: for beimen that is parsed, classified, chained, put into the tree's
order and synced to disk; for the others, written to a file (they do not
sync). Sealing (columns, index, encryption, reading back) goes on meanwhile
and its processor time counts until everything is sealed. Results go to
build/bench/ingest.json.
"""
import argparse
import os
import socket
import threading
import time

from common import (corpus, cpu_seconds, disk_bytes, keep, memory_peak, split,
                    spread)
from harness import Scratch, Server, stop_process, until
from peers import RsyslogDefault, RsyslogTuned, SyslogNg
from senders import unpack

CONNECTIONS = 4
PEERS = {"rsyslog": RsyslogDefault, "rsyslog-tuned": RsyslogTuned,
         "syslog-ng": SyslogNg}


def send_part(path, part, address):
    with socket.create_connection(address) as s, open(path, "rb") as f:
        s.sendfile(f, part[0], part[1] - part[0])
        s.shutdown(socket.SHUT_WR)
        s.settimeout(600)
        try:
            s.recv(1)
        except OSError:
            pass


def send(path, address):
    """All lines over the connections; returns the threads."""
    threads = [threading.Thread(target=send_part, args=(path, part, address))
               for part in split(path, CONNECTIONS)]
    for t in threads:
        t.start()
    return threads


def measure(path, n, address, stored, every):
    """Seconds until stored() says n. Nobody asks while lines are under way:
    asking costs time too."""
    before = time.monotonic()
    threads = send(path, address)
    for t in threads:
        t.join()
    whole = until(lambda: stored() >= n, 600, every)
    seconds = time.monotonic() - before
    if not whole:
        raise RuntimeError("only %d of %d lines are stored" % (stored(), n))
    return seconds


def peer_round(kind, path, n):
    with Scratch() as folder, kind(folder) as receiver:
        receiver.listening()
        cpu = cpu_seconds(receiver.pid())
        seconds = measure(path, n, receiver.address, receiver.stored, 0.01)
        return {"seconds": seconds, "cpu": cpu_seconds(receiver.pid()) - cpu,
                "memory": memory_peak(receiver.pid()),
                "disk": receiver.disk()}


def beimen_round(path, n):
    with Scratch() as folder:
        server = Server(folder + "/data")
        server.start()
        try:
            time.sleep(1)  # its first records are its own
            pid = server.process.pid
            first = server.stored()
            cpu = cpu_seconds(pid)
            seconds = measure(path, n, server.syslog,
                              lambda: (server.stored() or 0) - first, 0.05)
            stored = cpu_seconds(pid) - cpu
            server.cli("log", "seal", seconds=600)
            return {"seconds": seconds, "cpu": cpu_seconds(pid) - cpu,
                    "cpu_stored": stored, "memory": memory_peak(pid),
                    "disk": disk_bytes(folder + "/data/vault/segments")}
        finally:
            stop_process(server.process)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--lines", type=int, default=2000000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--mix", default="city")
    arguments.add_argument("--only", default="")
    given = arguments.parse_args()
    unpack("rsyslog", "syslog-ng-core")
    path = corpus(given.lines, given.seed, given.mix)
    turns = [("beimen", lambda: beimen_round(path, given.lines))]
    turns += [(name, lambda k=kind: peer_round(k, path, given.lines))
              for name, kind in PEERS.items()]
    if given.only:
        turns = [t for t in turns if t[0] in given.only.split(",")]
    rounds = {name: [] for name, _ in turns}
    for n in range(given.rounds):
        for name, turn in turns if n % 2 == 0 else reversed(turns):
            rounds[name].append(turn())
            last = rounds[name][-1]
            print("round %d %-13s %8.0f lines/s  %.2f processor s/M  "
                  "%.1f B/line on disk  %d MiB" % (
                      n + 1, name, given.lines / last["seconds"],
                      last["cpu"] * 1e6 / given.lines,
                      last["disk"] / given.lines, last["memory"] >> 20),
                  flush=True)
    answer = {"lines": given.lines, "seed": given.seed, "mix": given.mix,
              "bytes": os.path.getsize(path), "connections": CONNECTIONS}
    for name, all_rounds in rounds.items():
        answer[name] = {
            "rate": spread([given.lines / r["seconds"] for r in all_rounds]),
            "cpu": spread([r["cpu"] * 1e6 / given.lines for r in all_rounds]),
            "memory": spread([r["memory"] for r in all_rounds]),
            "disk": spread([r["disk"] / given.lines for r in all_rounds])}
    for name in PEERS:
        if name in answer and "beimen" in answer:
            print("beimen / %s: %.2f" % (
                name, answer["beimen"]["rate"]["median"] /
                answer[name]["rate"]["median"]))
    if not given.only:
        keep("ingest" if given.mix == "city" else "ingest-" + given.mix,
             answer)


if __name__ == "__main__":
    main()
