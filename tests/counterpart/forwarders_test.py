#!/usr/bin/env python3
"""rsyslog and syslog-ng forward counted lines to a real server; every line is
there once, whole and in order. Prints TAP."""
import sys

from senders import (Rsyslog, Scratch, Server, SyslogNg, Tap, counted_lines,
                     unpack, write_lines)

WAYS = [
    (Rsyslog, "udp", 80, "rfc3164"),
    (Rsyslog, "tcp", 5000, "rfc3164"),
    (Rsyslog, "tcp-counted", 5000, "rfc5424"),
    (SyslogNg, "network", 5000, "rfc3164"),
    (SyslogNg, "syslog", 5000, "rfc5424"),
]


def message(raw, word):
    """What follows the header, from the counting word on."""
    text = raw.decode("utf-8", "replace")
    at = text.find(word + " line ")
    return text[at:].rstrip("\n") if at >= 0 else text


def forward(tap, server, folder, sender, how, n, parse):
    name = "%s %s" % (sender.__name__, how)
    word = (sender.__name__ + how).lower().replace("-", "")
    lines = counted_lines(n, word)
    s = sender(folder, how, server.syslog, tag=word)
    write_lines(s.source, lines)
    with s:
        count = server.wait_count(word, n, 60)
        said = s.output()
    tap.equal(count, n, "%s: %d lines are counted" % (name, n))
    got = [message(raw, word) for raw in server.raw(word)]
    if not tap.ok(got == lines, "%s: every line once, whole, in order" % name,
                  "%d lines\n%s\n%s" % (len(got), first_wrong(got, lines),
                                        said)):
        return
    records = server.records(word + " 第7行") or [{}]
    tap.equal((records[0].get("host"), records[0].get("parse")),
              ("sender.test", parse),
              "%s: the header is understood" % name)


def first_wrong(got, wanted):
    for n, (a, b) in enumerate(zip(got, wanted)):
        if a != b:
            return "line %d: %r, wanted %r" % (n + 1, a, b)
    return "no wrong line among the first %d" % min(len(got), len(wanted))


def main():
    tap = Tap()
    unpack("rsyslog", "syslog-ng-core")
    with Scratch() as folder, Server(folder + "/data") as server:
        for sender, how, n, parse in WAYS:
            forward(tap, server, folder, sender, how, n, parse)
        done = server.cli("log", "seal")
        tap.equal(done.returncode, 0, "all of it can be sealed")
        done = server.cli("log", "verify")
        tap.ok(done.returncode == 0, "and verified", done.stdout + done.stderr)
        total = sum(n for _, _, n, _ in WAYS)
        tap.equal(server.count("line"), total,
                  "and is found in the segments as it was in the inbox")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
