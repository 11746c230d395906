#!/usr/bin/env python3
"""From a log line to a detection that cites it, over the running server.
TAP."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402

OWN = """title: A door nobody should open
name: forbidden-door
level: high
logsource: {product: beimen, service: any}
detection:
  words: ['forbidden door opened']
  condition: words
"""
WRONG = """title: Wrong
name: wrong
logsource: {product: beimen, service: any}
detection:
  words: [x]
  condition: words and missing
"""


def send(server, *lines):
    with socket.create_connection(server.syslog, timeout=10) as s:
        s.sendall("".join(line + "\n" for line in lines).encode())


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def seen(server, rule):
    """The detections of a rule, once there is one."""
    answer = server.json("detection", "list", rule)
    return (answer or {}).get("detections") or None


def main():
    tap = Tap()
    with Scratch() as folder:
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        os.chmod(folder, 0o755)
        for name, text in (("door.yml", OWN), ("wrong.yml", WRONG)):
            with open(os.path.join(rules, name), "w") as f:
                f.write(text)
        with Server(os.path.join(folder, "data"),
                    "--detections", rules) as server:
            send(server, *[
                "<86>1 %s web01 sshd 10 - - Failed password for root from "
                "203.0.113.9 port 52%d ssh2" % (now(), i) for i in range(6)])
            found = until(lambda: seen(server, "brute-force"), 30)
            tap.ok(found, "six wrong passwords are told within seconds",
                   "\n".join(server.said))
            one = found[0] if found else {}
            tap.equal(one.get("subject"), "root", "of the account they guess")
            shown = server.json("detection", "show", one.get("id", "0.0"))
            cites = (shown or {}).get("cites", [])
            tap.equal(len(cites), 5, "it cites the five that decided it")
            # A cited record is there to be read, and is one of them.
            text = server.cli("log", "search", "Failed password").stdout
            tap.ok(cites and "203.0.113.9" in text, "which can be searched")

            send(server, "<86>1 %s web01 sshd 10 - - Accepted password for "
                 "root from 203.0.113.9 port 5299 ssh2" % now())
            later = until(lambda: seen(server, "brute-force-success"), 30)
            tap.ok(later, "the sign-in that follows is told too")
            tap.equal(later and later[0].get("first"), one.get("first"),
                      "as a row of the same attack")

            send(server, "<13>1 %s gate01 door 1 - - Forbidden door opened"
                 % now())
            tap.ok(until(lambda: seen(server, "forbidden-door"), 30),
                   "a rule of the agency's own is used")
            listed = server.json("detection", "rules")
            tap.ok(any("wrong.yml:6" in m and "missing" in m
                       for m in listed["mistakes"]),
                   "one that is wrong is named with file and line",
                   listed["mistakes"])
            tap.ok(len(listed["rules"]) > 15, "beside those that are shipped")
            text = server.cli("detection", "rules", "brute-force").stdout
            tap.ok("event_count" in text, "the text of a rule can be read")

            done = server.cli("book", "add", "host", "pc1", "name=pc1",
                              "mac=00-11-22-33-44-55")
            tap.ok(done.returncode == 0, "a host is registered", done.stderr)
            lease = "<30>1 %s gw dhcpd 1 - - DHCPACK on 192.0.2.%d to %s (x) via eth0"
            mac = "00:11:22:33:44:99"
            told = None
            for _ in range(20):  # book's rules reach keeper within seconds
                send(server, lease % (now(), 7, "00:11:22:33:44:55"),
                     lease % (now(), 8, mac))
                told = until(lambda: seen(server, "unknown-device"), 3)
                if told:
                    break
            tap.equal([d["subject"] for d in told or []], [mac],
                      "a device nobody registered is told, the other not")

            done = server.cli("book", "add", "answer", "a1",
                              "source=%s" % one.get("source"),
                              "detection=%s" % one.get("n"),
                              "action=封鎖來源", "by=admin",
                              "at=%s" % now())
            if done.returncode != 0:
                tap.ok(False, "an answer is entered", done.stderr)
            else:
                open_ = server.json("detection", "list", "brute-force",
                                    "--open")
                tap.equal(open_["detections"], [],
                          "an answer takes it off the unanswered")
            server.restart()
            again = seen(server, "brute-force")
            tap.equal([d["id"] for d in again or []],
                      [d["id"] for d in found or []],
                      "after a restart there are as many, numbered the same")
            tap.equal(server.cli("detection", "show", "9.99").returncode, 1,
                      "what is not there exits with 1")
    done = Server("").cli("detection", "test")
    tap.ok(done.returncode == 0 and " 0 wrong" in done.stdout and
           " 0 failed" in done.stdout, "the shipped rules pass their tests",
           done.stdout + done.stderr)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
