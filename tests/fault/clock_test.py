#!/usr/bin/env python3
"""The clock goes wrong: 40 days on, 40 days back, 1970, 2038, 2100, stopped.
No ledger entry is lost or out of order, nothing is deleted early, and the
records say what the clock said. libfaketime shows the product another time;
the machine's own clock is never touched. Prints TAP.
"""
import glob
import os
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402
from damage_test import fill, segments  # noqa: E402

CLOCKS = [("+40d", "40 days on"), ("-40d", "40 days back"),
          ("@1970-01-02 00:00:00", "in 1970"),
          ("@2038-01-19 03:14:00", "at the end of 32 bits"),
          ("@2100-02-28 23:59:50", "in 2100"),
          ("2026-11-22 10:00:00", "stopped")]


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


def entries(server):
    """(seq, received, hash) of every entry, as the database has them."""
    db = sqlite3.connect("file:%s/book/book.db?mode=ro" % server.data,
                         uri=True)
    try:
        return db.execute("SELECT seq, received_us, hash FROM entry "
                          "ORDER BY seq").fetchall()
    finally:
        db.close()


def one(tap, server, clock, title, first):
    server.under = ["env", "LD_PRELOAD=" + library(), "FAKETIME=" + clock,
                    "FAKETIME_DONT_FAKE_MONOTONIC=1",
                    "FAKETIME_DISABLE_SHM=1"]
    before, files = entries(server), segments(server)
    stored = server.stored() or 0
    try:
        server.start()
    except RuntimeError as why:
        tap.ok(False, "the clock %s: it starts" % title, why)
        return
    tap.ok(fill(server, first, 100), "the clock %s: lines are stored" % title,
           "\n".join(server.said[-5:]))
    done = server.cli("book", "add", "system", "sys-%d" % first,
                      "name=S", "unit=information")
    tap.equal(done.returncode, 0, "the clock %s: a row is written" % title)
    server.cli("log", "seal")
    tap.ok((server.stored() or 0) >= stored + 100,
           "the clock %s: no record is gone" % title, server.stored())
    server.stop()
    server.under = []
    after = entries(server)
    times = [us for _, us, _ in after]
    tap.ok(after[:len(before)] == before and len(after) > len(before) and
           [s for s, _, _ in after] == list(range(1, len(after) + 1)) and
           times == sorted(times),
           "the clock %s: no entry is lost, or out of order" % title,
           "%d before, %d after" % (len(before), len(after)))
    tap.ok(set(files) <= set(segments(server)),
           "the clock %s: nothing is deleted" % title)


def main():
    tap = Tap()
    if library() is None:
        tap.skip("clocks", "libfaketime is not installed")
        return tap.done()
    with Scratch() as folder:
        server = Server(folder + "/data")
        try:
            server.start()
            tap.ok(fill(server, 1, 500), "lines are stored")
            tap.equal(server.cli("log", "seal").returncode, 0, "and sealed")
            server.stop()
            for i, (clock, title) in enumerate(CLOCKS):
                one(tap, server, clock, title, 1000 * (i + 1))
            server.start()
            tap.ok(fill(server, 90000, 10), "the clock right again: lines "
                   "are stored")
            until(lambda: server.count("fill") is not None, 10)
            tap.equal(server.count("fill", "--since", "1970-01-01T00:00:00Z",
                                   "--until", "2200-01-01T00:00:00Z"),
                      500 + 100 * len(CLOCKS) + 10,
                      "every line ever sent is found")
            for words in (("log", "verify"), ("ledger", "verify")):
                done = server.cli(*words)
                tap.ok(done.returncode == 0, " ".join(words),
                       (done.stdout + done.stderr)[-1000:])
        finally:
            server.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
