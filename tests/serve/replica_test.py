#!/usr/bin/env python3
"""A second host holds what the first one sealed, proves it, and notices when
the first one changes its story (clause 12.4). Prints TAP."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import BEIMEN, Scratch, Server, Tap, until  # noqa: E402


def segments_of(data):
    found = {}
    for place, _, names in os.walk(data + "/vault/segments"):
        for name in names:
            if name.endswith(".seg"):
                with open(os.path.join(place, name), "rb") as f:
                    found[name] = f.read()
    return found


class Copy:
    """`beimen replica` against a server, one round at a time."""

    def __init__(self, server, folder, name="host2"):
        self.server = server
        self.data = folder + "/" + name
        self.key = folder + "/" + name + ".key"
        self.name = name

    def round(self):
        url = self.server.web[self.server.web.index(":"):].rpartition(
            ":")[2].strip("/")
        return subprocess.run(
            [BEIMEN, "replica", "from", "https://127.0.0.1:" + url,
             "--key-file", self.key, "--ca",
             self.server.data + "/keys/tls.crt", "--name", self.name,
             "--once", "--data", self.data], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False)

    def check(self):
        return subprocess.run(
            [BEIMEN, "replica", "check", "--data", self.data],
            capture_output=True, text=True, timeout=120, check=False)

    def write_key(self, key):
        with open(self.key, "w", encoding="utf-8") as f:
            f.write(key)


def log_lines(server, word, n):
    lines = "".join("<13>1 - sender.test %s - - - line %d\n" % (word, i)
                    for i in range(n))
    subprocess.run(
        [sys.executable, "-c",
         "import socket,sys\n"
         "s=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n"
         "s.sendall(sys.stdin.buffer.read());s.shutdown(1);s.recv(1)",
         server.syslog[0], str(server.syslog[1])],
        input=lines.encode(), check=True, timeout=60)
    server.wait_count(word, n)
    server.cli("log", "seal")


def state_of(server, clause):
    verdicts = server.json("verdict", "--clause", clause)["verdicts"]
    return verdicts[0]["state"]


def key_make(server, copy):
    """An auditor's account for the second host, and its key."""
    steps = [
        ["book", "add", "person", "copy", "name=副本主機"],
        ["book", "add", "appointment", "-", "person=copy", "role=auditor",
         "from=2026-01-01"],
        ["account", "add", "copy", "--person", "main/copy"]]
    for step in steps:
        done = server.cli(*step)
        if done.returncode != 0:
            return done
    done = server.cli("account", "key", "copy")
    copy.write_key(done.stdout)
    return done


def story(tap, folder, server):
    copy = Copy(server, folder)
    copy.write_key("00" * 32)
    log_lines(server, "first", 500)
    done = copy.round()
    tap.equal(done.returncode, 3, "without a key nothing is given")
    tap.ok("key does not open" in done.stderr, "and it says why",
           done.stderr)
    made = key_make(server, copy)
    tap.equal(made.returncode, 0, "an account gets a key")
    tap.equal(state_of(server, "12.4"), "not adopted",
              "12.4 is not adopted before the first report")
    done = copy.round()
    tap.ok(done.returncode == 0, "a round copies logs and segments",
           done.stdout + done.stderr)
    tap.ok(len(segments_of(copy.data)) > 0 and
           segments_of(copy.data) == segments_of(server.data),
           "the segments are the same, byte for byte")
    tap.ok(until(lambda: state_of(server, "12.4") == "adopted", 15),
           "12.4 is adopted", state_of(server, "12.4"))
    log_lines(server, "second", 300)
    done = copy.round()
    tap.ok(done.returncode == 0 and
           segments_of(copy.data) == segments_of(server.data),
           "the next round copies what is new", done.stdout + done.stderr)
    tap.equal(copy.check().returncode, 0, "all of it checks offline")
    return copy


def damage(tap, copy):
    """A byte of the copy, and then of the first host, is not what it was."""
    name, whole = sorted(segments_of(copy.data).items())[0]
    path = "%s/vault/segments/%s/%s" % (copy.data, name[:2], name)
    with open(path, "wb") as f:
        f.write(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    done = copy.check()
    tap.ok(done.returncode == 1 and name[:12] in done.stderr,
           "a changed byte of the copy is named", done.stderr)
    copy.round()
    done = copy.round()
    tap.ok(done.returncode == 0 and copy.check().returncode == 0,
           "and a sound one is fetched in its place",
           done.stdout + done.stderr)
    first = "%s/vault/segments/%s/%s" % (copy.server.data, name[:2], name)
    os.unlink(path)
    with open(first, "r+b") as f:
        f.seek(100)
        f.write(bytes([whole[100] ^ 1]))
    done = copy.round()
    tap.ok(done.returncode == 1 and "other bytes than the log names" in
           done.stderr, "bytes changed at home are not taken", done.stderr)
    tap.ok(until(lambda: state_of(copy.server, "12.4") == "not adopted", 15),
           "and 12.4 is no longer adopted")
    with open(first, "r+b") as f:
        f.seek(100)
        f.write(whole[100:101])
    tap.equal(copy.round().returncode, 0, "set right, it is taken again")


def set_back(tap, folder, server, copy):
    """The first host goes back to an old copy of its data."""
    server.stop()
    subprocess.run(["cp", "-a", server.data, folder + "/old"], check=True)
    server.start()
    log_lines(server, "third", 100)
    tap.equal(copy.round().returncode, 0, "the copy goes on after a restart")
    server.stop()
    shutil.rmtree(server.data)
    os.rename(folder + "/old", server.data)
    server.start()
    done = copy.round()
    tap.ok(done.returncode == 1 and "set back" in done.stderr,
           "a log that was set back is refused", done.stderr)
    log_lines(server, "other", 2000)
    until(lambda: "another history" in copy.round().stderr, 60, 1)
    done = copy.round()
    tap.ok(done.returncode == 1 and "another history" in done.stderr,
           "and so is another history, once it is as long", done.stderr)
    tap.equal(copy.check().returncode, 0, "what is held stays sound")


def main():
    tap = Tap()
    with Scratch() as folder:
        with Server(folder + "/data") as server:
            copy = story(tap, folder, server)
            damage(tap, copy)
            set_back(tap, folder, server, copy)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
