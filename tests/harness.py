"""What the tests that run the whole program share: TAP, a server of one's
own, and waiting. Standard library only; servers listen on loopback, on free
ports, and are ended by their process id.

BEIMEN names the program, SRC the source tree; both have defaults that fit a
run by hand.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("SRC") or os.path.dirname(HERE)
BEIMEN = os.environ.get("BEIMEN") or SRC + "/build/release/src/proc/beimen"


class Tap:
    """Prints one line a test; the plan comes last, so a run that dies on its
    way has none and counts as failed."""

    def __init__(self):
        self.n = 0
        self.bad = 0

    def ok(self, good, title, detail=""):
        self.n += 1
        self.bad += not good
        print("%sok %d - %s" % ("" if good else "not ", self.n, title))
        if not good and detail:
            for line in str(detail).splitlines()[-60:]:
                print("#   " + line)
        sys.stdout.flush()
        return bool(good)

    def equal(self, got, wanted, title):
        return self.ok(got == wanted, title,
                       "wanted: %r\ngot:    %r" % (wanted, got))

    def skip(self, title, why):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, title, why), flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            print("# " + line, flush=True)

    def done(self):
        print("1..%d" % self.n, flush=True)
        return 1 if self.bad else 0


def until(ready, seconds, every=0.1):
    """Call ready() until it gives something true; the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = ready()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(every)


def stop_process(process, seconds=30):
    """End a process that we started: first in order, then by force."""
    if process.poll() is not None:
        return process.returncode
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Scratch:
    """A folder of the test's own, gone at its end."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="beimen-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """`beimen serve` on free ports with a data folder of its own."""

    def __init__(self, data, *options, program=BEIMEN, under=()):
        """under: a command that starts the server, as setpriv does."""
        self.data = data
        self.under = list(under)
        self.options = list(options)
        self.program = program
        self.process = None
        self.said = []
        self.web = self.syslog = self.administrator = None
        self.listening = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, seconds=60):
        """Returns when it printed its addresses; raises if it does not."""
        self.said = []
        self.process = subprocess.Popen(
            self.under + [self.program, "serve", "--data", self.data,
                          "--web", "127.0.0.1:0", "--syslog", "127.0.0.1:0"]
            + self.options,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        threading.Thread(target=self._listen, args=(self.process.stdout,),
                         daemon=True).start()
        self.web = self.syslog = None
        if not until(self._addresses, seconds):
            code = self.process.poll()
            self.stop()
            raise RuntimeError("beimen serve did not print its addresses "
                               "(exit status %s):\n%s" % (
                                   code, "\n".join(self.said)))

    def _listen(self, pipe):
        for line in pipe:
            self.said.append(line.decode("utf-8", "replace").rstrip("\n"))

    def _addresses(self):
        for line in list(self.said):
            word, _, rest = line.partition(": ")
            if word == "web" and not self.web:
                self.web = rest.strip()
            elif word == "syslog" and not self.syslog:
                host, _, port = rest.split()[0].rpartition(":")
                self.syslog = (host.strip("[]"), int(port))
            elif word in ("syslog-tls", "relp", "relp-tls", "ingest"):
                host, _, port = rest.split()[0].rpartition(":")
                self.listening[word] = (host.strip("[]"), int(port))
            elif word == "administrator":
                self.administrator = tuple(rest.split()[:2])
        return (self.web and self.syslog) or self.process.poll() is not None \
            and None

    def stop(self):
        if self.process:
            stop_process(self.process)

    def restart(self):
        self.stop()
        self.start()

    def cli(self, *args, seconds=120):
        """One command on this data folder; text in and out."""
        return subprocess.run(
            [self.program] + list(args) + ["--data", self.data],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds,
            text=True, encoding="utf-8", errors="replace", check=False)

    def json(self, *args, seconds=120):
        """The same with --json: the parsed answer, None when it failed."""
        done = self.cli(*args, "--json", seconds=seconds)
        if done.returncode not in (0, 1):
            return None
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None

    def count(self, query, *options):
        """How many records match; None while nobody can say."""
        answer = self.json("log", "search", query, "--count", *options)
        return answer.get("count") if isinstance(answer, dict) else None

    def stored(self):
        """Records that are durable, over all streams; None while nobody can
        say."""
        stat = self.json("log", "stat")
        if not isinstance(stat, dict) or "streams" not in stat:
            return None
        return sum(s["records"] for s in stat["streams"])

    def raw(self, query, *options):
        """The matching records as they were received, in the order they were
        taken in, as bytes. A line feed that ends a record is left out."""
        done = subprocess.run(
            [self.program, "log", "export", query, "--data", self.data]
            + list(options), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=300, check=False)
        return [line for line in done.stdout.split(b"\n") if line]

    def records(self, query, *options):
        """Matching records as the API gives them, in the order of their
        numbers; None when the search failed."""
        answer = self.json("log", "search", query, "--limit", "1000",
                           *options)
        if not isinstance(answer, dict) or "records" not in answer:
            return None
        return sorted(answer["records"], key=lambda r: (
            r["id"].rpartition(".")[0], int(r["id"].rpartition(".")[2])))

    def wait_count(self, query, n, seconds=60):
        """Wait until at least n records match; the last count."""
        until(lambda: (self.count(query) or 0) >= n, seconds, 0.3)
        return self.count(query)

    def processes(self):
        """The server's own processes: {role: [pid]}, the supervisor too."""
        found = {"supervisor": [self.process.pid]}
        for pid in children_of(self.process.pid):
            found.setdefault(role_of(pid), []).append(pid)
        return found


def children_of(parent):
    """Process ids whose parent is `parent`."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, encoding="utf-8",
                      errors="replace") as f:
                after = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[1]) == parent:
            found.append(int(name))
    return found


def role_of(pid):
    """Which process of the server it is: the NAME of `--role NAME N`."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            words = f.read().decode("utf-8", "replace").split("\0")
    except OSError:
        return "gone"
    return words[words.index("--role") + 1] if "--role" in words else "other"
