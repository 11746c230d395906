#!/usr/bin/env python3
"""Turn files into a C table.

    embed.py sql OUT.c SYMBOL FILE.sql...    struct sql_named SYMBOL[]
    embed.py bytes OUT.c SYMBOL FILE...      struct embedded SYMBOL[]

The first form includes sql/sql.h; the second base/embedded.h.
"""
import os
import sys


def text(data):
    """A C string literal, one source line a text line."""
    lines = data.decode("utf-8").splitlines(keepends=True) or [""]
    out = []
    for line in lines:
        esc = ""
        for ch in line.encode("utf-8"):
            c = chr(ch)
            if c in '"\\':
                esc += "\\" + c
            elif c == "\n":
                esc += "\\n"
            elif c == "\t":
                esc += "\\t"
            elif 32 <= ch < 127 and c != "?":
                esc += c
            else:
                esc += "\\%03o" % ch
        out.append('\t"%s"' % esc)
    return "\n".join(out)


def main(kind, out, symbol, files):
    with open(out, "w", encoding="ascii") as f:
        if kind == "sql":
            f.write('#include "sql/sql.h"\n\n')
            f.write("extern const struct sql_named %s[];\n" % symbol)
            f.write("const struct sql_named %s[] = {\n" % symbol)
            for path in sorted(files):
                name = os.path.basename(path).removesuffix(".sql")
                with open(path, "rb") as src:
                    f.write('{ "%s",\n%s },\n' % (name, text(src.read())))
            f.write("{ NULL, NULL },\n};\n")
            return
        f.write('#include "base/embedded.h"\n\n')
        tables = []
        for i, path in enumerate(sorted(files)):
            with open(path, "rb") as src:
                data = src.read()
            f.write("static const unsigned char d%d[] = {" % i)
            for k, b in enumerate(data + b"\0"):
                f.write(("\n" if k % 20 == 0 else "") + "%d," % b)
            f.write("\n};\n")
            tables.append((os.path.basename(path), i, len(data)))
        f.write("extern const struct embedded %s[];\n" % symbol)
        f.write("const struct embedded %s[] = {\n" % symbol)
        for name, i, n in tables:
            f.write('{ "%s", { d%d, %d } },\n' % (name, i, n))
        f.write("{ NULL, { NULL, 0 } },\n};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
