"""A small RELP sender of our own, for what the real ones do not do: it tells
which lines were answered, and can misbehave."""
import re
import socket

HEAD = re.compile(rb"(\d+) (\w+) (\d+)(?: |(?=\n))")


class Relp:
    """One connection; send() does not wait, answers() takes what has come."""

    def __init__(self, to, greet=True):
        self.socket = socket.create_connection(to, 10)
        self.next = 1
        self.sent = {}  # number -> line, unanswered
        self.answered = []
        self.rest = b""
        if greet:
            self.frame(b"open", b"relp_version=0\nrelp_software=test\n"
                       b"commands=syslog")
            self.answers(10, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, command, data=b""):
        number = self.next
        self.next += 1
        self.socket.sendall(b"%d %s %d%s\n" % (
            number, command, len(data), b" " + data if data else b""))
        return number

    def send(self, lines):
        """Lines as syslog frames, in one write."""
        out = []
        for line in lines:
            self.sent[self.next] = line
            out.append(b"%d syslog %d %s\n" % (self.next, len(line), line))
            self.next += 1
        self.socket.sendall(b"".join(out))

    def answers(self, seconds, n=1 << 30):
        """Take answers for so long, or until n came; how many. The end of
        the connection raises ConnectionError."""
        taken = 0
        self.socket.settimeout(seconds)
        try:
            while taken < n:
                data = self.socket.recv(1 << 16)
                if not data:
                    raise ConnectionError("closed")
                taken += self._take(data)
        except socket.timeout:
            pass
        return taken

    def _take(self, data):
        self.rest += data
        taken = 0
        while True:
            head = HEAD.match(self.rest)
            if not head:
                return taken
            end = head.end() + int(head[3])
            if len(self.rest) <= end:
                return taken
            text = self.rest[head.end():end]
            self.rest = self.rest[end + 1:]
            taken += 1
            number = int(head[1])
            if head[2] == b"rsp" and text.startswith(b"200") and \
                    number in self.sent:
                self.answered.append(self.sent.pop(number))
