#!/usr/bin/env python3
"""Requests as HTTP senders write them, to a real server: what they ask at
their start, their batches in every form, what they are told about bad ones,
who is let in, and what a sender finds that overdoes it. Prints TAP.

The forms are those of Filebeat and Winlogbeat 8.17, Logstash 8.17, Fluent Bit
3.2, Vector 0.43, Promtail 3.3, OpenTelemetry Collector 0.116 (OTLP 1.5) and
osquery 5.15.
"""
import gzip
import hashlib
import json
import os
import socket
import ssl
import sys
import threading
import time
import zlib

from certificates import Authority, fingerprint
from senders import Scratch, Server, Tap
import httpclient as h


def bulk(*documents, action="create", **meta):
    """NDJSON of documents, each behind its action."""
    lines = []
    for d in documents:
        lines.append(json.dumps({action: meta}))
        lines.append(d if isinstance(d, str) else json.dumps(
            d, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def starts(tap, c):
    """The calls before the first batch."""
    status, headers, body = c.ask("GET", "/")
    tap.equal((status, headers.get("x-elastic-product"),
               json.loads(body)["version"]["number"].split(".")[0]),
              (200, "Elasticsearch", "8"),
              "Beats, Logstash and Vector learn a version they know")
    tap.equal(c.ask("HEAD", "/")[0], 200, "HEAD / is answered")
    tap.equal(c.json("GET", "/_license")[1]["license"]["status"], "active",
              "Logstash finds an active license")
    tap.equal(c.json("GET", "/_xpack")[1]["features"]["ilm"]["enabled"], True,
              "Beats find lifecycle management")
    tap.equal(c.json("GET", "/_cluster/health")[1]["status"], "green",
              "Vector's health check is content")
    bad = [path for method, path in (
        ("GET", "/_ilm/policy/filebeat"), ("PUT", "/_ilm/policy/filebeat"),
        ("GET", "/_index_template/filebeat-8.17.0"),
        ("HEAD", "/_index_template/filebeat-8.17.0"),
        ("PUT", "/_index_template/filebeat-8.17.0"),
        ("GET", "/_data_stream/filebeat-8.17.0"),
        ("PUT", "/_data_stream/filebeat-8.17.0"),
        ("PUT", "/_template/logstash"), ("HEAD", "/_template/logstash"),
        ("GET", "/_cat/templates/filebeat-8.17.0"),
        ("GET", "/_ingest/pipeline/filebeat-8.17.0-system-auth-pipeline"),
        ("GET", "/_nodes/http"), ("GET", "/_cat/health"),
        ("HEAD", "/_alias/filebeat"), ("PUT", "/logs-2024.11.22"),
        ("HEAD", "/logs-2024.11.22"), ("POST", "/_monitoring/bulk"),
        ("GET", "/ready"))
        if c.ask(method, path, b"{}" if method in ("PUT", "POST") else None
                 )[0] != 200]
    tap.equal(bad, [], "templates, policies, pipelines and indexes are there")


def elastic(tap, server, c):
    doc = {"@timestamp": "2024-11-22T04:00:00.000Z",
           "message": "filebeat eins 北門", "host": {"name": "web1"},
           "log": {"file": {"path": "/var/log/x.log"}},
           "agent": {"type": "filebeat", "version": "8.17.0"}}
    status, got = c.json(
        "POST", "/_bulk?filter_path=errors%2Citems.%2A.error%2C"
        "items.%2A.status",
        gzip.compress(bulk(doc, _index="filebeat-8.17.0"), 1),
        content_type="application/vnd.elasticsearch+json;compatible-with=8",
        content_encoding="gzip")
    tap.equal((status, got), (200, {"errors": False,
                                    "items": [{"create": {"status": 201}}]}),
              "Filebeat: a compressed batch is answered as it asks")
    found = server.records("filebeat eins") or [{}]
    tap.equal((len(found), found[0].get("host"), found[0].get("via")),
              (1, "web1", "http"), "Filebeat: the record names its host")
    tap.equal(server.raw("filebeat eins"),
              [json.dumps(doc, ensure_ascii=False).encode()],
              "Filebeat: the document is kept byte for byte")

    status, got = c.json(
        "POST", "/_bulk", bulk('{"message":"good one"}', '{"message":bad}',
                               '{"message":"good two"}', _index="logs"),
        content_type="application/x-ndjson")
    tap.equal((status, got["errors"],
               [i["create"]["status"] for i in got["items"]]),
              (200, True, [201, 400, 201]),
              "a bad document is refused alone, the others go in")
    tap.ok("line 4" in got["items"][1]["create"]["error"]["reason"],
           "and is told with its line and cause", got)
    tap.equal(c.ask("POST", "/_bulk", b"hello\n")[0], 400,
              "what is no bulk request is refused as a whole")

    text = '{"date":1732248000.123,"log":"\\u5317\\u9580 fluentbit",' \
        '"tag":"portal"}'
    c.ask("POST", "/_bulk", bulk(text, _index="fluent-bit"),
          content_type="application/x-ndjson")
    tap.equal((server.records("北門 fluentbit") or [{}])[0].get("app"),
              "portal", "Fluent Bit: Chinese in escapes is found")

    win = {"@timestamp": "2024-11-22T04:00:01.000Z", "winlog": {
        "channel": "Security", "computer_name": "dc1.corp.example",
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "event_id": "4625", "event_data": {
            "TargetUserName": "administrator", "LogonType": "3",
            "Status": "0xc000006d", "SubStatus": "0xc000006a",
            "IpAddress": "192.0.2.7", "IpPort": "0"}},
        "event": {"code": "4625"}, "message": "An account failed to log on."}
    c.ask("POST", "/winlogbeat/_bulk", bulk(win),
          content_type="application/x-ndjson")
    found = server.records("category:sign-in-failed") or [{}]
    tap.equal((found[0].get("host"), found[0].get("category"),
               "administrator" in json.dumps(found[0].get("fields"))),
              ("dc1.corp.example", "sign-in-failed", True),
              "Winlogbeat: a failed sign-in is one")


def once(tap, server, c):
    body = bulk({"message": "with id seven"}, _index="x", _id="7")
    for _ in range(3):
        c.ask("POST", "/_bulk", body, content_type="application/x-ndjson")
    tap.equal(server.count("with id seven"), 1,
              "a document with an _id that is sent again is stored once")
    c.ask("POST", "/_bulk", bulk({"message": "other under seven"},
                                 _index="x", _id="7"))
    tap.equal(server.count("other under seven"), 1,
              "other bytes under the same _id are another record")
    lines = "".join("keyed line %d\n" % n for n in range(2500)).encode()
    first = c.ask("POST", "/ingest", lines, idempotency_key="k-1")
    again = c.ask("POST", "/ingest", lines, idempotency_key="k-1")
    server.restart()
    with h.Client(server.listening["ingest"]) as after:
        third = after.ask("POST", "/ingest", lines, idempotency_key="k-1")
    tap.equal((first[0], again[0], third[0], server.count("keyed line")),
              (200, 200, 200, 2500),
              "a batch with a key is stored once, also after a restart")
    tap.ok("beimen-repeated" in again[1] and "beimen-repeated" in third[1]
           and "beimen-repeated" not in first[1],
           "and the answer says so", (first[1], again[1], third[1]))


def loki(tap, server, c):
    push = h.loki_push('{host="w3", job="nginx"}',
                       [(1732248000, n, "loki proto %d" % n)
                        for n in range(3)])
    tap.equal(c.ask("POST", "/loki/api/v1/push", h.snappy(push),
                    content_type="application/x-protobuf")[0], 204,
              "Promtail: a push is taken")
    found = server.records("loki proto") or [{}]
    tap.equal((len(found), found[0].get("host"), found[0].get("app")),
              (3, "w3", "nginx"), "Promtail: labels name host and program")
    status = c.ask("POST", "/loki/api/v1/push", json.dumps({"streams": [{
        "stream": {"app": "portal"},
        "values": [["1732248000000000000", "loki json", {"k": "v"}],
                   ["1732248000000000001"]]}]}).encode(),
        content_type="application/json")
    tap.equal((status[0], b"entry 2" in status[2], server.count("loki json")),
              (400, True, 1), "Loki JSON: the good entry is stored, the bad "
                              "one told")
    tap.equal([c.ask("POST", "/loki/api/v1/push", body,
                     content_type="application/x-protobuf")[0]
               for body in (b"", b"hello", h.snappy(b"hello"),
                            b"\xff\xff\xff\xff\x0f" + b"x" * 100)],
              [400, 400, 400, 413], "what is no push is refused")


def otlp(tap, server, c):
    status, headers, body = c.ask(
        "POST", "/v1/logs",
        gzip.compress(h.otlp_logs("shop", "k8s-1", ["otlp proto 北門"])),
        content_type="application/x-protobuf", content_encoding="gzip")
    tap.equal((status, headers.get("content-type"), body),
              (200, "application/x-protobuf", b""),
              "OTLP: full success is an empty message")
    found = server.records("otlp proto") or [{}]
    tap.equal((found[0].get("host"), found[0].get("app")),
              ("k8s-1", "shop"), "OTLP: the resource names host and program")
    tap.equal(server.count("000102030405060708090a0b0c0d0e0f"), 1,
              "OTLP: a trace id is found")
    status, got = c.json("POST", "/v1/logs", json.dumps({"resourceLogs": [{
        "scopeLogs": [{"logRecords": [
            {"timeUnixNano": "1732248000000000000",
             "body": {"stringValue": "otlp json"}}, 7]}]}]}).encode(),
        content_type="application/json")
    tap.equal((status, got["partialSuccess"]["rejectedLogRecords"],
               server.count("otlp json")), (200, "1", 1),
              "OTLP: partial success says how many were rejected")
    status, got = c.json("POST", "/v1/logs", b"{", content_type="application/"
                         "json")
    tap.equal((status, got["code"]), (400, 3),
              "OTLP: a malformed request is answered with a Status")
    tap.equal(c.ask("POST", "/v1/logs", b"x", content_type="text/plain")[0],
              415, "OTLP: another content type is refused")


def osquery(tap, server, c):
    def ask(path, **body):
        return c.json("POST", "/osquery/" + path, json.dumps(body).encode(),
                      content_type="application/json")
    status, got = ask("enroll", enroll_secret="", host_identifier="pc9",
                      platform_type="9")
    key = got.get("node_key")
    tap.equal((status, got.get("node_invalid"), bool(key)),
              (200, False, True), "osquery: a host enrolls")
    tap.equal(ask("config", node_key=key)[1], {"node_invalid": False},
              "osquery: the configuration adds nothing")
    row = {"name": "users", "hostIdentifier": "pc9", "unixTime": 1732248000,
           "columns": {"username": "osqcarol"}, "action": "added"}
    tap.equal(ask("log", node_key=key, log_type="result", data=[row, row])[1],
              {"node_invalid": False}, "osquery: results are taken")
    tap.equal(server.count("osqcarol"), 2, "osquery: each row is a record")
    tap.equal(ask("log", node_key="00" * 16, log_type="result",
                  data=[row])[1], {"node_invalid": True},
              "osquery: an unknown node is told to enroll anew")
    tap.equal(server.count("osqcarol"), 2, "osquery: and stores nothing")


def plain(tap, server, c):
    status, got = c.json("POST", "/ingest", "<34>1 2024-11-22T12:00:00+08:00 "
                         "h9 app 1 - - plainone\nplaintwo\n\n".encode())
    tap.equal((status, got), (200, {"records": 2}), "lines are records")
    tap.equal((server.records("plainone") or [{}])[0].get("host"), "h9",
              "a line's syslog header is understood")
    for how, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        c.ask("POST", "/ingest", pack(b"packed " + how.encode()),
              content_encoding=how)
    tap.equal(server.count("packed"), 2, "gzip and deflate are unpacked")
    tap.equal(c.ask("POST", "/ingest", b"x", content_encoding="br")[0], 415,
              "another coding is refused")


def overdone(tap, server, c):
    bomb = gzip.compress(b"0" * (128 << 20))
    tap.equal(c.ask("POST", "/ingest", bomb, content_encoding="gzip")[0], 413,
              "a gzip bomb is refused")
    deep = b'{"message":' * 1000 + b"1" + b"}" * 1000
    status, got = c.json("POST", "/_bulk", b'{"index":{}}\n' + deep + b"\n")
    tap.equal((status, got["items"][0]["index"]["status"]), (200, 400),
              "JSON without end is refused")
    try:
        status = c.ask("POST", "/ingest", b"x" * (33 << 20))[0]
    except (OSError, ssl.SSLError):
        status = 413  # it was cut off while it still sent
    tap.equal(status, 413, "a body beyond the limit is refused")
    tap.equal(c.ask("DELETE", "/ingest")[0], 404, "other methods are not there")
    tap.equal(c.ask("GET", "/../etc/passwd")[0], 404, "nor are other paths")
    tap.ok(server.process.poll() is None and server.count("plainone") == 1,
           "the server is well after all that")


def latency(tap, server):
    """Small requests over one connection each, several at a time."""
    took, bad = [], []

    def run(n):
        with h.Client(server.listening["ingest"]) as c:
            for i in range(40):
                body = bulk(*[{"message": "fast %d %d %d" % (n, i, k)}
                              for k in range(50)])
                begin = time.monotonic()
                status = c.ask("POST", "/_bulk", body)[0]
                took.append(time.monotonic() - begin)
                if status != 200:
                    bad.append(status)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took.sort()
    tap.equal((bad, server.count("fast")), ([], 8000),
              "requests of many connections are all stored")
    tap.note("answer: median %.1f ms, 99 of 100 within %.1f ms" % (
        took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000))


def slow(tap, server):
    """A head that never ends is cut."""
    at = h.address(server.listening["ingest"])
    with socket.create_connection(at, 5) as raw:
        with h.context().wrap_socket(raw) as s:
            s.settimeout(20)
            s.sendall(b"GET / HTTP/1.1\r\n")
            begin = time.monotonic()
            try:
                ended = s.recv(1) == b""
            except OSError:
                ended = True
    tap.ok(ended and time.monotonic() - begin < 15,
           "a sender that stops inside a head is cut off")


def full(tap, folder):
    """Keeper takes nothing: nobody is left without an answer."""
    answers = {}

    def run(server, n):
        with h.Client(server.listening["ingest"], timeout=60) as c:
            status, headers, _ = c.ask("POST", "/ingest", b"no room %d\n" % n)
            answers[n] = (status, "retry-after" in headers)
    # More is to be kept free than there is: only Beimen's own records go in.
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize >> 20
    with Server(folder + "/full", "--reserve-mib",
                str(min(free * 6 // 5, 1000000))) as server:
        threads = [threading.Thread(target=run, args=(server, n))
                   for n in range(3)]
        for n, t in enumerate(threads):
            t.start()
            time.sleep(2 if n == 0 else 0)
        for t in threads:
            t.join()
        stored = server.count("room")
    tap.ok(all(a in ((429, True), (503, True)) for a in answers.values())
           and len(answers) == 3,
           "while the disk is full senders are told to come again", answers)
    tap.equal(stored, 0, "and nothing is acknowledged or stored")


def let_in(tap, folder):
    """Who is let in where a file names the senders."""
    token, other = "t0ken-of-web", "t0ken-of-shop"
    authority = Authority(folder + "/ca", "authority")
    cert = authority.make("journal")
    path = folder + "/senders"
    with open(path, "w", encoding="utf-8") as f:
        f.write("# who sends\nweb sha256:%s\nshop sha256:%s\n"
                "pki certificate:%s\nnet from:198.51.100.0/24\n" % (
                    hashlib.sha256(token.encode()).hexdigest(),
                    hashlib.sha256(other.encode()).hexdigest(),
                    fingerprint(cert[0]).replace(":", "").lower()))

    def basic(text):
        import base64
        return base64.b64encode(text.encode()).decode()
    with Server(folder + "/guarded", "--ingest-tokens", path) as server:
        url = server.listening["ingest"]
        with h.Client(url) as c, h.Client(url, cert) as shown:
            def status(client=c, **headers):
                return client.ask("POST", "/ingest", b"guarded\n",
                                  **headers)[0]
            got = c.ask("POST", "/ingest", b"guarded\n")
            tap.equal((got[0], got[1].get("www-authenticate")),
                      (401, 'Basic realm="beimen"'),
                      "without a token nobody is let in")
            tap.equal([status(authorization="Bearer " + token),
                       status(authorization="Basic " + basic("web:" + token)),
                       status(authorization="ApiKey "
                              + basic("shop:" + other)),
                       status(shown)],
                      [200] * 4, "token, password, API key and certificate "
                                 "let a sender in")
            tap.equal([status(authorization="Bearer x"),
                       status(authorization="Basic " + basic("web:" + other)),
                       status(authorization="Basic !"),
                       status(authorization="Bearer "),
                       c.ask("GET", "/")[0]],
                      [401] * 5, "a wrong one, or another's, does not")
            tap.equal(c.json("POST", "/osquery/enroll", json.dumps(
                {"enroll_secret": "no"}).encode())[1],
                {"node_invalid": True}, "osquery's secret is a token")
            tap.ok("node_key" in c.json("POST", "/osquery/enroll", json.dumps(
                {"enroll_secret": token}).encode())[1],
                "and lets a host enroll")
        tap.equal(server.count("guarded"), 4, "only theirs is stored")


def main():
    tap = Tap()
    with Scratch() as folder:
        with Server(folder + "/data") as server:
            with h.Client(server.listening["ingest"]) as c:
                starts(tap, c)
                elastic(tap, server, c)
                loki(tap, server, c)
                otlp(tap, server, c)
                osquery(tap, server, c)
                plain(tap, server, c)
                overdone(tap, server, c)
            latency(tap, server)
            slow(tap, server)
            with h.Client(server.listening["ingest"]) as c:
                once(tap, server, c)
        let_in(tap, folder)
        full(tap, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
