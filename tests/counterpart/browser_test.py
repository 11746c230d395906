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


def fill(server):
    """Records of every kind, stored before the browser comes."""
    city = City(7)
    before = server.stored() or 0
    with socket.create_connection(server.syslog, 5) as s:
        for n in range(RECORDS):
            s.sendall(city.line(n).encode("utf-8"))
        s.shutdown(socket.SHUT_WR)
    return until(lambda: (server.stored() or 0) >= before + RECORDS, 60)


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
                     PASSWORD=password, STORES="1")).returncode


if __name__ == "__main__":
    sys.exit(main())
