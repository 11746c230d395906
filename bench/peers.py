"""The receivers beimen is measured beside, each writing to a plain file.

What they are told beyond their defaults stands here, so that anybody can
object to it.
"""
import os
import socket

from common import disk_bytes
from harness import until
from senders import COUNTERPARTS, Sender, find, library_path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Receiver(Sender):
    """A program that listens on TCP and UDP and appends to one file."""

    def __init__(self, folder, name, package):
        super().__init__(folder, name)
        self.root = COUNTERPARTS + "/" + package
        self.address = ("127.0.0.1", free_port())
        self.file = self.folder + "/out"
        self.config = self.folder + "/config"
        self.environment = library_path(self.root)
        self.read = 0
        self.lines = 0

    def stored(self):
        """Line feeds in the file so far."""
        try:
            with open(self.file, "rb") as f:
                f.seek(self.read)
                while True:
                    data = f.read(1 << 22)
                    if not data:
                        break
                    self.read += len(data)
                    self.lines += data.count(b"\n")
        except FileNotFoundError:
            pass
        return self.lines

    def disk(self):
        return disk_bytes(self.file)

    def pid(self):
        return self.process.pid

    def listening(self):
        def ready():
            try:
                socket.create_connection(self.address).close()
                return True
            except OSError:
                return False
        return until(ready, 20)


class RsyslogDefault(Receiver):
    """rsyslogd with imtcp and omfile, else as it comes."""
    title = "rsyslog, as it comes"
    tuning = ""

    def __init__(self, folder):
        super().__init__(folder, "rsyslog-" + type(self).__name__, "rsyslog")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(self.words())
        self.command = [find(self.root, "rsyslogd"), "-n", "-f", self.config,
                        "-i", self.folder + "/pid",
                        "-M", os.path.dirname(find(self.root, "imtcp.so"))]

    def words(self):
        return ('module(load="imtcp")\n'
                'input(type="imtcp" address="127.0.0.1" port="%d")\n'
                'action(type="omfile" file="%s")\n' % (
                    self.address[1], self.file))


class RsyslogTuned(RsyslogDefault):
    """Larger batches and queues, two workers of receiving, buffered writes of
    1 MiB by a thread of their own."""
    title = "rsyslog, tuned"

    def words(self):
        return ('global(net.enableDNS="off")\n'
                'main_queue(queue.type="FixedArray" queue.size="500000" '
                'queue.dequeueBatchSize="4096" queue.workerThreads="1")\n'
                'module(load="imptcp" threads="2")\n'
                'input(type="imptcp" address="127.0.0.1" port="%d")\n'
                'template(name="raw" type="string" '
                'string="%%rawmsg%%\\n")\n'
                'action(type="omfile" file="%s" template="raw" '
                'asyncWriting="on" ioBufferSize="1m" flushOnTXEnd="off" '
                'flushInterval="1")\n' % (self.address[1], self.file))


class SyslogNg(Receiver):
    """syslog-ng with a network source of the fetch limit and window its
    manual names for high loads."""
    title = "syslog-ng, tuned"

    def __init__(self, folder):
        super().__init__(folder, "syslog-ng", "syslog-ng-core")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("""\
@version: 3.38
options { use-dns(no); dns-cache(no); keep-hostname(yes); stats-freq(0);
          log-msg-size(65536); flush-lines(1000); threaded(yes); };
source in { network(ip("127.0.0.1") port(%d) transport("tcp")
            max-connections(100) log-fetch-limit(1000)
            log-iw-size(100000)); };
destination out { file("%s" flush-lines(1000) log-fifo-size(1000000)); };
log { source(in); destination(out); flags(flow-control); };
""" % (self.address[1], self.file))
        modules = os.path.dirname(find(self.root, "libafsocket.so"))
        self.command = [
            find(self.root + "/usr/sbin", "syslog-ng"), "-F", "--no-caps",
            "-f", self.config, "-p", self.folder + "/pid",
            "-R", self.folder + "/persist", "-c", self.folder + "/control",
            "--module-path", modules]
