#!/usr/bin/env python3
"""How fast lines are taken in: beimen beside rsyslog writing a plain file.

    bench/ingest.py [--lines N] [--rounds R] [--seed S]

The same lines over four TCP connections from the same sender, turn about, a
fresh receiver each time. The clock stops when every line is stored: for
beimen that is synced to disk, parsed, classified and chained; for rsyslog,
written to its file (it does not sync). Results go to build/bench/ingest.json.
"""
import argparse
import os
import socket
import threading
import time

from common import (corpus, cpu_seconds, disk_bytes, keep, spread, split)
from harness import Scratch, Server, stop_process, until
from senders import COUNTERPARTS, Sender, find, library_path, unpack

CONNECTIONS = 4


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class RsyslogToFile(Sender):
    """rsyslogd with imtcp and omfile, else as it comes."""

    def __init__(self, folder):
        super().__init__(folder, "receiver")
        root = COUNTERPARTS + "/rsyslog"
        self.address = ("127.0.0.1", free_port())
        self.file = self.folder + "/out"
        config = self.folder + "/config"
        with open(config, "w", encoding="utf-8") as f:
            f.write('module(load="imtcp")\n'
                    'input(type="imtcp" address="127.0.0.1" port="%d")\n'
                    'action(type="omfile" file="%s")\n' % (
                        self.address[1], self.file))
        self.environment = library_path(root)
        self.command = [find(root, "rsyslogd"), "-n", "-f", config,
                        "-i", self.folder + "/pid",
                        "-M", os.path.dirname(find(root, "imtcp.so"))]
        self.read = 0
        self.lines = 0

    def stored(self):
        """Line feeds in the file so far."""
        try:
            with open(self.file, "rb") as f:
                f.seek(self.read)
                while True:
                    data = f.read(1 << 22)
                    if not data:
                        break
                    self.read += len(data)
                    self.lines += data.count(b"\n")
        except FileNotFoundError:
            pass
        return self.lines


def send_part(path, part, address):
    with socket.create_connection(address) as s, open(path, "rb") as f:
        s.sendfile(f, part[0], part[1] - part[0])
        s.shutdown(socket.SHUT_WR)
        s.settimeout(60)
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


def listening(address):
    def ready():
        try:
            socket.create_connection(address).close()
            return True
        except OSError:
            return False
    return until(ready, 20)


def measure(path, n, address, stored, pid, every):
    """Seconds and processor seconds until stored() says n."""
    cpu = cpu_seconds(pid)
    before = time.monotonic()
    threads = send(path, address)
    whole = until(lambda: stored() >= n, 600, every)
    seconds = time.monotonic() - before
    used = cpu_seconds(pid) - cpu
    for t in threads:
        t.join()
    if not whole:
        raise RuntimeError("only %d of %d lines are stored" % (stored(), n))
    return seconds, used


def rsyslog_round(path, n):
    with Scratch() as folder, RsyslogToFile(folder) as receiver:
        listening(receiver.address)
        seconds, cpu = measure(path, n, receiver.address, receiver.stored,
                               receiver.process.pid, 0.02)
        return {"seconds": seconds, "cpu": cpu,
                "disk": disk_bytes(receiver.file)}


def beimen_round(path, n):
    with Scratch() as folder:
        server = Server(folder + "/data")
        server.start()
        try:
            first = server.stored()
            seconds, cpu = measure(
                path, n, server.syslog, lambda: (server.stored() or 0) - first,
                server.process.pid, 0.02)
            server.cli("log", "seal", seconds=600)
            return {"seconds": seconds, "cpu": cpu,
                    "disk": disk_bytes(folder + "/data/vault/segments")}
        finally:
            stop_process(server.process)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--lines", type=int, default=500000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    unpack("rsyslog")
    path = corpus(given.lines, given.seed)
    rounds = {"beimen": [], "rsyslog": []}
    for n in range(given.rounds):
        turns = [("beimen", beimen_round), ("rsyslog", rsyslog_round)]
        for name, turn in turns if n % 2 == 0 else reversed(turns):
            rounds[name].append(turn(path, given.lines))
            last = rounds[name][-1]
            print("round %d %-8s %8.0f lines/s  %.2f processor s/M  "
                  "%.0f B/line on disk" % (
                      n + 1, name, given.lines / last["seconds"],
                      last["cpu"] * 1e6 / given.lines,
                      last["disk"] / given.lines), flush=True)
    answer = {"lines": given.lines, "seed": given.seed,
              "bytes": os.path.getsize(path), "connections": CONNECTIONS}
    for name, all_rounds in rounds.items():
        answer[name] = {
            "rate": spread([given.lines / r["seconds"] for r in all_rounds]),
            "cpu": spread([r["cpu"] * 1e6 / given.lines for r in all_rounds]),
            "disk": spread([r["disk"] / given.lines for r in all_rounds])}
    answer["ratio"] = answer["beimen"]["rate"]["median"] / \
        answer["rsyslog"]["rate"]["median"]
    print("beimen / rsyslog: %.2f" % answer["ratio"])
    keep("ingest", answer)


if __name__ == "__main__":
    main()
