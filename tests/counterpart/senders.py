"""Real senders, run from where unpack.sh put them, each with a configuration
and a process id of its own, and a plain sink that keeps what they send.

Every sender reads lines from a file, so that order and content are known.
"""
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import (SRC, Scratch, Server, Tap, stop_process,  # noqa: E402
                     until)

COUNTERPARTS = SRC + "/build/counterparts"


def unpack(*packages):
    """Have the packages unpacked; raises with apt's words if it cannot be."""
    subprocess.run([SRC + "/tests/counterpart/unpack.sh", *packages],
                   check=True, stdin=subprocess.DEVNULL)


def library_path(*roots):
    """The environment in which a program below a root finds its libraries."""
    folders = [root + below for root in roots for below in (
        "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu",
        "/usr/lib/syslog-ng")]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(
        f for f in folders if os.path.isdir(f)))


def find(root, name):
    """The first file of that name below root."""
    for place, _, names in os.walk(root):
        if name in names:
            return os.path.join(place, name)
    raise FileNotFoundError("%s is not in %s" % (name, root))


class Sender:
    """One sending program: reads the file `source`, sends to (host, port)."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.source = os.path.join(self.folder, "source.log")
        self.process = None
        self.command = []
        self.environment = None

    def __enter__(self):
        self.log = open(self.folder + "/output", "wb")
        self.process = subprocess.Popen(
            self.command, env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, *_):
        stop_process(self.process)
        self.log.close()

    def output(self):
        with open(self.folder + "/output", encoding="utf-8",
                  errors="replace") as f:
            return f.read()


class Rsyslog(Sender):
    """rsyslogd. how: udp, tcp (newline), tcp-counted, tls (all three omfwd)
    or relp (omrelp). tls: (authority, certificate, key) for TLS, the last two
    or None; window: omrelp's."""

    def __init__(self, folder, how, to, tag="counted", tls=None, window=128,
                 name=None):
        super().__init__(folder, name or "rsyslog-" + how)
        root = COUNTERPARTS + "/rsyslog"
        modules = [os.path.dirname(find(root, "imfile.so"))]
        protocol, framing = {
            "udp": ("udp", "traditional"),
            "tcp": ("tcp", "traditional"),
            "tcp-counted": ("tcp", "octet-counted"),
            "tls": ("tcp", "octet-counted"),
            "relp": ("", ""),
        }[how]
        template = "RSYSLOG_SyslogProtocol23Format" \
            if how in ("tcp-counted", "tls", "relp") \
            else "RSYSLOG_TraditionalForwardFormat"
        if how == "relp":
            modules.append(os.path.dirname(find(
                COUNTERPARTS + "/rsyslog-relp", "omrelp.so")))
        if how == "tls":
            modules.append(os.path.dirname(find(
                COUNTERPARTS + "/rsyslog-gnutls", "lmnsd_gtls.so")))
        extra = ""
        if tls:
            extra = """
       StreamDriver="gtls" StreamDriverMode="1"
       StreamDriverAuthMode="x509/certvalid\""""
        driver = ""
        if tls:
            driver = 'DefaultNetstreamDriverCAFile="%s"' % tls[0]
            if tls[1]:
                driver += """
       DefaultNetstreamDriverCertFile="%s"
       DefaultNetstreamDriverKeyFile="%s\"""" % tls[1:]
        action = """\
action(type="omfwd" target="%s" port="%d" protocol="%s"
       TCP_Framing="%s" template="%s"%s
       action.resumeRetryCount="-1" action.resumeInterval="1")
""" % (to[0], to[1], protocol, framing, template, extra)
        if how == "relp":
            action = """\
module(load="omrelp")
action(type="omrelp" target="%s" port="%d" template="%s" windowSize="%d"
       action.resumeRetryCount="-1" action.resumeInterval="1")
""" % (to[0], to[1], template, window)
        self.write_config("""\
global(workDirectory="%(folder)s" maxMessageSize="64k"
       net.enableDNS="off" localHostname="sender.test" %(driver)s)
main_queue(queue.type="LinkedList" queue.size="200000")
module(load="imfile" mode="inotify")
input(type="imfile" File="%(source)s" Tag="%(tag)s:" addMetadata="off"
      freshStartTail="off" reopenOnTruncate="off")
%(action)s""" % {"folder": self.folder, "source": self.source, "tag": tag,
            "driver": driver, "action": action})
        self.environment = library_path(
            root, COUNTERPARTS + "/rsyslog-relp",
            COUNTERPARTS + "/rsyslog-gnutls")
        self.command = [
            find(root, "rsyslogd"), "-n", "-f", self.config,
            "-i", self.folder + "/pid",
            "-M", ":".join(modules)]

    def write_config(self, text):
        self.config = self.folder + "/config"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)


class SyslogNg(Sender):
    """syslog-ng. how: network (RFC 3164, newline) or syslog (RFC 5424,
    octet-counted). tls: (authority, certificate, key), the last two or
    None."""

    def __init__(self, folder, how, to, tag="counted", tls=None):
        super().__init__(folder, "syslog-ng-" + how
                         + ("-tls" if tls else ""))
        transport = 'transport("tcp")'
        if tls:
            own = 'cert-file("%s") key-file("%s")' % tls[1:] if tls[1] else ""
            transport = ('transport("tls") tls(ca-file("%s") %s '
                         'peer-verify(required-trusted))' % (tls[0], own))
        root = COUNTERPARTS + "/syslog-ng-core"
        self.config = self.folder + "/config"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("""\
@version: 3.38
options { use-dns(no); keep-hostname(yes); log-msg-size(65536);
          dns-cache(no); stats-freq(0); flush-lines(100); };
source lines { file("%s" flags(no-parse) follow-freq(0.1)
               program-override("%s") host-override("sender.test")
               log-fetch-limit(1000) log-iw-size(10000)); };
destination beimen { %s("%s" port(%d) %s
                     log-fifo-size(200000)); };
log { source(lines); destination(beimen); flags(flow-control); };
""" % (self.source, tag, how, to[0], to[1], transport))
        self.environment = library_path(root)
        modules = os.path.dirname(find(root, "libafsocket.so"))
        self.command = [
            find(root + "/usr/sbin", "syslog-ng"), "-F", "--no-caps",
            "-f", self.config, "-p", self.folder + "/pid",
            "-R", self.folder + "/persist", "-c", self.folder + "/control",
            "--module-path", modules]


def logger(to, how, *words, lines=None):
    """util-linux logger. how: options like --udp or --tcp --octet-count."""
    return subprocess.run(
        ["logger", "--server", to[0], "--port", str(to[1]), *how, *words],
        input=lines, text=True, capture_output=True, timeout=60, check=False)


class Sink:
    """A plain TCP and UDP listener on one port; what came, as bytes."""

    def __init__(self):
        while True:
            self.tcp = socket.create_server(("127.0.0.1", 0))
            self.address = self.tcp.getsockname()
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind(self.address)
                break
            except OSError:
                self.tcp.close()
                self.udp.close()
        self.datagrams = []
        self.streams = []
        self.open = True

    def __enter__(self):
        for job in (self._accept, self._datagrams):
            threading.Thread(target=job, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.open = False
        for listener in (self.tcp, self.udp):
            try:  # wakes the thread that waits on it
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def _accept(self):
        while self.open:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            self.streams.append(bytearray())
            threading.Thread(target=self._stream,
                             args=(peer, self.streams[-1]),
                             daemon=True).start()

    @staticmethod
    def _stream(peer, kept):
        with peer:
            while True:
                data = peer.recv(1 << 20)
                if not data:
                    return
                kept += data

    def _datagrams(self):
        while self.open:
            try:
                self.datagrams.append(self.udp.recv(1 << 16))
            except OSError:
                return


def newline_frames(stream):
    return [f for f in bytes(stream).split(b"\n") if f]


def counted_frames(stream):
    """RFC 6587 section 3.4.1; raises ValueError at a bad count."""
    frames = []
    at = 0
    data = bytes(stream)
    while at < len(data):
        space = data.index(b" ", at)
        length = int(data[at:space])
        frames.append(data[space + 1:space + 1 + length])
        at = space + 1 + length
    return frames


def counted_lines(n, word="counted", rare=None):
    """n lines that number themselves; line `rare[0]` has the word rare[1]."""
    lines = ["%s line %06d of %06d 第%d行" % (word, i, n, i)
             for i in range(1, n + 1)]
    if rare:
        lines[rare[0]] += " " + rare[1]
    return lines


def write_lines(path, lines):
    """In one step, so that a reader never sees half a line."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    os.rename(path + ".new", path)


__all__ = ["Rsyslog", "SyslogNg", "Sink", "logger", "unpack",
           "newline_frames", "counted_frames", "counted_lines",
           "write_lines", "Scratch", "Server", "SRC", "Tap", "until"]
