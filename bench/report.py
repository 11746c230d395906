#!/usr/bin/env python3
"""Writes doc/bench.md from what ingest.py and search.py kept."""
import json

from common import RESULTS, SRC

HEAD = """\
# 量測 Measurements

由 `make bench` 寫成，請勿手改。數字來自同一台機器、同一次執行、輪流進行；機器不同，數字就不同，比值才有意義。

Written by `make bench`; not edited by hand. Same machine, same run, turn
about, medians with their range: figures differ from machine to machine, the
ratios mean something.

"""


def load(name):
    with open("%s/%s.json" % (RESULTS, name), encoding="utf-8") as f:
        return json.load(f)


def shown(s, form="%.0f"):
    return (form + " (" + form + "–" + form + ")") % (
        s["median"], s["least"], s["most"])


def machine(m):
    return "%s, %d cores, Linux %s; load before the last round %.1f." % (
        m["processor"], m["cores"], m["kernel"], m["load"])


def ingest(a):
    yield "## 收下 Taking in\n"
    yield "%d lines of mixed government-like logs (%.0f B each, seed %d), " \
        "%d TCP connections, sender on the same cores, %d rounds. beimen: " \
        "parsed, classified, chained and synced to disk when the clock " \
        "stops; bytes on disk are those of the sealed segments. rsyslog: " \
        "imtcp to omfile as it comes, not synced.\n" % (
            a["lines"], a["bytes"] / a["lines"], a["seed"], a["connections"],
            a["beimen"]["rate"]["rounds"])
    yield machine(a["machine"]) + "\n"
    yield "| | lines/s | processor s a million | bytes a line on disk |"
    yield "| --- | --- | --- | --- |"
    for name in ("beimen", "rsyslog"):
        r = a[name]
        yield "| %s | %s | %s | %s |" % (
            name, shown(r["rate"]), shown(r["cpu"], "%.1f"),
            shown(r["disk"]))
    yield "\n**beimen ÷ rsyslog: %.2f** lines/s.\n" % a["ratio"]


def search(a):
    yield "## 找到 Finding\n"
    yield "%d lines, %.0f MB; beimen: sealed vault, asked from the command " \
        "line; rg: ripgrep over the same text in memory's cache. Both count; " \
        "then the lines themselves are compared. Milliseconds; a ratio " \
        "above 1 says beimen was faster.\n" % (a["lines"], a["bytes"] / 1e6)
    yield machine(a["machine"]) + "\n"
    yield "| question | hits | beimen ms | rg ms | rg ÷ beimen | same lines |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for q in a["questions"]:
        yield "| %s `%s` | %d | %s | %s | %.2f | %s |" % (
            q["name"], q["query"], q["hits"], shown(q["beimen_ms"], "%.1f"),
            shown(q["rg_ms"], "%.1f"), q["ratio"],
            "yes" if q["same"] else "**no**")
    yield ""


def main():
    with open(SRC + "/doc/bench.md", "w", encoding="utf-8") as f:
        f.write(HEAD)
        for part in (ingest(load("ingest")), search(load("search"))):
            for line in part:
                f.write(line + "\n")


if __name__ == "__main__":
    main()
