#!/usr/bin/env python3
"""The rig judged: every sender delivers counted lines, whole and in order, to
a sink of a few lines. What Beimen later lacks is then not the sender's."""
import sys

from senders import (Rsyslog, Scratch, Sink, SyslogNg, Tap, counted_frames,
                     counted_lines, logger, newline_frames, unpack, until,
                     write_lines)

LINES = counted_lines(300)
# A burst that fits into a socket's buffer of the size every kernel gives.
DATAGRAMS = counted_lines(80)


def in_order(frames):
    """The numbered part of each frame, as sent. Both rsyslog and syslog-ng
    put a newline inside the counted frame."""
    found = []
    for frame in frames:
        text = frame.decode("utf-8")
        at = text.find("counted line ")
        if at >= 0:
            found.append(text[at:].removesuffix("\n"))
    return found


def delivers(tap, title, sender, sink, frames, lines):
    write_lines(sender.source, lines)
    with sender:
        until(lambda: len(in_order(frames(sink))) >= len(lines), 20)
    got = in_order(frames(sink))
    tap.ok(got == lines, title, "%d lines\n%s\n%s" % (
        len(got), got[:3], sender.output()))


def all_streams(split):
    def frames(sink):
        found = []
        for stream in list(sink.streams):
            try:
                found += split(stream)
            except ValueError:
                return []
        return found
    return frames


def main():
    tap = Tap()
    unpack("rsyslog", "syslog-ng-core")
    cases = [
        (Rsyslog, "udp", lambda sink: list(sink.datagrams)),
        (Rsyslog, "tcp", all_streams(newline_frames)),
        (Rsyslog, "tcp-counted", all_streams(counted_frames)),
        (SyslogNg, "network", all_streams(newline_frames)),
        (SyslogNg, "syslog", all_streams(counted_frames)),
    ]
    for sender, how, frames in cases:
        with Scratch() as folder, Sink() as sink:
            delivers(tap, "rig: %s %s sends every line in order" % (
                sender.__name__, how), sender(folder, how, sink.address),
                sink, frames, DATAGRAMS if how == "udp" else LINES)
    with Sink() as sink:
        said = [logger(sink.address, how, "--tag", "hello", "one " + how[-1])
                for how in (["--udp"], ["--tcp"], ["--tcp", "--octet-count"])]
        came = until(lambda: len(sink.datagrams) == 1 and
                     len(sink.streams) == 2 and all(sink.streams), 10)
        tap.ok(came, "rig: logger sends by datagram and by both framings",
               (sink.datagrams, sink.streams, said))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
