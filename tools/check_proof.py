#!/usr/bin/env python3
"""Check a Beimen proof bundle (beimen-proof-1) with a log's public key alone.

    check_proof.py --key VKEY FILE...

VKEY is the log's key line, name+id+base64, had from elsewhere than the bundle.
Prints one line a file; exit 0: each bundle proves what it shows; 1: one does not.
Independent of Beimen's own code: Python's standard library, and the openssl
command for Ed25519. Formats: beimen-formats(5), RFC 9162, C2SP signed-note.
"""
import argparse, base64, codecs, hashlib, json, struct, subprocess, sys, tempfile


class Bad(Exception):
    pass


def need(ok, line):
    if not ok:
        raise Bad(line)


def b64(text):
    need(isinstance(text, str), "base64 expected")
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 not canonical")
    return raw


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def members(obj, names):
    need(isinstance(obj, dict) and set(obj) == set(names.split()), "members are not: " + names)
    return obj


def number(n):
    need(type(n) is int and -(1 << 63) <= n < 1 << 63, "whole number expected")
    return n


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), "a member stands twice")
    return dict(pairs)


def climb(step, leaf, root, name):
    """RFC 9162 2.1.3.2: from leaf data to the root."""
    fn, size, path = number(step["index"]), number(step["size"]), step["path"]
    need(0 <= fn < size and isinstance(path, list) and len(path) <= 64, name + ": place or path")
    sn, r = size - 1, sha(b"\0", leaf)
    for p in map(b64, path):
        need(len(p) == 32 and sn > 0, name + ": path too long")
        if fn & 1 or fn == sn:
            r = sha(b"\1", p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and r == root, name + ": path does not lead to the root")


def ed25519(public, message, sig):
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("k", bytes.fromhex("302a300506032b6570032100") + public), ("m", message), ("s", sig)):
            with open(d + "/" + name, "wb") as f:
                f.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", d + "/k", "-rawin",
                               "-in", d + "/m", "-sigfile", d + "/s"], capture_output=True).returncode == 0


def checkpoint(note, vkey):
    """C2SP signed-note and tlog-checkpoint: origin, size, root, believed for the key's sake."""
    name, key_id, key = vkey.split("+", 2)
    key = b64(key)
    need(len(key) == 33 and key[0] == 1, "the key given is not Ed25519")
    need(sha(name.encode(), b"\n", key)[:4].hex() == key_id, "the key given has another id")
    need(isinstance(note, str) and "\n\n" in note and note[-1] == "\n", "checkpoint: not a note")
    text, sigs = note.rsplit("\n\n", 1)
    text, signed = text + "\n", False
    for line in sigs[:-1].split("\n"):
        dash, who, sig = line.split(" ")
        sig = b64(sig)
        need(dash == "\u2014" and len(sig) > 4, "checkpoint: not a signature line")
        if who == name and sig[:4].hex() == key_id:
            need(ed25519(key[1:], text.encode(), sig[4:]), "checkpoint: the signature does not verify")
            signed = True
    need(signed, "checkpoint: not signed by the key given")
    origin, size, root = text.split("\n")[:3]
    need(origin == name, "checkpoint: the key given is not this log's")
    need(size == str(int(size)), "checkpoint: size")
    return origin, int(size), b64(root)


def shown(raw):
    return raw.decode("utf-8", "one-by-one").replace("\0", "\ufffd")


codecs.register_error("one-by-one", lambda e: ("\ufffd", e.start + 1))


def record(top):
    members(top, "format record leaf block segment log checkpoint")
    rec = members(top["record"], "id received_us sender text")
    block, segment = (members(top[k], "index size path leaf") for k in ("block", "segment"))
    leaf, bleaf, sleaf = b64(top["leaf"]), b64(block["leaf"]), b64(segment["leaf"])
    kind, seq, us, n = struct.unpack(">B16xQqB", leaf[:34])
    sender, (m,), raw = leaf[34:34 + n], struct.unpack(">I", leaf[34 + n:38 + n]), leaf[38 + n:]
    need(kind == 1 and len(raw) == m <= 65536, "leaf: not a record's")
    bkind, bfirst, bn, _, _, broot = struct.unpack(">BQIqq32s", bleaf)
    need(bkind == 2, "block: not a block's leaf")
    need(sleaf[0] == 0x11, "segment: not a segment's leaf")
    stream = sleaf[2:2 + sleaf[1]]
    sfirst, sn, blocks, _, _, file, sroot, _ = struct.unpack(">QIIqq32s32s32s", sleaf[2 + sleaf[1]:])
    need(rec["id"] == "%s.%d" % (stream.decode(), seq), "record: another id is shown")
    need(number(rec["received_us"]) == us, "record: another time is shown")
    need(rec["sender"] == shown(sender), "record: another sender is shown")
    need(rec["text"] == shown(raw), "record: another text is shown")
    climb(block, leaf, broot, "block")
    need(block["size"] == bn and seq - bfirst == block["index"], "block: numbers do not fit")
    climb(segment, bleaf, sroot, "segment")
    need(segment["size"] == blocks and sfirst <= bfirst and bfirst + bn <= sfirst + sn, "segment: numbers do not fit")
    return sleaf, "record %s, received_us %d, from %s" % (rec["id"], us, rec["sender"])


def entry(top):
    members(top, "format entry salt leaf log checkpoint")
    leaf, salt, body = b64(top["leaf"]), b64(top["salt"]), top["entry"].encode()
    kind, seq, us, h = struct.unpack(">BQq32s", leaf)
    need(kind == 0x10 and len(salt) == 32, "leaf: not an entry's")
    need(sha(salt, body) == h, "entry: salt and body do not give the leaf's hash")
    need(number(json.loads(body, object_pairs_hook=unique)["seq"]) == seq, "entry: another number than the leaf's")
    return leaf, "entry %d, received_us %d" % (seq, us)


def check(top, vkey):
    need(isinstance(top, dict) and top.get("format") == "beimen-proof-1", "not a bundle of format beimen-proof-1")
    leaf, what = record(top) if "record" in top else entry(top)
    log = members(top["log"], "origin index size path")
    origin, size, root = checkpoint(top["checkpoint"], vkey)
    need(log["origin"] == origin and log["size"] == size, "log: the checkpoint is of another log or size")
    climb(log, leaf, root, "log")
    return "proved: %s, in %s at %d of %d" % (what, origin, log["index"], size)


def proved(file, vkey):
    try:
        with open(file, encoding="utf-8") as f:
            print(check(json.load(f, object_pairs_hook=unique), vkey))
        return True
    except (Bad, RecursionError, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error) as e:
        print("not proved: %s" % (e if isinstance(e, Bad) else "not a bundle (%s: %s)" % (type(e).__name__, e)))
        return False


def main():
    p = argparse.ArgumentParser(description="check proof bundles with the log's public key alone")
    p.add_argument("--key", required=True, metavar="VKEY", help="the log's key line, name+id+base64")
    p.add_argument("file", nargs="+")
    args = p.parse_args()
    return 0 if all([proved(file, args.key) for file in args.file]) else 1


if __name__ == "__main__":
    sys.exit(main())
