#!/usr/bin/env python3
"""A sync that fails once: nothing more is acknowledged from that file, the
process stops and is started again, and it is said within 5 s. A quota that
ends (EDQUOT): nothing is acknowledged, taking in goes on afterwards.

The failure is put under the running product by tests/power/plant.c. Prints
TAP.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "power"))
from harness import Scratch, Server, Tap, until  # noqa: E402
from kill_test import Load, is_well, numbers  # noqa: E402
from power_test import Planted  # noqa: E402


def alarmed(server, role, since, pid):
    """Seconds until the health answer or the log told of it, and how."""
    begun = time.monotonic()

    def said():
        lines = [x for x in server.said[since:]
                 if "sync" in x or "Input/output" in x or "ended" in x]
        restarted = server.processes().get(role) not in ([pid], None)
        return lines and restarted and lines
    lines = until(said, 10, 0.05)
    return time.monotonic() - begun, lines


def one(tap, server, plant, way, role, title):
    pid = (server.processes().get(role) or [0])[0]
    since = len(server.said)
    before = plant.count()
    plant.set(way)
    tap.ok(until(lambda: plant.count() != 0 or before != 0, 20, 0.02),
           "%s: one sync fails" % title)
    took, lines = alarmed(server, role, since, pid)
    tap.ok(lines and took <= 5, "%s: said within 5 s, and %s is started "
           "again" % (title, role), "%.1f s\n%s" % (
               took, "\n".join(server.said[since:])))
    tap.ok(until(lambda: is_well(server), 60, 0.2),
           "%s: all is well again" % title, "\n".join(server.said[-10:]))


def main():
    tap = Tap()
    with Scratch() as folder:
        os.chmod(folder, 0o755)
        plant = Planted(folder)
        with Server(folder + "/data", under=plant.under()) as server, \
                Load(server) as load:
            until(lambda: (server.stored() or 0) > 100, 20)
            one(tap, server, plant, "E", "keeper", "a journal")
            there = server.stored() or 0
            until(lambda: (server.stored() or 0) > there + 50, 20)
            one(tap, server, plant, "B", "book", "the book")
            there = server.stored() or 0
            plant.set("Q")
            time.sleep(1)
            full = server.stored() or 0
            time.sleep(1)
            tap.ok((server.stored() or 0) == full,
                   "no quota: nothing more is acknowledged", full)
            plant.set("N")
            tap.ok(until(lambda: (server.stored() or 0) > full, 15),
                   "quota again: taking in goes on",
                   "\n".join(server.said[-10:]))
            load.go = False
            load.thread.join(30)
            until(lambda: len(set(numbers(server))) >= load.sent, 60, 0.5)
            got = numbers(server)
            tap.ok(got == sorted(set(got)) and
                   (load.connections > 1 or len(got) == load.sent),
                   "every line is there, once and in order",
                   "%d sent, %d there, %d connections" % (
                       load.sent, len(got), load.connections))
            done = server.cli("log", "verify")
            tap.ok(done.returncode == 0, "the vault verifies",
                   done.stdout + done.stderr)
            done = server.cli("ledger", "verify")
            tap.ok(done.returncode == 0, "the log verifies",
                   done.stdout + done.stderr)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
