#!/usr/bin/env python3
"""The disk is full: nothing is acknowledged that is not stored, pages and
searches go on, and taking in goes on when there is space again. On a small
file system of the test's own. Prints TAP."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402
from kill_test import Load, numbers  # noqa: E402

SIZE_MIB = 96
RESERVE_MIB = 8


class SmallDisk:
    """A tmpfs of SIZE_MIB; raises PermissionError where none can be had."""

    def __init__(self, folder):
        self.path = folder + "/disk"
        os.mkdir(self.path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o",
                               "size=%dm,mode=0755" % SIZE_MIB, "beimen-test",
                               self.path], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip() or "mount failed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)

    def free(self):
        s = os.statvfs(self.path)
        return s.f_bavail * s.f_frsize

    def fill(self, leave):
        """A file that leaves so many bytes free."""
        with open(self.path + "/filler", "wb") as f:
            block = b"\0" * 65536
            while self.free() > leave + len(block):
                f.write(block)
                f.flush()

    def empty(self):
        os.unlink(self.path + "/filler")


def settled(server, seconds=30):
    """The count once it no longer grows: (n, whether it stood still)."""
    last = server.stored()
    stood = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end and stood < 6:
        time.sleep(0.5)
        now = server.stored()
        stood = stood + 1 if now == last and now is not None else 0
        last = now
    return last, stood >= 6


def full_and_back(tap, disk):
    with Server(disk.path + "/data", "--reserve-mib",
                str(RESERVE_MIB)) as server, Load(server) as load:
        load.pace = 0.0005
        tap.ok(until(lambda: (server.stored() or 0) > 200, 30),
               "lines are stored while there is space")
        disk.fill((RESERVE_MIB + 2) << 20)
        full, stood = settled(server, 90)
        tap.ok(stood, "taking in stops when the space is gone",
               "%s stored, %d free" % (full, disk.free()))
        tap.ok(disk.free() > 0, "the reserve is kept", disk.free())
        tap.equal(server.process.poll(), None, "the server lives")
        there = numbers(server)
        tap.ok(len(there) == len(set(there)) and len(there) > 200,
               "searches go on", len(there))
        done = server.cli("verdict")
        tap.ok(done.returncode in (0, 1), "verdicts are still told",
               done.stdout[-500:] + done.stderr[-500:])
        disk.empty()
        before = server.stored() or 0
        tap.ok(until(lambda: (server.stored() or 0) > before, 15),
               "taking in goes on when there is space again",
               "\n".join(server.said[-10:]))
        load.go = False
        load.thread.join(30)
        until(lambda: len(set(numbers(server))) >= load.sent, 60, 0.5)
        got = numbers(server)
        lost = sorted(set(range(1, load.sent + 1)) - set(got))
        tap.ok(not lost and load.connections == 1,
               "TCP waited: no line is lost", "%d connections, lost %s" % (
                   load.connections, lost[:20]))
        tap.ok(set(there) <= set(got), "what was stored stays stored")
        tap.equal(server.cli("log", "seal").returncode, 0,
                  "it can be sealed")
        done = server.cli("log", "verify")
        tap.ok(done.returncode == 0, "and verified", done.stdout + done.stderr)


def main():
    tap = Tap()
    with Scratch() as folder:
        try:
            disk = SmallDisk(folder)
        except PermissionError as why:
            tap.skip("the disk is full", "no file system can be mounted "
                     "here: %s" % why)
            return tap.done()
        with disk:
            full_and_back(tap, disk)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
