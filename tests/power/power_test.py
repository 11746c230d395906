#!/usr/bin/env python3
"""The power goes under the running product, on real file systems.

    tests/power/power_test.py [--cuts N] [--seed S] [--only ext4|xfs]

Each cut: the whole product on a file system of its own on a loop device,
under load; at a random moment the file system is shut down without flushing
its log (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN), every process is killed, the
file system is mounted again and replays its journal, and the product starts
again. What `log stat` had called durable, and what an outside head had
signed, must be there. Half of the cuts come while records are sealed.

The rig proves that it sees: four faults are planted under the product from
outside (tests/power/plant.c, loaded before it), and each must be caught.
Prints TAP. Skipped, and counted so, where nothing can be mounted.
"""
import argparse
import contextlib
import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "fault"))
from harness import Scratch, Server, Tap, children_of, until  # noqa: E402
from kill_test import Load, numbers  # noqa: E402

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN: _IOR('X',125)
NO_LOG_FLUSH = 2
SIZES = {"ext4": 256 << 20, "xfs": 320 << 20}
BUGS = [("S", "no sync before the acknowledgement"),
        ("A", "the acknowledgement before the commit"),
        ("R", "no sync of a segment before its rename"),
        ("T", "the inbox trimmed before the segment is verified")]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


class Disk:
    """A file system in a file, on a loop device."""

    def __init__(self, folder, kind):
        self.image = "%s/%s.img" % (folder, kind)
        self.path = "%s/%s" % (folder, kind)
        self.kind = kind
        os.makedirs(self.path, exist_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(SIZES[kind])
        words = ["mkfs.ext4", "-q", "-F", "-E",
                 "lazy_itable_init=0,lazy_journal_init=0"] \
            if kind == "ext4" else ["mkfs.xfs", "-q", "-f"]
        done = run(*words, self.image)
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip() or words[0])
        self.mount()
        os.chmod(self.path, 0o755)

    def mount(self):
        done = run("mount", "-o", "loop", "-t", self.kind, self.image,
                   self.path)
        if done.returncode != 0:
            raise PermissionError(done.stderr.strip() or "mount failed")

    def umount(self):
        for _ in range(100):
            if run("umount", self.path).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("cannot unmount " + self.path)

    def cut(self):
        """From this call on nothing more reaches the device."""
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def end(self):
        self.umount()
        os.unlink(self.image)


def kill_all(server):
    """Every process of the server at once; returns when all are gone."""
    pids = [server.process.pid] + children_of(server.process.pid)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()
    until(lambda: not any(os.path.exists("/proc/%d/fd/0" % p)
                          for p in pids), 10, 0.02)


def log_size(server):
    logs = (server.json("ledger", "list") or {}).get("logs") or [{}]
    return logs[0].get("signed_size") or 0


def one_cut(server, disk, chance, sealing):
    """What was durable before the cut and is not there after it; None when
    all is. Lines go on being sent through it, numbered without end."""
    before = server.stored() or 0
    if not until(lambda: (server.stored() or 0) > before + 50, 20, 0.02):
        return "nothing was stored\n" + "\n".join(server.said[-5:])
    time.sleep(chance.uniform(0, 0.15))
    signed = log_size(server)
    durable = server.stored() or 0
    if sealing:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.cli("log", "seal",
                       seconds=chance.choice((0.05, 0.1, 0.3, 10)))
    disk.cut()
    kill_all(server)
    server.syslog = None  # whoever sends waits
    disk.umount()
    disk.mount()
    try:
        server.start()
    except RuntimeError as why:
        return "does not start again: %s" % why
    if not until(lambda: server.stored() is not None, 20, 0.05):
        return "gives no answer again"
    after = server.stored() or 0
    if after < durable:
        return "%d were acknowledged, %d are there" % (durable, after)
    if log_size(server) < signed:
        return "a signed head of %d leaves is gone" % signed
    got = numbers(server)
    if got != sorted(set(got)):
        return "records stand twice, or not in order"
    for words in (("log", "verify"), ("ledger", "verify")):
        done = server.cli(*words)
        if done.returncode != 0:
            return " ".join(words) + ": " + (done.stdout + done.stderr)[-400:]
    return None


def cuts(tap, folder, kind, n, chance):
    try:
        disk = Disk(folder, kind)
    except (PermissionError, FileNotFoundError) as why:
        tap.skip("power cuts on %s" % kind, "cannot be mounted here: %s" % why)
        return
    wrong = []
    begun = time.monotonic()
    server = Server(disk.path + "/data", "--reserve-mib", "8")
    try:
        server.start()
        with Load(server) as load:
            load.pace = 0.02  # a thousand lines a second
            for i in range(n):
                problem = one_cut(server, disk, chance, i % 2 == 1)
                if problem:
                    wrong.append("cut %d: %s" % (i + 1, problem))
                    if server.process.poll() is not None:
                        break
    finally:
        server.stop()
        disk.end()
    tap.note("%s: %.1f s a cut" % (kind, (time.monotonic() - begun) / n))
    tap.ok(not wrong, "%d power cuts on %s: nothing acknowledged is lost" % (
        n, kind), "\n".join(wrong))


class Planted:
    """The library, and the file that tells it what to do."""

    def __init__(self, folder):
        self.library = folder + "/plant.so"
        self.file = folder + "/plant"
        done = run(os.environ.get("CC", "gcc"), "-O1", "-shared", "-fPIC",
                   "-D_GNU_SOURCE", "-o", self.library, HERE + "/plant.c")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        with open(self.file, "wb") as f:
            f.write(b"N" + bytes(4095))
        os.chmod(self.file, 0o666)
        os.chmod(self.library, 0o755)
        os.chmod(folder, 0o755)

    def under(self):
        return ["env", "LD_PRELOAD=" + self.library,
                "BEIMEN_PLANT=" + self.file]

    def set(self, way):
        with open(self.file, "r+b") as f:
            f.write(way.encode() + b"\0")

    def count(self):
        with open(self.file, "rb") as f:
            return f.read(2)[1]


def caught(folder, plant, way, chance, tries):
    """(cuts until the fault showed, what showed it, whether it was at work);
    0 cuts when it never did."""
    reached = False
    for n in range(1, tries + 1):
        disk = Disk(folder, "ext4")
        server = Server(disk.path + "/data", "--reserve-mib", "8",
                        under=plant.under())
        plant.set("N")
        try:
            server.start()
            plant.set(way)
            with Load(server):
                problem = one_cut(server, disk, chance, way in "RT")
            reached = reached or plant.count() > 0
        finally:
            server.stop()
            disk.end()
        if problem:
            return n, problem, reached
    return 0, "", reached


def bugs(tap, folder, chance):
    plant = Planted(folder)
    folder += "/bugs"
    os.mkdir(folder)
    for way, title in BUGS:
        try:
            n, problem, reached = caught(folder, plant, way, chance, 6)
        except (PermissionError, FileNotFoundError) as why:
            tap.skip("the rig catches: " + title,
                     "cannot be mounted here: %s" % why)
            continue
        tap.ok(n > 0 and reached, "the rig catches: %s (cut %d: %s)" % (
            title, n, problem.splitlines()[0][:90] if problem else "-"),
            "the fault was %sat work" % ("" if reached else "not "))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cuts", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=5)
    arguments.add_argument("--only", choices=sorted(SIZES))
    given = arguments.parse_args()
    chance = random.Random(given.seed)
    tap = Tap()
    tap.note("seed %d" % given.seed)
    with Scratch() as folder:
        os.chmod(folder, 0o755)
        with ThreadPoolExecutor(2) as pool:
            parts = [pool.submit(cuts, tap, folder, kind, given.cuts,
                                 random.Random(given.seed))
                     for kind in ([given.only] if given.only
                                  else sorted(SIZES))]
            parts.append(pool.submit(bugs, tap, folder, chance))
            for part in parts:
                part.result()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
