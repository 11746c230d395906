#!/usr/bin/env python3
"""rsyslog's omrelp and a RELP sender of our own: an answered line is a durable
line, also when processes are killed in between. Prints TAP."""
import os
import signal
import sys
import threading
import time

from relp import Relp
from senders import (Rsyslog, Scratch, Server, Tap, counted_lines, unpack,
                     until, write_lines)


def line(word, n):
    return b"<13>1 2026-11-22T10:00:00Z relp.test app - - - %s line %d" % (
        word, n)


def real(tap, server, folder):
    """omrelp, while intake and keeper are killed under it."""
    lines = counted_lines(20000, "omrelp")
    s = Rsyslog(folder, "relp", server.listening["relp"], "omrelp")
    write_lines(s.source, lines)
    with s:
        until(lambda: (server.count("omrelp") or 0) > 1000, 30)
        for role in ("keeper", "intake", "keeper"):
            for pid in server.processes().get(role, []):
                os.kill(pid, signal.SIGKILL)
            time.sleep(1)
        count = server.wait_count("omrelp", len(lines), 60)
        said = s.output()
    tap.ok(count and count >= len(lines),
           "rsyslog omrelp: no line lost by three kills", "%s\n%s" % (
               count, said))
    got = {raw.decode("utf-8", "replace").partition("omrelp line ")[2]
           for raw in server.raw("omrelp")}
    missing = [n for n in lines if n.partition("line ")[2] not in got]
    tap.equal(missing[:5], [], "every one of them is there, whole")
    record = (server.records('"omrelp line 000007"') or [{}])[0]
    tap.equal((record.get("via"), record.get("host")), ("relp", "sender.test"),
              "and came over RELP")


def waits(tap, server):
    """No answer while keeper stands still."""
    keeper = server.processes()["keeper"][0]
    with Relp(server.listening["relp"]) as r:
        r.send([line(b"early", 0)])
        tap.equal(r.answers(10, 1), 1, "a line is answered")
        os.kill(keeper, signal.SIGSTOP)
        try:
            r.send([line(b"early", 1)])
            tap.equal(r.answers(1.5, 1), 0,
                      "no answer before the line is durable")
        finally:
            os.kill(keeper, signal.SIGCONT)
        tap.equal(r.answers(10, 1), 1, "it comes once it is")
        r.frame(b"close")
        try:
            n = r.answers(5, 9)
        except ConnectionError:
            n = -1
        tap.equal(n, -1, "a closed session ends")


def repeated(tap, server):
    """What is sent again after a broken connection is marked."""
    keeper = server.processes()["keeper"][0]
    os.kill(keeper, signal.SIGSTOP)
    try:
        with Relp(server.listening["relp"]) as r:
            r.send([line(b"again", n) for n in range(3)])
            time.sleep(0.5)
    finally:
        os.kill(keeper, signal.SIGCONT)
    with Relp(server.listening["relp"]) as r:
        r.send([line(b"again", n) for n in range(3)]
               + [line(b"fresh", n) for n in range(3)])
        r.answers(10, 6)
    server.wait_count("again", 6, 20)
    tap.equal((server.count("again"), server.count("again repeat:1"),
               server.count("fresh repeat:1")), (6, 3, 0),
              "lines sent again are kept and marked, new ones are not")


class Pusher(threading.Thread):
    """Sends numbered lines, again and again what is not answered, until told
    to stop; `answered` is the truth outside of the server."""

    def __init__(self, to, word):
        super().__init__(daemon=True)
        self.to = to
        self.word = word
        self.answered = set()
        self.n = 0
        self.stop = False

    def run(self):
        waiting = []
        while not self.stop or waiting:
            try:
                with Relp(self.to) as r:
                    if waiting:
                        r.send(waiting)
                    while not self.stop or r.sent:
                        room = 128 - len(r.sent)
                        if room > 0 and not self.stop:
                            r.send([line(self.word, self.n + i)
                                    for i in range(room)])
                            self.n += room
                        waiting = list(r.sent.values())
                        try:
                            r.answers(5, 1)
                        finally:
                            self.answered.update(r.answered)
                            r.answered = []
                            waiting = list(r.sent.values())
            except OSError:
                time.sleep(0.05)


def killed(tap, server, seconds=8):
    """D1: kill -9 of keeper and intake at many moments."""
    pushers = [Pusher(server.listening["relp"], b"pusher%d" % i)
               for i in range(3)]
    for p in pushers:
        p.start()
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < end:
        time.sleep(0.37)
        for role in ("keeper", "intake") if kills % 3 == 0 else ("keeper",):
            for pid in server.processes().get(role, []):
                os.kill(pid, signal.SIGKILL)
                kills += 1
        time.sleep(0.8)
    for p in pushers:
        p.stop = True
    for p in pushers:
        p.join(60)
    answered = set().union(*(p.answered for p in pushers))
    time.sleep(0.5)
    stored = set()
    for i in range(len(pushers)):
        stored.update(server.raw("pusher%d" % i))
    lost = sorted(answered - stored)
    tap.ok(not lost and len(answered) > 300,
           "no answered line is lost by %d kills" % kills,
           "%d answered, %d lost: %r" % (len(answered), len(lost), lost[:3]))
    tap.note("%d lines answered" % len(answered))


def hostile(tap, server):
    """What is no RELP is let go, and nothing else suffers."""
    cases = [
        (b"0 open 0\n", "number 0"),
        (b"1 syslog 3 abc\n", "a line before open"),
        (b"9999999999 open 0\n", "a number of ten digits"),
        (b"1 " + b"a" * 40 + b" 0\n", "a command without end"),
        (b"1 open 99999999 " + b"x" * 100, "offers without end"),
        (b"1 open 17 relp_version=0\nx\nGARBAGE\n", "a wrong length"),
        (b"GET / HTTP/1.1\r\n\r\n", "a browser"),
    ]
    for data, title in cases:
        with Relp(server.listening["relp"], greet=False) as r:
            r.socket.sendall(data)
            try:
                r.answers(5, 5)
                closed = False
            except ConnectionError:
                closed = True
        tap.ok(closed, "let go: " + title)
    with Relp(server.listening["relp"]) as r:
        r.send([b"<13>1 - relp.test app - - - long " + b"x" * 200000])
        r.send([b"<13>1 - relp.test app - - - after the long one"])
        tap.equal(r.answers(10, 2), 2,
                  "a line that is too long is cut and answered")
    server.wait_count('"after the long one"', 1, 10)
    record = (server.records("long") or [{}])[0]
    tap.equal(record.get("parse"), "cut", "and marked as cut")


def main():
    tap = Tap()
    unpack("rsyslog", "rsyslog-relp")
    with Scratch() as folder, Server(folder + "/data") as server:
        waits(tap, server)
        repeated(tap, server)
        hostile(tap, server)
        real(tap, server, folder)
        killed(tap, server)
        tap.equal(server.process.poll(), None, "the server still runs")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
