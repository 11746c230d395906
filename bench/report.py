#!/usr/bin/env python3
"""Writes doc/performance.md from what the measurements kept."""
import json
import os

from common import RESULTS, SRC

HEAD = """\
# 效能 Performance

由 `make bench` 寫成，請勿手改。數字來自同一台機器、同一次執行、輪流進行；機器不同，數字就不同，比值才有意義。目標為本專案自訂：勝過現有者為「必須」，括號內為更遠的目標。

Written by `make bench`; not edited by hand. Same machine, same run, turn
about, medians with their range: figures differ from machine to machine, the
ratios mean something. Each goal's must is what beats what exists.

    bench/run.sh [LINES [ROUNDS]]        all of it; writes this page
    bench/growth.py --millions 1,10,100  the last table, alone

"""


def load(name):
    path = "%s/%s.json" % (RESULTS, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def shown(s, form="%.0f"):
    return (form + " (" + form + "–" + form + ")") % (
        s["median"], s["least"], s["most"])


def machine(m):
    return "%s, %d cores, Linux %s; load before the last round %.1f." % (
        m["processor"], m["cores"], m["kernel"], m["load"])


RECEIVERS = (("beimen", "beimen: parsed, classified, chained, indexed, "
              "encrypted, synced"),
             ("rsyslog", "rsyslog, as it comes, to a plain file"),
             ("rsyslog-tuned", "rsyslog, tuned, to a plain file"),
             ("syslog-ng", "syslog-ng, tuned, to a plain file"))


def ingest(a):
    yield "## 收下 Taking in: %s mix\n" % a["mix"]
    yield "%d lines of %.0f B, seed %d, %d TCP connections, sender on the " \
        "same cores, %d rounds. The clock of beimen stops when every line " \
        "is durable; the others write without syncing. Processor time of " \
        "beimen goes on until everything is sealed. What the peers are told " \
        "stands in bench/peers.py.\n" % (
            a["lines"], a["bytes"] / a["lines"], a["seed"], a["connections"],
            a["beimen"]["rate"]["rounds"])
    yield machine(a["machine"]) + "\n"
    yield "| | lines/s | beimen ÷ it | processor s a million | bytes a line " \
        "on disk | memory MiB |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, title in RECEIVERS:
        if name not in a:
            continue
        r = a[name]
        yield "| %s | %s | %.2f | %s | %s | %.0f |" % (
            title, shown(r["rate"]),
            a["beimen"]["rate"]["median"] / r["rate"]["median"],
            shown(r["cpu"], "%.1f"), shown(r["disk"], "%.1f"),
            r["memory"]["median"] / 1048576)
    yield ""


def search(a):
    yield "## 找到 Finding\n"
    yield "%d lines, %.0f MB; beimen: sealed and encrypted vault, asked from " \
        "the command line; rg: ripgrep over the same text in memory's " \
        "cache; zstd: `zstd -dc | rg`. All count; then the lines themselves " \
        "are compared with rg's. Milliseconds; a ratio above 1 says beimen " \
        "was faster.\n" % (a["lines"], a["bytes"] / 1e6)
    yield machine(a["machine"]) + "\n"
    yield "| question | hits | beimen ms | rg ms | zstd\\|rg ms | rg ÷ " \
        "beimen | zstd ÷ beimen | same lines |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for q in a["questions"]:
        yield "| %s `%s` | %d | %s | %s | %s | %.2f | %.2f | %s |" % (
            q["name"], q["query"].replace("|", "\\|"), q["hits"],
            shown(q["beimen_ms"], "%.1f"), shown(q["rg_ms"], "%.1f"),
            shown(q["zstd_ms"], "%.1f"), q["ratio_rg"], q["ratio_zstd"],
            "yes" if q["same"] else "**no**")
    yield ""
    yield "| top values of | beimen ms | sort, uniq over the text ms |"
    yield "| --- | --- | --- |"
    for t in a.get("tops", []):
        yield "| %s | %s | %s |" % (t["field"], shown(t["beimen_ms"]),
                                    shown(t["text_ms"]))
    yield ""


def store(a):
    yield "## 保存與證明 Keeping and proving\n"
    yield machine(a["machine"]) + "\n"
    yield "| mix | B/line raw | zstd -1 / -3 / -19 | beimen, all of it | ÷ " \
        "raw | ÷ zstd -3 |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for n, s in enumerate(a["sizes"]):
        yield "| %s, seed %d | %.1f | %s | %.1f | %.3f | %.2f |" % (
            s["mix"], a["seed"] + (1 if n == 1 else 0),
            s["raw"] / s["lines"], " / ".join(
                "%.1f" % (s["zstd"][level] / s["lines"])
                for level in ("1", "3", "19")),
            s["beimen"] / s["lines"], s["beimen"] / s["raw"],
            s["beimen"] / s["zstd"]["3"])
    yield ""
    yield "| %d lines | |" % a["lines"]
    yield "| --- | --- |"
    yield "| verify everything, from the bytes up | %s s: %.2f M records/s |" \
        % (shown(a["verify_s"], "%.2f"),
           a["lines"] / a["verify_s"]["median"] / 1e6)
    yield "| make a proof, command line and all | %s ms |" % shown(
        a["prove_ms"], "%.1f")
    yield "| check it, program start and all | %s ms; the bundle has %d B |" \
        % (shown(a["check_ms"], "%.1f"), a["proof_bytes"])
    yield "| start after a kill -9 of every process | %s s |" % shown(
        a["start_s"], "%.2f")
    yield "| … until the first answer | %s s |" % shown(
        a["answer_s"], "%.2f")
    yield ""


def growth(a):
    yield "## 成長 Growing\n"
    yield machine(a["machine"]) + "\n"
    yield "| records | taken in, a second | a word that occurs %s | absent " \
        "word ms | proof ms | memory MiB | B a record | files | start s |" \
        % "once in 100,000, ms"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for s in a["steps"]:
        yield "| %d M | %.0f | %.1f | %.1f | %.1f | %d | %.1f | %d | %.2f |" \
            % (s["records"] / 1e6, s["rate"], s["needle_ms"], s["absent_ms"],
               s["prove_ms"], s["memory_mib"], s["bytes_a_record"],
               s["files"], s["start_s"])
    yield ""


def main():
    with open(SRC + "/doc/performance.md", "w", encoding="utf-8") as f:
        f.write(HEAD)
        for name, part in (("ingest", ingest), ("ingest-other", ingest),
                           ("search", search), ("store", store),
                           ("growth", growth)):
            a = load(name)
            if a is None:
                continue
            for line in part(a):
                f.write(line + "\n")


if __name__ == "__main__":
    main()
