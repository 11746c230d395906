#!/usr/bin/env python3
"""Rules of the city's own: tried by command, imported from a liblognorm rule
base, and used by the server before ours. TAP."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap  # noqa: E402

RULEBASE = """version=2
prefix=turnstile: 
rule=door:%user:word% opened gate %gate:number%
rule=other:keep %x:repeat{"parser":{"type":"word"}}%
annotate=door:+action="opened"
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def send(server, *lines):
    with socket.create_connection(server.syslog, timeout=10) as s:
        s.sendall("".join(line + "\n" for line in lines).encode())


def commands(tap, server, folder):
    """What needs no server; the file that was imported."""
    done = server.cli("normalize", "test")
    tap.ok(done.returncode == 0 and "tests passed" in done.stdout,
           "our own rules pass their tests", done.stdout + done.stderr)
    base = write(os.path.join(folder, "gates.rulebase"), RULEBASE)
    mine = os.path.join(folder, "rules", "gates.yaml")
    done = server.cli("normalize", "import", base, "-o", mine)
    tap.ok(done.returncode == 1 and ":4: parser \"repeat\"" in done.stderr,
           "what an import leaves out is named with its line", done.stderr)
    done = server.cli("normalize", "test", mine)
    tap.ok(done.returncode == 0 and done.stdout.startswith("1 rules, 1 test"),
           "what was imported passes the test made for it",
           done.stdout + done.stderr)
    with open(mine, encoding="utf-8") as f:
        text = f.read()
    bad = write(os.path.join(folder, "bad.yaml"),
                text.replace("gives: {category: door",
                             "gives: {category: other"))
    done = server.cli("normalize", "test", bad)
    tap.ok(done.returncode == 1 and "not ok" in done.stdout
           and "bad.yaml:" in done.stdout,
           "a test that fails is told with file and line", done.stdout)
    return bad


def main():
    tap = Tap()
    with Scratch() as folder:
        os.mkdir(os.path.join(folder, "rules"))
        os.chmod(folder, 0o755)
        server = Server(os.path.join(folder, "data"), "--normalize",
                        os.path.join(folder, "rules"))
        bad = commands(tap, server, folder)
        with server:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            send(server, "<13>1 %s gate1 ctl - - - turnstile: alice opened "
                 "gate 3" % stamp)
            tap.equal(server.wait_count("category:door user:alice", 1), 1,
                      "a rule of the city's own decides at the server")
        wrong = Server(os.path.join(folder, "other"), "--normalize", bad)
        try:
            wrong.start(20)
            said = ""
            wrong.stop()
        except RuntimeError as error:
            said = str(error)
        tap.ok("bad.yaml:" in said,
               "a wrong rule keeps the server from starting, and is named",
               said)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
