#!/usr/bin/env python3
"""100,000 lines from rsyslog over TCP arrive whole and in order, are found by
a rare word, and one of them is proved with the server stopped, by our own
command and by the independent checker. Prints TAP."""
import json
import subprocess
import sys

from forwarders_test import first_wrong, message
from senders import (SRC, Rsyslog, Scratch, Server, Tap, counted_lines, unpack,
                     write_lines)

N = 100000
RARE = "qx77777zj"


def arrive(tap, server, folder):
    lines = counted_lines(N, "whole", rare=(77776, RARE))
    sender = Rsyslog(folder, "tcp", server.syslog, tag="whole")
    write_lines(sender.source, lines)
    with sender:
        count = server.wait_count("whole", N, 120)
    tap.equal(count, N, "100,000 lines from rsyslog are counted")
    got = [message(raw, "whole") for raw in server.raw("whole")]
    tap.ok(got == lines, "they are whole and in order",
           "%d\n%s" % (len(got), first_wrong(got, lines)))
    done = server.cli("log", "seal")
    tap.ok(done.returncode == 0, "they are sealed", done.stderr)
    found = server.records(RARE) or []
    tap.equal([r["message"].endswith(RARE) for r in found], [True],
              "one is found by its rare word")
    return found[0]["id"] if found else "none"


def checker(bundle, key):
    return subprocess.run([sys.executable, SRC + "/tools/check_proof.py",
                           bundle, "--key", key], capture_output=True,
                          text=True, check=False)


def prove(tap, server, folder, record, key):
    bundle = folder + "/proof.json"
    done = server.cli("log", "prove", record)
    tap.ok(done.returncode == 0, "it is proved with the server stopped",
           done.stderr)
    with open(bundle, "w", encoding="utf-8") as f:
        f.write(done.stdout)
    done = server.cli("ledger", "check", bundle, "--key", key)
    tap.ok(done.returncode == 0, "beimen ledger check accepts the proof",
           done.stdout + done.stderr)
    done = checker(bundle, key)
    tap.ok(done.returncode == 0, "the independent checker accepts it",
           done.stdout + done.stderr)
    try:
        with open(bundle, encoding="utf-8") as f:
            shown = json.load(f)
    except ValueError as problem:
        tap.ok(False, "the bundle is JSON", problem)
        return
    tap.ok(RARE in shown["record"]["text"], "the proof shows the record",
           shown["record"])
    shown["record"]["text"] = shown["record"]["text"].replace("7", "8")
    with open(bundle, "w", encoding="utf-8") as f:
        json.dump(shown, f)
    tap.equal((checker(bundle, key).returncode,
               server.cli("ledger", "check", bundle, "--key",
                          key).returncode), (1, 1),
              "both refuse it when the record shown is another")


def main():
    tap = Tap()
    unpack("rsyslog")
    with Scratch() as folder, Server(folder + "/data") as server:
        record = arrive(tap, server, folder)
        logs = (server.json("ledger", "list") or {}).get("logs") or [{}]
        key = logs[0].get("key") or ""
        tap.ok(key.count("+") >= 2, "the log's key can be had", logs)
        server.stop()
        tap.equal(server.process.returncode, 0, "the server ends in order")
        prove(tap, server, folder, record, key)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
