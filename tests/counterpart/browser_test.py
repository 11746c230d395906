#!/usr/bin/env python3
"""What a person does, in Chromium, against a real server that holds records of
every kind. tests/journey/run.mjs drives the browser and prints the TAP.
"""
import os
import socket
import subprocess
import sys

from senders import SRC, Scratch, Server, until

sys.path.insert(0, SRC + "/bench")
from lines import City  # noqa: E402

RECORDS = 2000


def hostile():
    """Records that try to be more than text, in every part of a record."""
    with open(SRC + "/tests/counterpart/hostile.txt", encoding="utf-8") as f:
        for text in f.read().splitlines():
            yield "<13>1 - sender.test hostile - - - %s\n" % text
            word = text.replace(" ", "")[:40]
            yield "<13>1 - %s %s - - - in host and program\n" % (word, word)
            yield '<86>1 - sender.test sshd 1 - - Failed password for ' \
                "%s from 192.0.2.1 port 22 ssh2\n" % word


def fill(server):
    """Records of every kind, stored and in part sealed before the browser
    comes; the hostile ones are the newest."""
    city = City(7)
    for lines in ([city.line(n) for n in range(RECORDS)], list(hostile())):
        before = server.stored() or 0
        with socket.create_connection(server.syslog, 5) as s:
            s.sendall("".join(lines).encode("utf-8"))
            s.shutdown(socket.SHUT_WR)
        if not until(lambda: (server.stored() or 0) >= before + len(lines),
                     60):
            return False
        server.cli("log", "seal")
    return True


def main():
    with Scratch() as folder, Server(folder + "/data", "--host",
                                     "localhost") as server:
        if not fill(server) or not server.administrator:
            print("Bail out! the server has no records or no administrator")
            return 1
        name, password = server.administrator
        return subprocess.run(
            ["node", SRC + "/tests/journey/run.mjs"],
            stdin=subprocess.DEVNULL, check=False,
            env=dict(os.environ, BASE_URL=server.web, ACCOUNT=name,
                     PASSWORD=password, STORES="1", PAYLOADS="1")).returncode


if __name__ == "__main__":
    sys.exit(main())
