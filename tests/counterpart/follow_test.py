#!/usr/bin/env python3
"""A watched folder: files that grow, are renamed, copied and cut, while
processes are killed; every line is stored once. Prints TAP."""
import collections
import gzip
import os
import re
import shutil
import signal
import sys
import threading
import time

from senders import Scratch, Server, Tap, until


class Writer(threading.Thread):
    """Appends numbered lines to a log as programs do, and rotates it."""

    def __init__(self, path, word, rotate):
        super().__init__(daemon=True)
        self.path = path
        self.word = word
        self.rotate = rotate
        self.n = 0
        self.turns = 0
        self.stop = False

    def run(self):
        out = open(self.path, "ab", buffering=0)
        while not self.stop:
            lines = b"".join(b"%s line %08d %s\n" % (
                self.word, self.n + i, b"x" * ((self.n + i) % 200))
                for i in range(40))
            # Programs write in pieces that do not end at line ends.
            out.write(lines[:len(lines) // 3])
            out.write(lines[len(lines) // 3:])
            self.n += 40
            time.sleep(0.004)
            if self.n % 16000 == 0:
                out = self.rotate(self, out)
                self.turns += 1
        out.close()


def renamed(w, out):
    """logrotate's create: rename, and a new file of the old name; what is
    older is compressed, as with delaycompress."""
    out.close()
    for i in range(6, 0, -1):
        if os.path.exists("%s.%d" % (w.path, i)):
            os.rename("%s.%d" % (w.path, i), "%s.%d" % (w.path, i + 1))
    os.rename(w.path, w.path + ".1")
    return open(w.path, "ab", buffering=0)


def copied(w, out):
    """logrotate's copytruncate; nobody writes in between, since what is
    written then nobody can have."""
    for i in range(6, 0, -1):
        if os.path.exists("%s.%d" % (w.path, i)):
            os.rename("%s.%d" % (w.path, i), "%s.%d" % (w.path, i + 1))
    shutil.copyfile(w.path, w.path + ".1")
    out.truncate(0)
    return out


def kill(server, role):
    for pid in server.processes().get(role, []):
        os.kill(pid, signal.SIGKILL)


def numbers(server, word):
    found = []
    for raw in server.raw(word):
        match = re.fullmatch(rb"%s line (\d+) (x*)" % word.encode(), raw)
        found.append(int(match[1]) if match and
                     len(match[2]) == int(match[1]) % 200 else raw)
    return found


def under_load(tap, server, path, word, rotate, seconds, title, kills):
    w = Writer(path, word.encode(), rotate)
    w.start()
    end = time.monotonic() + seconds
    n = 0
    while time.monotonic() < end:
        time.sleep(0.9)
        if kills:
            kill(server, kills[n % len(kills)])
            n += 1
    w.stop = True
    w.join()
    until(lambda: (server.count(word) or 0) >= w.n, 40, 0.5)
    time.sleep(0.5)
    got = collections.Counter(numbers(server, word))
    missing = [i for i in range(w.n) if i not in got]
    twice = [i for i, k in got.items() if k > 1]
    tap.ok(w.turns >= 2 and not missing and not twice and len(got) == w.n,
           title, "%d lines, %d turns, %d kills: %d missing %r, %d twice %r, "
           "%d others" % (w.n, w.turns, n, len(missing), missing[:3],
                          len(twice), twice[:3],
                          len([g for g in got if isinstance(g, bytes)])))
    tap.note("%d lines, %d rotations, %d kills" % (w.n, w.turns, n))


def append(path, data):
    with open(path, "ab") as f:
        f.write(data)


def odd_files(tap, server, logs):
    """What is not simply a line."""
    append(logs + "/odd.log", b"a first line\n\nan unfinished one")
    server.wait_count('"a first line"', 1, 10)
    time.sleep(1)
    tap.equal(server.count("unfinished"), 0,
              "an unfinished last line waits")
    append(logs + "/odd.log", b" ends here\n" + b"long " + b"y" * 150000
           + b"\nafter it\n")
    tap.equal(server.wait_count('"unfinished one ends here"', 1, 10), 1,
              "until it is whole")
    server.wait_count('"after it"', 1, 10)
    got = [r for r in server.raw("via:file host:files.test")
           if b"yyyy" in r]
    tap.equal((len(got), sum(map(len, got))), (3, 150005),
              "a line that is too long is kept in pieces")
    record = (server.records('"after it"') or [{}])[0]
    tap.equal((record.get("host"), record.get("app"), record.get("via")),
              ("files.test", "tests", "file"),
              "host and application are those of the setting")
    tap.ok(record.get("sender", "").startswith("file:"),
           "the sender is the folder")
    with gzip.open(logs + "/odd.log.2.gz", "wb") as f:
        f.write(b"compressed line\n")
    os.symlink("/etc/passwd", logs + "/link.log")
    os.mkfifo(logs + "/pipe.log")
    append(logs + "/other.txt", b"another pattern\n")
    append(logs + "/odd.log", b"the end has no line feed")
    time.sleep(0.5)
    os.rename(logs + "/odd.log", logs + "/odd.gone")
    tap.equal(server.wait_count('"no line feed"', 1, 20), 1,
              "the last line of a file that was rotated away needs no end")
    tap.equal((server.count("compressed"), server.count("root"),
               server.count('"another pattern"')), (0, 0, 0),
              "compressed files, links and other names are left alone")


def started_again(tap, server, logs):
    """Across an orderly restart, also where files changed meanwhile."""
    append(logs + "/again.log", b"".join(
        b"again line %d before the restart, which is not so short\n" % i
        for i in range(50)))
    server.wait_count("again", 50, 15)
    server.stop()
    append(logs + "/again.log", b"again line 50\n")
    os.rename(logs + "/again.log", logs + "/again.1")
    append(logs + "/again.log", b"again line 51\n")
    server.start()
    server.wait_count("again", 52, 15)
    time.sleep(1)
    tap.equal(server.count("again"), 52,
              "after a restart it goes on where it was, under any name")


def main():
    tap = Tap()
    with Scratch() as folder:
        logs = folder + "/logs"
        os.mkdir(logs)
        config = folder + "/beimen.conf"
        with open(config, "w", encoding="utf-8") as f:
            f.write("follow:\n  - path: %s\n    pattern: '*.log'\n"
                    "    host: files.test\n    app: tests\n"
                    "  - {path: %s/all}\n" % (logs, logs))
        os.mkdir(logs + "/all")
        with Server(folder + "/data", "--config", config) as server:
            odd_files(tap, server, logs)
            started_again(tap, server, logs)
            under_load(tap, server, logs + "/renamed.log", "renamed", renamed,
                       9, "renamed under load, killed: every line once",
                       ["follow", "keeper"])
            under_load(tap, server, logs + "/all/copied", "copied", copied,
                       6, "copied and cut under load: every line once", [])
            under_load(tap, server, logs + "/all/copykill", "copykill",
                       copied, 6, "the same, killed: every line once",
                       ["follow"])
            tap.equal(server.process.poll(), None, "the server still runs")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
