"""HTTP senders for the tests: a keep-alive client, and the wire forms that
Python's library lacks: Snappy blocks and Protocol Buffers."""
import http.client
import json
import ssl
from urllib.parse import urlsplit


def context(certificate=None):
    """TLS that believes any server: its certificate is its own."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if certificate:
        c.load_cert_chain(*certificate)
    return c


def address(at):
    """(host, port) of what Server.listening holds of `ingest`."""
    if isinstance(at, tuple):
        return at[0].rpartition("//")[2].strip("[]"), at[1]
    at = urlsplit(at)
    return at.hostname, at.port


class Client:
    """One keep-alive connection; every answer as (status, headers, bytes)."""

    def __init__(self, url, certificate=None, timeout=30):
        self.host, self.port = address(url)
        self.context = context(certificate)
        self.timeout = timeout
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, body=None, **headers):
        """Headers by keyword: content_type="…"."""
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                self.host, self.port, context=self.context,
                timeout=self.timeout)
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        try:
            self.connection.request(method, path, body=body, headers=names)
            r = self.connection.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, \
                r.read()
        except Exception:
            self.close()
            raise

    def json(self, method, path, body=None, **headers):
        status, _, got = self.ask(method, path, body, **headers)
        return status, json.loads(got)


def snappy(data):
    """A Snappy block of literals alone."""
    out = varint(len(data))
    for at in range(0, len(data), 60):
        piece = data[at:at + 60]
        out += bytes([(len(piece) - 1) << 2]) + piece
    return out


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """One field: bytes and text by length, whole numbers as varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed64(number, value):
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


def loki_push(labels, entries):
    """entries: (seconds, nanoseconds, line)."""
    stream = field(1, labels)
    for seconds, nanos, line in entries:
        stream += field(2, field(1, field(1, seconds) + field(2, nanos))
                        + field(2, line))
    return field(1, stream)


def otlp_logs(service, host, lines, nanos=1732248000000000000):
    def attribute(number, key, value):
        return field(number, field(1, key) + field(2, field(1, value)))
    resource = attribute(1, "service.name", service) \
        + attribute(1, "host.name", host)
    scope = b"".join(
        field(2, fixed64(1, nanos + n) + field(2, 9)
              + field(5, field(1, line))
              + field(9, bytes(range(16))) + field(10, bytes(range(8))))
        for n, line in enumerate(lines))
    return field(1, field(1, resource) + field(2, scope))
