#!/usr/bin/env python3
"""Stored bytes that are altered, cut off or gone are named, and everything
else is still read. Prints TAP."""
import contextlib
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402

N = 6000  # more than one block of 4,096


def fill(server, first, n):
    """n counted lines from `first`, stored."""
    before = server.stored() or 0
    with socket.create_connection(server.syslog, 5) as s:
        s.sendall("".join(
            "<13>1 - sender.test fill - - - fill %06d word%d\n" % (i, i)
            for i in range(first, first + n)).encode())
        s.shutdown(socket.SHUT_WR)
    return until(lambda: (server.stored() or 0) >= before + n, 60)


def segments(server):
    """Paths of the sealed files, longest first."""
    found = []
    for place, _, names in os.walk(server.data + "/vault/segments"):
        found += [os.path.join(place, n) for n in names if n.endswith(".seg")]
    return sorted(found, key=os.path.getsize, reverse=True)


def name_of(path):
    return os.path.basename(path).removesuffix(".seg")


class Altered:
    """A file changed by `how`, and as it was afterwards."""

    def __init__(self, path, how):
        self.path = path
        self.about = os.stat(path)
        with open(path, "rb") as f:
            self.bytes = f.read()
        os.chmod(path, 0o600)
        how(path)
        if os.path.exists(path):
            self.own()

    def own(self):
        """Owner and mode as they were, so that only the bytes differ."""
        os.chown(self.path, self.about.st_uid, self.about.st_gid)
        os.chmod(self.path, self.about.st_mode & 0o7777)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        with open(self.path, "wb") as f:
            f.write(self.bytes)
        self.own()


def flip(at):
    """One bit of the byte at that share of the file."""
    def how(path):
        with open(path, "r+b") as f:
            f.seek(int(os.path.getsize(path) * at))
            old = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([old[0] ^ 0x10]))
    return how


def cut(path):
    os.truncate(path, os.path.getsize(path) * 2 // 3)


def verify(server):
    done = server.cli("log", "verify")
    return done.returncode, done.stdout + done.stderr


def named(tap, server, path, title, how):
    """log verify says which segment; afterwards it is content again."""
    with Altered(path, how):
        code, said = verify(server)
        tap.ok(code == 1 and name_of(path)[:12] in said,
               "%s is named by log verify" % title, said)
        answer = server.count("fill")
        tap.ok(answer is not None and server.process.poll() is None,
               "%s: searches still answer" % title, answer)
    code, said = verify(server)
    tap.ok(code == 0, "%s: put right, the vault verifies" % title, said)


def main():
    tap = Tap()
    with Scratch() as folder, Server(folder + "/data") as server:
        tap.ok(fill(server, 1, N), "%d lines are stored" % N)
        tap.equal(server.cli("log", "seal").returncode, 0, "and sealed")
        tap.ok(fill(server, N + 1, 50), "50 more are stored")
        tap.equal(server.cli("log", "seal").returncode, 0,
                  "and sealed into another segment")
        code, said = verify(server)
        tap.ok(code == 0, "the vault verifies", said)
        found = segments(server)
        if not tap.ok(len(found) >= 2, "there are two segments", found):
            return tap.done()
        for at in (0.02, 0.3, 0.6, 0.97):
            named(tap, server, found[0], "a flipped bit at %d %%" % (
                at * 100), flip(at))
        named(tap, server, found[0], "a truncated segment", cut)
        named(tap, server, found[0], "a segment that is gone", os.unlink)
        with Altered(found[0], flip(0.5)):
            tap.equal(server.count("word%d" % (N + 7)), 1,
                      "records of the other segment are still found")
            server.restart()
            tap.equal(server.count("word%d" % (N + 8)), 1,
                      "also after a restart")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
