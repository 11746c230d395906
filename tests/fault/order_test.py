#!/usr/bin/env python3
"""A name lasts only when its folder was synced: every file created or renamed
in the data folder is followed by an fsync of that folder before the process
sends its next message. Seen from outside, in a trace of the system calls
under load, sealing and trimming. (A power cut on ext4 cannot show a missing
one: any other sync keeps the name too.) Prints TAP.
"""
import os
import re
import shutil
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import Scratch, Server, Tap, children_of, until  # noqa: E402
from harness import role_of, stop_process  # noqa: E402
import subprocess  # noqa: E402

FOLDERS = ("/vault", "/book", "/signer", "/gate", "/keys")
CALL = re.compile(r"^(\d+)\s+[\d.]+\s+(\w+)\((.*)\)\s+=\s+(-?\d+)")
FD = re.compile(r"^(\d+|AT_FDCWD)<([^>]*)>")
NAMES = re.compile(r'"([^"]*)"')
# Not needed to last: SQLite's shared memory; what is not yet in use.
PASSED = re.compile(r"-shm$|\.part$|\.new$|/control$|/lock$")


BEGUN = re.compile(r"^(\d+)(\s.*) <unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+)\s+[\d.]+\s+<\.\.\. \w+ resumed>(.*)$")


def whole_calls(lines):
    """The trace's lines, a call that others interrupt put together again, in
    the order in which calls end."""
    begun = {}
    for line in lines:
        line = line.rstrip("\n")
        first, rest = BEGUN.match(line), ENDED.match(line)
        if first:
            begun[first.group(1)] = first.group(1) + first.group(2)
        elif rest:
            yield begun.pop(rest.group(1), "") + rest.group(2)
        else:
            yield line


def folder_and_names(call, rest):
    """(folder, [names]) a call works on."""
    fd = FD.match(rest)
    base = fd.group(2) if fd else ""
    return [os.path.normpath(os.path.join(base, n))
            for n in NAMES.findall(rest)]


class Order:
    """What is owed, per process: folders with names not yet synced."""

    def __init__(self, data):
        self.data = os.path.realpath(data)
        self.owed = {}
        self.made = self.synced = self.sent = 0
        self.wrong = []

    def durable(self, path):
        return path.startswith(tuple(self.data + f for f in FOLDERS))

    def line(self, text):
        found = CALL.match(text)
        if not found or int(found.group(4)) < 0:
            return
        pid, call, rest = found.group(1), found.group(2), found.group(3)
        owed = self.owed.setdefault(pid, {})
        if call in ("openat", "open") and "O_CREAT" in rest:
            for path in folder_and_names(call, rest)[:1]:
                self.name(owed, path)
        elif call.startswith("rename"):
            self.name(owed, folder_and_names(call, rest)[-1])
        elif call in ("fsync", "fdatasync"):
            fd = FD.match(rest)
            if fd and owed.pop(os.path.normpath(fd.group(2)), None):
                self.synced += 1
        elif call in ("sendmsg", "sendto", "write", "writev") and \
                ("socket:" in rest.split(",")[0] or
                 "UNIX" in rest.split(",")[0]):
            self.sent += 1
            for folder, names in owed.items():
                self.wrong.append("%s sends with %s not synced for %s" % (
                    pid, folder, names))
            owed.clear()

    def name(self, owed, path):
        if not self.durable(path) or PASSED.search(path):
            return
        if path in getattr(self, "known", ()):
            return  # opened again, not made
        self.made += 1
        owed.setdefault(os.path.dirname(path), []).append(
            os.path.basename(path))


def send(server, first, n):
    with socket.create_connection(server.syslog, 5) as s:
        s.sendall("".join(
            "<13>1 - sender.test fill - - - fill %06d %s\n" % (i, "x" * 200)
            for i in range(first, first + n)).encode())
        s.shutdown(socket.SHUT_WR)


def main():
    tap = Tap()
    if shutil.which("strace") is None:
        tap.skip("names last", "strace is not installed")
        return tap.done()
    with Scratch() as folder, Server(folder + "/data") as server:
        pids = [p for p in children_of(server.process.pid)
                if role_of(p) in ("keeper", "sealer", "book", "signer")]
        trace = folder + "/trace"
        watch = subprocess.Popen(
            ["strace", "-f", "-ttt", "-y", "-o", trace, "-e",
             "trace=openat,open,rename,renameat,renameat2,fsync,fdatasync,"
             "sendmsg,sendto,write,writev"] +
            [w for p in pids for w in ("-p", str(p))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        known = {os.path.join(place, n)
                 for place, _, names in os.walk(os.path.realpath(
                     folder + "/data")) for n in names}
        if watch.poll() is not None:
            tap.skip("names last", "strace may not attach here")
            return tap.done()
        for i in range(3):
            send(server, i * 2000, 2000)
            until(lambda i=i: (server.stored() or 0) >= i * 2000 + 2000, 60)
            tap.equal(server.cli("log", "seal").returncode, 0, "sealed")
        server.cli("book", "add", "system", "s1", "name=S",
                   "unit=information")
        time.sleep(6)  # heads are signed, journals trimmed
        stop_process(watch)
        order = Order(folder + "/data")
        order.known = known
        with open(trace, encoding="utf-8", errors="replace") as f:
            for line in whole_calls(f):
                order.line(line)
        tap.ok(order.made >= 3 and order.sent > 20,
               "names were made: %d, messages sent: %d" % (
                   order.made, order.sent))
        tap.ok(not order.wrong, "every new name is synced with its folder "
               "before the next message", "\n".join(order.wrong[:20]))
        # The checker sees a missing one: the same trace without them.
        blind = Order(folder + "/data")
        blind.known = known
        with open(trace, encoding="utf-8", errors="replace") as f:
            for line in whole_calls(f):
                if " fsync(" not in line:
                    blind.line(line)
        tap.ok(blind.wrong, "the checker catches: no sync of the folder")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
