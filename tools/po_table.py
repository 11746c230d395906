#!/usr/bin/env python3
"""Turn .po files into the message table of web/message.h.

    po_table.py OUT.c ZH.po EN.po

A msgid is a key ("nav.city"). Both files must hold the same keys, none
twice, none empty, and the same {names} in both texts: anything else stops
the build and says where.
"""
import re
import sys

KEY = re.compile(r"[a-z0-9]+([._-][a-z0-9_]+)*$")


def unquote(s, place):
    m = re.fullmatch(r'"((?:[^"\\]|\\["\\nt])*)"', s.strip())
    if m is None:
        sys.exit("%s: not a quoted string" % place)
    return re.sub(r"\\(.)", lambda e: {"n": "\n", "t": "\t"}.get(e[1], e[1]),
                  m[1])


def po_read(path):
    table, key, into, parts = {}, None, None, {}

    def put(place):
        nonlocal key, parts
        if "msgid" in parts and parts["msgid"] != "":
            k = parts["msgid"]
            if KEY.match(k) is None:
                sys.exit("%s: bad key %s" % (place, k))
            if k in table:
                sys.exit("%s: %s is there twice" % (place, k))
            if parts.get("msgstr", "") == "":
                sys.exit("%s: %s says nothing" % (place, k))
            table[k] = parts["msgstr"]
        parts = {}

    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            place = "%s:%d" % (path, n)
            line = line.strip()
            if line == "" or line.startswith("#"):
                continue
            m = re.match(r"(msgid|msgstr)\s+(.*)$", line)
            if m:
                if m[1] == "msgid":
                    put(place)
                into = m[1]
                parts[into] = unquote(m[2], place)
            elif line.startswith('"') and into is not None:
                parts[into] += unquote(line, place)
            else:
                sys.exit("%s: not a line of a .po file" % place)
    put(path)
    return table


def c_text(s):
    out = ""
    for b in s.encode("utf-8"):
        c = chr(b)
        if c in '"\\':
            out += "\\" + c
        elif 32 <= b < 127 and c != "?":
            out += c
        else:
            out += "\\%03o" % b
    return '"%s"' % out


def main(out, zh_path, en_path):
    zh, en = po_read(zh_path), po_read(en_path)
    for a, b, path in ((zh, en, en_path), (en, zh, zh_path)):
        for key in a:
            if key not in b:
                sys.exit("%s: %s is missing" % (path, key))
    for key in zh:
        names = [sorted(set(re.findall(r"\{[^}]*\}", t[key])))
                 for t in (zh, en)]
        if names[0] != names[1]:
            sys.exit("%s: the {names} of %s differ from %s"
                     % (en_path, key, zh_path))
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "web/message.h"\n\n')
        f.write("const struct message message_table[] = {\n")
        for key in sorted(zh, key=lambda k: k.encode()):
            f.write("{ %s, { %s,\n%s } },\n"
                    % (c_text(key), c_text(zh[key]), c_text(en[key])))
        f.write("};\nconst unsigned n_messages = %d;\n" % len(zh))


if __name__ == "__main__":
    main(*sys.argv[1:4])
