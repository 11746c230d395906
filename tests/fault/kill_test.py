#!/usr/bin/env python3
"""kill -9 of each process at random moments under load.

    tests/fault/kill_test.py [--rounds N] [--seed S]

A sender keeps one TCP connection full of counted lines. What `log stat` says
is durable before a kill must be found after it; lines that intake had when
another process died arrive all the same and once; numbers have no gap.
Prints TAP.
"""
import argparse
import os
import random
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402

ROLES = ["intake", "keeper", "sealer", "book", "reader", "rules", "signer", "gate",
         "web", "supervisor"]


class Load:
    """Counted lines without end, over one connection after another."""

    def __init__(self, server):
        self.server = server
        self.sent = 0
        self.connections = 0
        self.go = True
        self.pace = 0.002
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.go = False
        self.thread.join(30)

    def _run(self):
        while self.go:
            address = self.server.syslog
            try:
                if address is None:
                    raise OSError("the server is away")
                with socket.create_connection(address, 5) as s:
                    self.connections += 1
                    s.settimeout(30)
                    self._feed(s)
                    s.shutdown(socket.SHUT_WR)
                    s.recv(1)
            except OSError:
                time.sleep(0.05)

    def _feed(self, s):
        while self.go:
            batch = "".join("<13>1 - sender.test load - - - load %09d\n" % n
                            for n in range(self.sent + 1, self.sent + 21))
            s.sendall(batch.encode())
            self.sent += 20
            time.sleep(self.pace)


def numbers(server):
    """The numbers of the lines that are there, in order of storing."""
    return [int(raw.rpartition(b" ")[2]) for raw in server.raw("load")
            if raw.rpartition(b" ")[2].isdigit()]


def is_well(server):
    """All processes run and the reader answers."""
    if server.process.poll() is not None:
        return False
    running = server.processes()
    return all(running.get(r) for r in ROLES) and server.stored() is not None


def kill_one(server, role):
    pids = server.processes().get(role) or []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return bool(pids)


def orphans_end(server, before):
    """After the supervisor's death its processes end by themselves."""
    pids = [p for ps in before.values() for p in ps]
    return until(lambda: not any(os.path.exists("/proc/%d/fd" % p) and
                                 alive(p) for p in pids), 20)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def one_round(server, role):
    """Kill, come back, compare; a line that says what is wrong, or None."""
    durable = server.stored()
    if durable is None:
        return "log stat gave no answer before the kill"
    before = server.processes()
    if not kill_one(server, role):
        return "%s was not running" % role
    if role == "supervisor":
        server.process.wait(20)
        if not orphans_end(server, before):
            return "processes outlived the supervisor"
        server.start()
    if not until(lambda: is_well(server), 60, 0.2):
        return "not well again: %s\n%s" % (server.processes(),
                                           "\n".join(server.said[-20:]))
    after = server.stored()
    if after is None or after < durable:
        return "%d were durable, %s are there" % (durable, after)
    return None


def kill_rounds(tap, server, load, rounds, chance):
    """Every role in turn, in a new order each time."""
    wrong = {role: [] for role in ROLES}
    deck = []
    killed = dict.fromkeys(ROLES, 0)
    for n in range(rounds):
        if not deck:
            deck = ROLES[:]
            chance.shuffle(deck)
        role = deck.pop()
        killed[role] += 1
        time.sleep(chance.uniform(0.02, 0.5))
        problem = one_round(server, role)
        if problem:
            wrong[role].append("round %d: %s" % (n + 1, problem))
            if server.process.poll() is not None:
                break
    for role in ROLES:
        tap.ok(not wrong[role] and (killed[role] or rounds < len(ROLES)),
               "kill -9 of %s, %d times: nothing durable is lost" % (
                   role, killed[role]), "\n".join(wrong[role]))
    tap.note("%d lines sent over %d connections" % (load.sent,
                                                    load.connections))


def no_loss_behind_intake(tap, server, chance):
    """With intake alive, its lines survive the others' deaths, and arrive
    once: it waits and asks again with the same batch number."""
    with Load(server) as load:
        for role in ("keeper", "book", "signer", "keeper", "reader"):
            time.sleep(chance.uniform(0.1, 0.5))
            kill_one(server, role)
            until(lambda: is_well(server), 60, 0.2)
        first = load.connections
    until(lambda: len(set(numbers(server))) >= load.sent, 60, 0.5)
    got = numbers(server)
    tap.ok(first == 1, "the sender's connection outlives keeper and book",
           "%d connections" % first)
    tap.equal(sorted(set(got)), list(range(1, load.sent + 1)),
              "every line sent is there")
    tap.equal(len(got), len(set(got)), "and none twice")
    tap.equal(got, sorted(got), "and in order")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=2)
    given = arguments.parse_args()
    chance = random.Random(given.seed)
    tap = Tap()
    tap.note("seed %d" % given.seed)
    with Scratch() as folder, Server(folder + "/data") as server:
        no_loss_behind_intake(tap, server, chance)
    with Scratch() as folder, Server(folder + "/data") as server:
        with Load(server) as load:
            kill_rounds(tap, server, load, given.rounds, chance)
        got = numbers(server)
        tap.ok(got and got == sorted(set(got)),
               "no line is there twice, and all are in order", len(got))
        tap.equal(server.cli("log", "seal").returncode, 0,
                  "what is left can be sealed")
        done = server.cli("log", "verify")
        tap.ok(done.returncode == 0, "and the vault verifies, without a gap",
               done.stdout + done.stderr)
        done = server.cli("ledger", "verify")
        tap.ok(done.returncode == 0, "and the log verifies",
               done.stdout + done.stderr)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
