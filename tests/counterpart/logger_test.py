#!/usr/bin/env python3
"""util-linux logger sends to a real server by datagram, by newline and by
octet count. Prints TAP."""
import sys

from senders import Scratch, Server, Tap, logger

WAYS = (("udp", ["--udp"]), ("newline", ["--tcp"]),
        ("counted", ["--tcp", "--octet-count"]))


def one(tap, server, way, options):
    word = "hello" + way
    logger(server.syslog, options, "--tag", "portal", "--priority",
           "auth.warning", "%s 北門 第一行" % word)
    server.wait_count(word, 1, 20)
    found = server.records(word) or []
    if not tap.equal(len(found), 1, "logger by %s is found once" % way):
        return
    r = found[0]
    tap.equal(r["message"].rstrip("\n"), "%s 北門 第一行" % word,
              "logger by %s: the message is whole" % way)
    tap.equal((r["app"], r["facility"], r["severity"], r["sender"]),
              ("portal", 4, 4, "127.0.0.1"),
              "logger by %s: the header is understood" % way)
    tap.equal((r["via"], r["parse"]),
              ("udp" if way == "udp" else "tcp", "rfc5424"),
              "logger by %s: how it came is kept" % way)


def main():
    tap = Tap()
    with Scratch() as folder, Server(folder + "/data") as server:
        for way, options in WAYS:
            one(tap, server, way, options)
        logger(server.syslog, ["--udp", "--rfc3164"], "--tag", "old",
               "oldform of syslog")
        server.wait_count("oldform", 1, 20)
        found = server.records("oldform") or [{}]
        tap.equal((found[0].get("parse"), found[0].get("app")),
                  ("rfc3164", "old"), "logger in the old form is understood")
        long = "long" + "x" * 8000 + "end"
        logger(server.syslog, ["--tcp", "--octet-count", "--size", "16k"],
               "--tag", "long", long)
        server.wait_count("app:long", 1, 20)
        found = server.records("app:long") or [{"message": ""}]
        tap.ok(found[0]["message"].rstrip("\n") == long,
               "a line of 8,000 bytes arrives whole",
               len(found[0]["message"]))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
