#!/usr/bin/env python3
"""Root alters what is stored, all of it but the signer's key: the offline
verifier finds it from a head that was exported before. Prints TAP.

Each case works on a copy of one stopped data folder. Where it helps him the
tamperer also recomputes everything that can be computed without the key:
leaf hashes, tiles, the root, chains (`forge`).

    tests/tamper/tamper_test.py [--list]
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import BEIMEN, Scratch, Server, Tap, until  # noqa: E402

AGENCY = "main"


def copy(a, b):
    """With owners and modes: the reader does not run as root."""
    subprocess.run(["cp", "-a", a, b], check=True)


# --- what the tamperer has ---------------------------------------------------

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\1", root(leaves[:k]), root(leaves[k:]))


class Files:
    """One copy of the data folder."""

    def __init__(self, path):
        self.path = path
        self.db = sqlite3.connect(path + "/book/book.db",
                                  isolation_level=None)
        for name in ("entry_stays", "entry_is_kept"):
            self.db.execute("DROP TRIGGER IF EXISTS " + name)

    def close(self):
        self.db.close()

    def one(self, text, *args):
        return self.db.execute(text, args).fetchone()

    def all(self, text, *args):
        return self.db.execute(text, args).fetchall()

    def do(self, text, *args):
        n = self.db.execute(text, args).rowcount
        assert n != 0, "the case changes nothing: " + text

    def find(self, where, end):
        found = []
        for place, _, names in os.walk(self.path + "/vault/" + where):
            found += [os.path.join(place, n) for n in names
                      if n.endswith(end)]
        return sorted(found)

    def forge(self):
        """Everything that follows from the leaves, made to fit them."""
        leaves = [sha(b"\0", d) for (d,) in self.all(
            "SELECT data FROM leaf ORDER BY at")]
        self.db.execute("DELETE FROM tile")
        level, hashes = 0, leaves
        while hashes:
            for at in range(0, len(hashes), 256):
                self.db.execute(
                    "INSERT INTO tile VALUES (?, ?, ?, ?)",
                    (AGENCY, level, at // 256,
                     b"".join(hashes[at:at + 256])))
            hashes = [root(hashes[i:i + 256])
                      for i in range(0, len(hashes) // 256 * 256, 256)]
            level += 1
        self.do("UPDATE log SET size = ?, root = ?", len(leaves),
                root(leaves))
        self.db.execute("DELETE FROM checkpoint WHERE size > ?",
                        (len(leaves),))
        for at, in self.all("SELECT at FROM leaf WHERE kind = 16"):
            self.db.execute("UPDATE entry SET hash = ? WHERE leaf = ?",
                            (leaves[at], at))

    def chains(self):
        """The registers' chains, made to fit the entries."""
        heads = {}
        for reg, seq, h in self.all(
                "SELECT register, seq, hash FROM entry ORDER BY seq"):
            n, _, head = heads.get(reg, (0, 0, bytes(32)))
            heads[reg] = (n + 1, seq, sha(head, h))
        self.db.execute("DELETE FROM chain")
        for reg, (n, seq, head) in heads.items():
            self.db.execute("INSERT INTO chain VALUES (?, ?, ?, ?, ?)",
                            (AGENCY, reg, n, seq, head))


def bump(blob, at=0, bit=1):
    b = bytearray(blob)
    b[at] ^= bit
    return bytes(b)


def entry_leaf(seq, us, salt, body):
    return struct.pack(">BQq", 0x10, seq, us) + sha(salt, body.encode())


# --- the cases: (what he does, how) -------------------------------------------

def entry_cases(seqs):
    def body(f, seq, change=lambda o: o.update(actor="person/other")):
        o = json.loads(f.one("SELECT body FROM entry WHERE seq = ?", seq)[0])
        change(o)
        return json.dumps(o, ensure_ascii=False, sort_keys=True,
                          separators=(",", ":"))

    def edit(f, seq):
        f.do("UPDATE entry SET body = ? WHERE seq = ?", body(f, seq), seq)

    def edit_forge(f, seq):
        text = body(f, seq)
        salt, us, leaf = f.one("SELECT salt, received_us, leaf FROM entry "
                               "WHERE seq = ?", seq)
        f.do("UPDATE entry SET body = ?, actor = 'person/other' "
             "WHERE seq = ?", text, seq)
        f.do("UPDATE leaf SET data = ? WHERE at = ?",
             entry_leaf(seq, us, salt, text), leaf)
        f.forge()
        f.chains()

    def column(name, value):
        def how(f, seq):
            f.do("UPDATE entry SET %s = ? WHERE seq = ?" % name, value, seq)
        return how

    def back_date(f, seq):
        f.do("UPDATE entry SET received_us = received_us - 86400000000 "
             "WHERE seq = ?", seq)

    def back_date_forge(f, seq):
        back_date(f, seq)
        salt, us, leaf, text = f.one(
            "SELECT salt, received_us, leaf, body FROM entry WHERE seq = ?",
            seq)
        f.do("UPDATE leaf SET data = ?, at_us = ? WHERE at = ?",
             entry_leaf(seq, us, salt, text), us, leaf)
        f.forge()
        f.chains()

    def effective(f, seq):
        f.do("UPDATE entry SET effective_us = effective_us - 86400000000 "
             "WHERE seq = ?", seq)

    def delete(f, seq):
        f.do("DELETE FROM entry WHERE seq = ?", seq)

    def delete_hide(f, seq):
        """The leaf's data too, as if it were an old heads leaf."""
        f.do("UPDATE leaf SET data = NULL, kind = 18 WHERE at = "
             "(SELECT leaf FROM entry WHERE seq = ?)", seq)
        delete(f, seq)
        f.chains()

    def delete_forge(f, seq):
        """And what came after it moves up by one place."""
        leaf = f.one("SELECT leaf FROM entry WHERE seq = ?", seq)[0]
        delete(f, seq)
        f.do("DELETE FROM leaf WHERE at = ?", leaf)
        n = f.one("SELECT max(at) FROM leaf")[0]
        for at in range(leaf + 1, n + 1):
            f.db.execute("UPDATE leaf SET at = ? WHERE at = ?", (at - 1, at))
            f.db.execute("UPDATE entry SET leaf = ? WHERE leaf = ?",
                         (at - 1, at))
            f.db.execute("UPDATE segment SET leaf = ? WHERE leaf = ?",
                         (at - 1, at))
        f.forge()
        f.chains()

    def swap(f, seq):
        one, two = (f.one("SELECT body, salt FROM entry WHERE seq = ?", s)
                    for s in (seq, seq + 1))
        f.do("UPDATE entry SET body = ?, salt = ? WHERE seq = ?", *two, seq)
        f.do("UPDATE entry SET body = ?, salt = ? WHERE seq = ?", *one,
             seq + 1)

    def salt(f, seq):
        f.do("UPDATE entry SET salt = ? WHERE seq = ?", bump(f.one(
            "SELECT salt FROM entry WHERE seq = ?", seq)[0]), seq)

    def insert(f, seq):
        """One more entry behind this one, as if it had always been there."""
        leaf = f.one("SELECT leaf FROM entry WHERE seq = ?", seq)[0]
        n = f.one("SELECT max(at) FROM leaf")[0]
        for at in range(n, leaf, -1):
            f.db.execute("UPDATE leaf SET at = ? WHERE at = ?", (at + 1, at))
        f.do("INSERT INTO leaf SELECT agency, at + 1, kind, at_us, data "
             "FROM leaf WHERE at = ?", leaf)
        f.db.execute("UPDATE entry SET leaf = leaf + 1 WHERE leaf > ?",
                     (leaf,))
        f.db.execute("UPDATE segment SET leaf = leaf + 1 WHERE leaf > ?",
                     (leaf,))
        f.forge()

    ways = [("edits the body", edit),
            ("edits the body and forges the tree", edit_forge),
            ("names another actor", column("actor", "person/other")),
            ("names another key", column("key", "other")),
            ("makes it a voiding", column("action", "void")),
            ("back-dates", back_date),
            ("back-dates and forges the tree", back_date_forge),
            ("moves its effect", effective),
            ("deletes", delete),
            ("deletes and hides", delete_hide),
            ("deletes, closes ranks and forges the tree", delete_forge),
            ("swaps with the next", swap),
            ("alters the salt of", salt),
            ("inserts behind", insert)]
    return [("%s entry %d" % (what, seq),
             lambda f, how=how, seq=seq: how(f, seq))
            for seq in seqs for what, how in ways]


def leaf_cases(f0):
    cases = []
    for kind in (16, 17, 18):
        all_of = [at for at, in f0.all(
            "SELECT at FROM leaf WHERE kind = ? ORDER BY at", kind)]
        for at in {all_of[0], all_of[len(all_of) // 2], all_of[-1]}:
            for what, text in (
                    ("flips a bit of leaf %d (kind %d)", None),
                    ("empties leaf %d (kind %d)",
                     "UPDATE leaf SET data = NULL, kind = 18 WHERE at = ?"),
                    ("deletes leaf %d (kind %d)",
                     "DELETE FROM leaf WHERE at = ?"),
                    ("calls leaf %d (kind %d) another kind",
                     "UPDATE leaf SET kind = kind %% 3 + 16 WHERE at = ?")):
                if "empties" in what and kind == 18 and at != all_of[-1]:
                    continue  # that is what old ones become

                def how(f, at=at, text=text):
                    if text:
                        f.do(text.replace("%%", "%"), at)
                        return
                    data = f.one("SELECT data FROM leaf WHERE at = ?", at)[0]
                    f.do("UPDATE leaf SET data = ? WHERE at = ?",
                         bump(data, len(data) // 2), at)
                cases.append((what % (at, kind), how))

    def swap(f, a, b, forge):
        f.do("UPDATE leaf SET at = -1 WHERE at = ?", a)
        f.do("UPDATE leaf SET at = ? WHERE at = ?", a, b)
        f.do("UPDATE leaf SET at = ? WHERE at = -1", b)
        if forge:
            f.forge()
    for forge in (False, True):
        for a in (0, 30, 60):
            cases.append(("swaps leaves %d and %d%s" % (
                a, a + 1, " and forges the tree" if forge else ""),
                lambda f, a=a, forge=forge: swap(f, a, a + 1, forge)))
    return cases


def log_cases():
    def cut(f, n, forge):
        top = f.one("SELECT size FROM log")[0] - n
        gone = [s for s, in f.all("SELECT seq FROM entry WHERE leaf >= ?",
                                  top)]
        f.do("DELETE FROM leaf WHERE at >= ?", top)
        for seq in gone:
            f.do("DELETE FROM entry WHERE seq = ?", seq)
        f.db.execute("DELETE FROM segment WHERE leaf >= ?", (top,))
        if forge:
            f.forge()
            f.chains()
    cases = [("cuts %d leaves off%s" % (
        n, " and forges the rest" if forge else ""),
        lambda f, n=n, forge=forge: cut(f, n, forge))
        for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
        for forge in (False, True)]

    def tile(f, at, bit):
        blob = f.one("SELECT hashes FROM tile WHERE level = 0")[0]
        f.do("UPDATE tile SET hashes = ? WHERE level = 0 AND at = 0",
             bump(blob, at % len(blob), bit))
    cases += [("flips a bit of a tile at %d" % at,
               lambda f, at=at: tile(f, at, 4))
              for at in (0, 31, 32, 500, 1000, 2000)]
    cases += [
        ("says another root", lambda f: f.do(
            "UPDATE log SET root = ?", bump(f.one(
                "SELECT root FROM log")[0]))),
        ("says another size", lambda f: f.do(
            "UPDATE log SET size = size - 1")),
        ("deletes the last signed head", lambda f: f.do(
            "DELETE FROM checkpoint WHERE size = "
            "(SELECT max(size) FROM checkpoint)")),
        ("deletes all signed heads", lambda f: f.do(
            "DELETE FROM checkpoint")),
        ("alters the last signed head", lambda f: f.do(
            "UPDATE checkpoint SET note = ? WHERE size = "
            "(SELECT max(size) FROM checkpoint)", bump(f.one(
                "SELECT note FROM checkpoint ORDER BY size DESC")[0], 30))),
        ("alters a signature of the first head", lambda f: f.do(
            "UPDATE checkpoint SET note = ? WHERE size = "
            "(SELECT min(size) FROM checkpoint)", bump(f.one(
                "SELECT note FROM checkpoint ORDER BY size")[0], -9, 2))),
        ("gives a signed head another root", lambda f: f.do(
            "UPDATE checkpoint SET root = ? WHERE size = "
            "(SELECT max(size) FROM checkpoint)", bump(f.one(
                "SELECT root FROM checkpoint ORDER BY size DESC")[0]))),
        ("deletes a chain", lambda f: f.do(
            "DELETE FROM chain WHERE register = 'agency'")),
        ("alters a chain", lambda f: f.do("UPDATE chain SET n = n + 1")),
    ]
    return cases


def register_cases(f0):
    cases = []
    for name in ("agency", "unit", "person", "appointment", "system", "host",
                 "log_source"):
        rows = f0.all("SELECT key FROM %s" % name)
        columns = [c[1] for c in f0.all("PRAGMA table_info(%s)" % name)]
        text = "name" if "name" in columns else "role"
        for what, sql in (
                ("edits a row", "UPDATE %s SET %s = %s || 'x'" % (
                    name, text, text)),
                ("deletes a row", "DELETE FROM %s" % name),
                ("voids a row", "UPDATE %s SET voided = 1 - voided" % name),
                ("back-dates a row",
                 "UPDATE %s SET effective_us = effective_us - 1" % name)):
            cases.append((
                "%s of register %s" % (what, name),
                lambda f, sql=sql, key=rows[0][0]: f.do(
                    sql + " WHERE key = ?", key)))
        cases.append((
            "inserts a row into register %s" % name,
            lambda f, name=name, columns=columns: f.do(
                "INSERT INTO %s SELECT %s FROM %s LIMIT 1" % (
                    name, ", ".join("'inserted'" if c == "key" else '"%s"' % c
                                    for c in columns), name))))
    return cases


def alter(path, how):
    about = os.stat(path)
    os.chmod(path, 0o600)
    with open(path, "rb") as f:
        data = how(f.read())
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, about.st_mode & 0o7777)


def vault_cases(f0, chance):
    cases = []
    for where, end, title in (("segments", ".seg", "segment"),
                              ("inbox", ".journal", "journal")):
        n = len(f0.find(where, end))
        for i in range(n):
            size = os.path.getsize(f0.find(where, end)[i])
            for _ in range(20 // n):
                at = chance.randrange(size)
                cases.append((
                    "flips a bit of %s %d at %d of %d" % (
                        title, i + 1, at, size),
                    lambda f, i=i, at=at, where=where, end=end: alter(
                        f.find(where, end)[i],
                        lambda b: bump(b, at, 1 << at % 8))))
            for share in (0, 0.3, 0.7):
                cases.append((
                    "cuts %s %d to %d %%" % (title, i + 1, share * 100),
                    lambda f, i=i, s=share, where=where, end=end: alter(
                        f.find(where, end)[i],
                        lambda b: b[:int(len(b) * s)])))
            cases.append((
                "deletes %s %d" % (title, i + 1),
                lambda f, i=i, where=where, end=end: os.unlink(
                    f.find(where, end)[i])))
            cases.append((
                "swaps two parts of %s %d" % (title, i + 1),
                lambda f, i=i, where=where, end=end: alter(
                    f.find(where, end)[i],
                    lambda b: b[:len(b) // 2] + b[3 * len(b) // 4:] +
                    b[len(b) // 2:3 * len(b) // 4])))

    def exchange(f):
        one, two = f.find("segments", ".seg")[:2]
        os.rename(one, one + ".x")
        os.rename(two, one)
        os.rename(one + ".x", two)

    def misname(f):
        one = f.find("segments", ".seg")[0]
        os.rename(one, one.replace(os.path.basename(one), "0" * 64 + ".seg"))

    def everything(f):
        for path in f.find("segments", ".seg") + f.find("inbox", ".journal"):
            os.unlink(path)
    cases += [("swaps two segments", exchange),
              ("gives a segment another name", misname),
              ("empties the vault", everything)]
    for what, sql in (
            ("counts less in", "UPDATE segment SET n = n - 1"),
            ("moves the start of",
             "UPDATE segment SET first_us = first_us + 1"),
            ("shortens the period of",
             "UPDATE segment SET keep_days = keep_days - 1"),
            ("says another class of", "UPDATE segment SET class = 'personal'"),
            ("calls gone", "UPDATE segment SET gone_us = 1"),
            ("renumbers", "UPDATE segment SET first_seq = first_seq + 1"),
            ("takes out of the table", "DELETE FROM segment")):
        for i in (0, 1):
            cases.append((
                "%s segment %d" % (what, i + 1),
                lambda f, sql=sql, i=i: f.do(
                    sql + " WHERE leaf = (SELECT leaf FROM segment "
                    "ORDER BY leaf LIMIT 1 OFFSET %d)" % i)))
    return cases


def backup_cases(old):
    def back(part):
        def how(f):
            f.close()
            shutil.rmtree(f.path + part)
            copy(old + part, f.path + part)
            f.db = sqlite3.connect(f.path + "/book/book.db")
        return how
    return [("restores yesterday's database", back("/book")),
            ("restores yesterday's vault", back("/vault")),
            ("restores yesterday's inbox", back("/vault/inbox")),
            ("restores yesterday's folder, all of it", back(""))]


# --- running -----------------------------------------------------------------------

def verify(data, outside):
    done = subprocess.run(
        [BEIMEN, "ledger", "verify", "--head", outside + "/head", "--key",
         open(outside + "/key", encoding="utf-8").read(), "--data", data],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, text=True,
        errors="replace", check=False)
    return done.returncode, done.stdout + done.stderr


def tried(folder, base, outside, n, case):
    """What the verifier says of one case: (title, status, text)."""
    title, how = case
    path = "%s/case%d" % (folder, n)
    copy(base, path)
    files = Files(path)
    try:
        how(files)
        files.close()
        for end in ("-wal", "-shm"):  # a reader cannot make them
            if not os.path.exists(path + "/book/book.db" + end):
                copy(base + "/book/book.db" + end,
                     path + "/book/book.db" + end)
        return (title,) + verify(path, outside)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def send(server, first, n):
    before = server.stored() or 0
    with socket.create_connection(server.syslog, 5) as s:
        s.sendall("".join(
            "<13>1 - sender.test fill - - - fill %06d\n" % i
            for i in range(first, first + n)).encode())
        s.shutdown(socket.SHUT_WR)
    return until(lambda: (server.stored() or 0) >= before + n, 60)


def signed_all(server):
    """The signed head has everything, and nothing moves any more."""
    def log():
        logs = (server.json("ledger", "list") or {}).get("logs") or [{}]
        return logs[0]
    last = [None]

    def still():
        now = log()
        same = now.get("size") == last[0] and \
            now.get("size") == now.get("signed_size")
        last[0] = now.get("size")
        return same and now
    return until(still, 60, 7)


def prepare(tap, folder):
    """Yesterday's folder, today's, and a head kept outside."""
    data, old, outside = (folder + d for d in ("/data", "/old", "/outside"))
    os.mkdir(outside)
    with Server(data) as server:
        tap.ok(send(server, 1, 300), "records are stored")
        tap.equal(server.cli("log", "seal").returncode, 0, "and sealed")
        server.stop()
        copy(data, old)
        server.start()
        tap.ok(send(server, 301, 300), "the next day too")
        tap.equal(server.cli("log", "seal").returncode, 0, "and sealed")
        tap.ok(send(server, 601, 200), "and some that wait")
        for i in range(3):
            done = server.cli("book", "add", "system", "system-%d" % i,
                              "name=System %d" % i, "unit=information")
            tap.equal(done.returncode, 0, "a system is registered")
        log = signed_all(server)
        tap.ok(log, "the head is signed")
        with open(outside + "/key", "w", encoding="utf-8") as f:
            f.write(log["key"])
        done = server.cli("ledger", "checkpoint", AGENCY, "-o",
                          outside + "/head")
        tap.equal(done.returncode, 0, "and taken away")
        code, said = verify(data, outside)
        tap.ok(code == 0, "while the server runs all holds", said)
    code, said = verify(data, outside)
    tap.ok(code == 0, "stopped, all holds", said)
    return data, old, outside


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--seed", type=int, default=7)
    given = arguments.parse_args()
    tap = Tap()
    with Scratch() as folder:
        data, old, outside = prepare(tap, folder)
        if tap.bad:
            return tap.done()
        copy(data, folder + "/look")
        look = Files(folder + "/look")
        last = look.one("SELECT max(seq) FROM entry")[0]
        cases = entry_cases([1, 4, last // 2, last - 3]) + \
            leaf_cases(look) + log_cases() + register_cases(look) + \
            vault_cases(look, random.Random(given.seed)) + backup_cases(old)
        look.close()
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(
                lambda p: tried(folder, data, outside, *p),
                enumerate(cases)))
        found = 0
        for title, code, said in results:
            found += code == 1
            if code != 1 or given.list:
                tap.ok(code == 1, "root %s: found" % title,
                       "exit status %d: %s" % (code, said))
        tap.ok(len(cases) >= 200 and found == len(cases),
               "%d of %d cases are found" % (found, len(cases)))
        code, said = verify(data, outside)
        tap.ok(code == 0, "the folder that nobody touched holds", said)
        with open(outside + "/head", "r+b") as f:
            b = f.read()
            f.seek(0)
            f.write(b.replace(b"\n\n", b"1\n\n", 1))
        code, said = verify(data, outside)
        tap.ok(code == 1, "a head nobody signed is not believed", said)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
