#!/usr/bin/env python3
"""The HTTP API of a running server: every resource has the keys that
doc/api.md shows, and a person sees and does what his appointment allows and
nothing else. TAP; standard library only."""
import http.client
import json
import os
import re
import ssl
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import SRC, Scratch, Server, Tap, until  # noqa: E402

PASSWORD = "Gate-North-2026!"


class Person:
    """One browser: its cookies, and the header a change must carry."""

    def __init__(self, server):
        where = urllib.parse.urlsplit(server.web)
        self.port = where.port
        self.cookies = {}

    def ask(self, method, path, body=None, headers=None):
        plain = ssl.create_default_context()
        plain.check_hostname = False
        plain.verify_mode = ssl.CERT_NONE
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30,
                                        context=plain)
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % p
                                       for p in self.cookies.items())
        c.request(method, path, body, sent)
        r = c.getresponse()
        data = r.read()
        for name, value in r.getheaders():
            if name.lower() == "set-cookie":
                pair = value.split(";")[0].split("=", 1)
                self.cookies[pair[0]] = pair[1]
        c.close()
        return r, data

    def form(self, path, **fields):
        _, page = self.ask("GET", path)
        token = re.search(rb'name="token" value="([^"]*)"', page)
        fields["token"] = token.group(1).decode() if token else ""
        return self.ask("POST", path, urllib.parse.urlencode(fields), {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "https://127.0.0.1:%d" % self.port})

    def sign_in(self, name, password):
        """With a one-time password; it is changed on the way."""
        self.form("/sign-in", name=name, password=password)
        r, _ = self.form("/password", old=password, new=PASSWORD,
                         again=PASSWORD)
        return r.status in (302, 303)

    def get(self, path):
        r, data = self.ask("GET", "/api/v1" + path)
        try:
            return r.status, json.loads(data)
        except ValueError:
            return r.status, data

    def put(self, path, fields):
        r, _ = self.ask("GET", "/api/v1/self")
        r, data = self.ask("PUT", "/api/v1" + path,
                           json.dumps({"fields": fields}), {
                               "Content-Type": "application/json",
                               "X-Beimen-Token":
                                   r.getheader("X-Beimen-Token") or ""})
        return r.status, data


def documented():
    """{resource: top-level keys} as doc/api.md shows them."""
    with open(SRC + "/doc/api.md", encoding="utf-8") as f:
        text = f.read()
    found = {}
    for part in re.split(r"^## GET ", text, flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        lines = []
        for line in rest.splitlines():
            if not line.startswith("    "):
                break
            lines.append(line[4:])
        depth, keys = 0, []
        for piece in re.finditer(r'"([^"]*)"(:)?|[{}\[\]]',
                                 "\n".join(lines)):
            if piece.group(0) in "{[":
                depth += 1
            elif piece.group(0) in "}]":
                depth -= 1
            elif depth == 1 and piece.group(2):
                keys.append(piece.group(1))
        if keys:
            found[head.split("?")[0].split()[0].rstrip(",")] = keys
    return found


def shapes(tap, admin, record):
    paths = {"/agencies/{a}": "/agencies/main",
             "/clauses/{id}": "/clauses/12.1",
             "/registers/{r}": "/registers/system",
             "/registers/{r}/{agency}": "/registers/system/main",
             "/registers/{r}/{agency}/{key}/history":
                 "/registers/system/main/beimen/history",
             "/log/records/{id}": "/log/records/" + record,
             "/ledger/{a}/entries": "/ledger/main/entries"}
    seen = 0
    for resource, keys in documented().items():
        path = paths.get(resource, resource)
        if "{" in path or path == "/openapi.json":
            continue
        status, body = admin.get(path)
        missing = [k for k in keys if not isinstance(body, dict)
                   or k not in body]
        tap.ok(status == 200 and not missing,
               "GET %s has every key that doc/api.md shows" % resource,
               "%s %s" % (status, missing))
        seen += 1
    tap.ok(seen >= 14, "doc/api.md is read", seen)


def strangers(tap, server):
    stranger = Person(server)
    for path in ("/self", "/city", "/log/search", "/registers/person",
                 "/ledger/main/checkpoint", "/health"):
        status, _ = stranger.get(path)
        tap.equal(status, 401, "a stranger gets nothing from " + path)


def tiles(tap, admin):
    """Tiles and checkpoint agree on the size of the log."""
    r, note = admin.ask("GET", "/api/v1/ledger/main/checkpoint")
    size = int(note.decode().splitlines()[1])
    tap.ok(r.status == 200 and size > 0, "the signed checkpoint is served")
    path = "/api/v1/ledger/main/tile/0/000"
    if size < 256:
        path += ".p/%d" % size
    r, tile = admin.ask("GET", path)
    tap.equal((r.status, len(tile)), (200, 32 * min(size, 256)),
              "so is its first tile, one hash a leaf")
    r, _ = admin.ask("GET", "/api/v1/ledger/main/tile/0/999")
    tap.equal(r.status, 404, "a tile beyond the log is not found")


def newcomer(server, key, role):
    """A person with one appointment and an account."""
    server.cli("book", "add", "person", key, "name=" + key)
    if role:
        server.cli("book", "add", "appointment", "a-" + key, "person=" + key,
                   "role=" + role, "from=2026-01-01")
    password = server.cli("account", "add", key, "--person",
                          "main/" + key).stdout.strip()
    person = Person(server)
    return person if person.sign_in(key, password) else None


def rights(tap, server, record):
    auditor = newcomer(server, "auditor1", "auditor")
    staff = newcomer(server, "staff1", "staff")
    nobody = newcomer(server, "nobody1", None)
    tap.ok(auditor and staff and nobody,
           "accounts are made and sign in with a forced change")
    tap.equal(auditor.get("/city")[0], 200, "an auditor sees the city")
    tap.equal(auditor.get("/log/records/" + record)[0], 200,
              "an auditor reads records")
    tap.equal(auditor.put("/registers/unit/main/x", {
        "name": "x", "kind": "business"})[0], 403,
              "an auditor changes nothing")
    status, body = auditor.get("/registers/person")
    tap.ok(status == 403 or all(
        row["masked"] or row["key"] == "auditor1" for row in body["rows"]),
           "an auditor sees nobody else's personal fields", body)
    tap.equal(staff.get("/log/records/" + record)[0], 404,
              "for staff a record of the logs is not there")
    status, body = staff.get("/log/search?q=")
    tap.ok(status == 200 and not body["records"],
           "and a search gives none", status)
    status, body = nobody.get("/city")
    tap.ok(status == 200 and body["agencies"] == [],
           "without an appointment no agency is seen", body)
    tap.equal(nobody.get("/agencies/main")[0], 404,
              "nor can it be asked for")
    tap.equal(nobody.get("/ledger/main/checkpoint")[0], 404,
              "nor its log")


def reads_are_records(tap, server):
    found = server.records('read-records "auditor1"') or []
    tap.ok(found, "reading records is itself a record, with who did it")


def main():
    tap = Tap()
    with Scratch() as folder:
        os.chmod(folder, 0o711)
        with Server(folder + "/data") as server:
            admin = Person(server)
            tap.ok(admin.sign_in(*server.administrator),
                   "the administrator signs in and changes the password")
            found = until(lambda: server.records("sign-in"), 15)
            record = found[0]["id"] if found else "none"
            shapes(tap, admin, record)
            strangers(tap, server)
            tiles(tap, admin)
            rights(tap, server, record)
            reads_are_records(tap, server)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
