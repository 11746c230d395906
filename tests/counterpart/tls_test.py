#!/usr/bin/env python3
"""rsyslog and syslog-ng send over TLS with client certificates; strangers are
kept out, by table. Prints TAP."""
import socket
import ssl
import sys

from certificates import Authority, fingerprint
from senders import (Rsyslog, Scratch, Server, SyslogNg, Tap, counted_lines,
                     unpack, until, write_lines)

NAME = "web01.agency.example"


def knock(to, certificate=None, line=None, oldest=None, newest=None):
    """One TLS connection of our own: None when it was refused, else the
    protocol spoken. The server's certificate is not looked at here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if oldest:
        context.minimum_version = oldest
    if newest:
        context.maximum_version = newest
    if certificate:
        context.load_cert_chain(*certificate)
    try:
        with socket.create_connection(to, 10) as plain, \
                context.wrap_socket(plain) as s:
            if line:
                s.sendall(line)
                s.unwrap()
                return s.version() or "TLS"
            # In TLS 1.3 a refusal comes after our side is done.
            s.settimeout(2)
            try:
                return None if s.recv(1) == b"" else "TLS"
            except socket.timeout:
                return s.version()
    except (ssl.SSLError, OSError):
        return None


def forward(tap, server, sender, n, word, title):
    lines = counted_lines(n, word)
    write_lines(sender.source, lines)
    with sender:
        count = server.wait_count(word, n, 60)
        said = sender.output()
    if not tap.equal(count, n, title):
        tap.note(said + "\n" + "\n".join(server.said[-10:]))
    got = [raw.decode("utf-8", "replace") for raw in server.raw(word)]
    got = [g[g.find(word + " line "):] for g in got]
    tap.ok(got == lines, title + ": whole and in order", got[:3])
    record = (server.records(word + " 第7行") or [{}])[0]
    return record


def trusted(tap, folder, good, bad):
    """Only certificates of one authority and one name come in."""
    web = good.make("someone else", [NAME])
    options = ["--syslog-tls-clients", "require", "--syslog-tls-ca",
               good.certificate, "--syslog-tls-names", NAME]
    with Server(folder + "/data", *options) as server:
        own = server.data + "/keys/tls.crt"
        to = server.listening["syslog-tls"]
        record = forward(tap, server, Rsyslog(
            folder, "tls", to, "rsyslogtls", tls=(own,) + web), 3000,
            "rsyslogtls", "rsyslog with its certificate")
        tap.equal(record.get("via"), "tls", "its records came over TLS")
        tap.ok(NAME in str(record.get("fields")),
               "and are shown with the name of its certificate",
               record)
        forward(tap, server, SyslogNg(
            folder, "syslog", to, "syslogngtls", tls=(own,) + web), 3000,
            "syslogngtls", "syslog-ng with the same")
        table = [
            ("no certificate", None),
            ("another authority", bad.make("x", [NAME])),
            ("another name", good.make("x", ["web02.agency.example"])),
            ("a longer name", good.make("x", [NAME + ".evil.example"])),
            ("a part of the name", good.make("x", ["web01.agency"])),
            ("the name behind another label", good.make("x", ["a." + NAME])),
            ("a wildcard that would fit", good.make(
                "x", ["*.agency.example"])),
            ("a wildcard for all", good.make("x", ["*"])),
            ("a partial wildcard", good.make("x", ["web*.agency.example"])),
            ("a wildcard in the middle", good.make(
                "x", ["web01.*.example"])),
            ("the common name, where there are DNS names", good.make(
                NAME, ["other.example"])),
            ("a wildcard as common name", good.make("*.agency.example")),
            ("a certificate for servers only", good.make(
                "x", [NAME], purpose="serverAuth")),
        ]
        before = server.count("knocking")
        for title, certificate in table:
            tap.equal(knock(to, certificate), None, "refused: " + title)
            knock(to, certificate, b"<13>1 - h a - - - knocking\n")
        tap.ok(knock(to, web), "let in: the listed name")
        tap.ok(knock(to, good.make("y", [NAME.upper()])),
               "let in: the same in capitals")
        tap.ok(knock(to, good.make(NAME)),
               "let in: as common name, where there is no other")
        tap.equal(knock(to, web, newest=ssl.TLSVersion.TLSv1_2), "TLSv1.2",
                  "TLS 1.2 is spoken")
        tap.equal(knock(to, web, oldest=ssl.TLSVersion.TLSv1_3), "TLSv1.3",
                  "TLS 1.3 is spoken")
        tap.equal((before, server.count("knocking")), (0, 0),
                  "no line of a refused sender was taken")

        def counted():
            stat = server.json("log", "stat") or {}
            return sum(row["n"] for row in stat.get("unread", [])
                       if row["reason"] == "tls-refused")
        until(lambda: counted() >= 2 * len(table), 12)
        tap.ok(counted() >= 2 * len(table),
               "each refusal is counted by sender", counted())


def listed(tap, folder, bad):
    """Fingerprints alone; a certificate may be left out."""
    mine, other = bad.make("pinned.example"), bad.make("other.example")
    options = ["--syslog-tls-clients", "ask", "--syslog-tls-fingerprints",
               fingerprint(mine[0])]
    with Server(folder + "/data2", *options) as server:
        to = server.listening["syslog-tls"]
        tap.ok(knock(to), "let in without certificate, where it is optional")
        tap.equal(knock(to, other), None, "refused: one that is not listed")
        tap.ok(knock(to, mine, b"<13>1 - h a - - - pinned line\n"),
               "let in: the listed fingerprint")
        tap.equal(server.wait_count('peer:"pinned.example"', 1, 20), 1,
                  "and found by its name")
        with socket.create_connection(to, 10) as s:
            s.sendall(b"<13>not TLS at all, but long enough to be read\n" * 9)
            s.settimeout(12)
            try:
                while s.recv(100):
                    pass
                ended = True
            except ConnectionError:
                ended = True
            except socket.timeout:
                ended = False
        tap.ok(ended, "who does not speak TLS is let go")


def main():
    tap = Tap()
    unpack("rsyslog", "rsyslog-gnutls", "rsyslog-relp", "syslog-ng-core")
    with Scratch() as folder:
        good = Authority(folder + "/good", "city authority")
        bad = Authority(folder + "/bad", "city authority")
        trusted(tap, folder, good, bad)
        listed(tap, folder, bad)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
