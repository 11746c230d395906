#!/usr/bin/env python3
"""Runs the parts of the test run and counts what they say.

    tally.py run PART [--limit S] -- COMMAND…     a command that prints TAP
    tally.py step PART SENTENCE [--limit S] -- COMMAND…
                                                  one test: it exits with 0
    tally.py meson PART FOLDER                    what meson test left behind
    tally.py sum                                  failures, then the last line

Each part's result is one JSON file in $TALLY (build/test-logs). A program
that crashes, is cut off by its time limit, prints no TAP or fewer tests than
it planned is a failure by itself: lost tests are never merely not counted.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

LOGS = os.environ.get("TALLY", "build/test-logs")
LINE = re.compile(r"^(ok|not ok)\b\s*(\d+)?\s*(?:-\s*)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*(skip\S*)\s*(.*))?$", re.I)
SKIP = re.compile(r"(?:^|\s)#\s*skip\S*\s*(.*)$", re.I)


class Outcome:
    """What one program said: counts, skipped ones, failures with their text."""

    def __init__(self):
        self.passed = 0
        self.skipped = []
        self.failed = []

    def fail(self, title, text=""):
        self.failed.append({"title": title, "text": text})

    def as_dict(self):
        return {"passed": self.passed, "skipped": self.skipped,
                "failed": self.failed}


def tap(program, out, err, code, cut):
    """Judge the TAP in `out`. `code` is the exit status, negative for a
    signal, None when it is not known; `cut` says the time limit ended it."""
    result = Outcome()
    planned = plans = seen = 0
    notes = []
    last = None  # the failed test whose explanation is being read
    for line in out.splitlines():
        plan = PLAN.match(line)
        test = LINE.match(line)
        if plan:
            plans += 1
            planned += int(plan.group(1))
            if plan.group(2) and int(plan.group(1)) == 0:
                result.skipped.append({"title": program,
                                       "why": plan.group(3)})
        elif line.startswith("Bail out!"):
            result.fail(program + ": gave up", line)
        elif not test:
            notes.append(line)
            if last:
                last["text"] += line + "\n"
        else:
            seen += 1
            last = None
            title = test.group(3)
            skip = SKIP.search(title)
            if skip:
                result.skipped.append({
                    "title": title[:skip.start()].strip() or program,
                    "why": skip.group(1)})
            elif test.group(1) == "ok":
                result.passed += 1
            else:
                result.fail(program + ": " + title,
                            "".join(n + "\n" for n in notes[-40:]))
                last = result.failed[-1]
            notes = []
    tail = "\n".join((out + "\n" + err).splitlines()[-200:])
    if cut:
        result.fail(program + ": passed its time limit", tail)
    elif code is not None and code < 0:
        result.fail("%s: ended by signal %d" % (program, -code), tail)
    elif plans == 0:
        result.fail(program + ": printed no plan, so nobody knows how many "
                    "tests there are", tail)
    elif seen != planned:
        result.fail("%s: planned %d tests, ran %d" % (program, planned, seen),
                    tail)
    elif code not in (0, None) and not result.failed:
        result.fail("%s: every test passed, yet it exited with %d"
                    % (program, code), tail)
    elif result.failed and err.strip():
        result.failed[-1]["text"] += "\n--- stderr\n" + \
            "\n".join(err.splitlines()[-100:])
    return result


def execute(command, limit):
    """Run it in a process group of its own; (out, err, code, cut)."""
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    cut = False
    try:
        out, err = started.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        cut = True
        os.killpg(started.pid, signal.SIGTERM)
        try:
            out, err = started.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            out, err = started.communicate()
    return (out.decode("utf-8", "replace"), err.decode("utf-8", "replace"),
            started.returncode, cut)


def keep(part, seconds, result, out="", err=""):
    """Write the part's result and say it in one line."""
    os.makedirs(LOGS, exist_ok=True)
    at = "%s/%03d" % (LOGS, len([n for n in os.listdir(LOGS)
                                 if n.endswith(".json")]))
    answer = result.as_dict()
    answer["part"] = part
    answer["seconds"] = seconds
    with open(at + ".json", "w", encoding="utf-8") as f:
        json.dump(answer, f, ensure_ascii=False)
    if out or err:
        with open(at + ".log", "w", encoding="utf-8") as f:
            f.write(out + ("\n--- stderr\n" + err if err else ""))
    print("%-34s %5d passed %3d failed%s %8.1f s" % (
        part, answer["passed"], len(answer["failed"]),
        " %3d skipped" % len(answer["skipped"]) if answer["skipped"]
        else "            ", seconds), flush=True)
    for failure in answer["failed"][:5]:
        print("    not ok: " + failure["title"], flush=True)
    return 0 if not answer["failed"] else 1


def run(part, command, limit):
    before = time.monotonic()
    try:
        out, err, code, cut = execute(command, limit)
    except OSError as problem:
        result = Outcome()
        result.fail("%s: cannot start: %s" % (part, problem))
        return keep(part, 0.0, result)
    return keep(part, time.monotonic() - before,
                tap(part, out, err, code, cut), out, err)


def step(part, sentence, command, limit):
    before = time.monotonic()
    result = Outcome()
    out = err = ""
    try:
        out, err, code, cut = execute(command, limit)
    except OSError as problem:
        result.fail("%s: cannot start: %s" % (sentence, problem))
    else:
        if code == 0 and not cut:
            result.passed = 1
        else:
            result.fail(sentence, "%s\n%s" % (
                "passed its time limit" if cut else "exit status %d" % code,
                "\n".join((out + "\n" + err).splitlines()[-200:])))
    return keep(part, time.monotonic() - before, result, out, err)


def meson(part, folder):
    """Sum meson-logs/testlog.json, one JSON object a line and program."""
    total = Outcome()
    seconds = 0.0
    path = folder + "/meson-logs/testlog.json"
    programs = []
    try:
        with open(path, encoding="utf-8") as f:
            programs = [json.loads(line) for line in f if line.strip()]
    except (OSError, ValueError) as problem:
        total.fail("%s: no result of meson test: %s" % (part, problem))
    if not programs and not total.failed:
        total.fail("%s: meson test ran no program" % part)
    for program in programs:
        seconds += program.get("duration", 0.0)
        word = program.get("result", "")
        result = tap(program["name"], program.get("stdout", ""),
                     program.get("stderr", ""), program.get("returncode"),
                     word in ("TIMEOUT", "INTERRUPT"))
        if word not in ("OK", "SKIP", "EXPECTEDFAIL") and not result.failed:
            result.fail("%s: meson says %s" % (program["name"], word),
                        program.get("stdout", "") + "\n" +
                        program.get("stderr", ""))
        total.passed += result.passed
        total.skipped += result.skipped
        total.failed += result.failed
    return keep(part, seconds, total)


def summary():
    passed = 0
    skipped = []
    failed = []
    for name in sorted(os.listdir(LOGS)) if os.path.isdir(LOGS) else []:
        if not name.endswith(".json"):
            continue
        with open(LOGS + "/" + name, encoding="utf-8") as f:
            part = json.load(f)
        passed += part["passed"]
        skipped += [(part["part"], s) for s in part["skipped"]]
        failed += [(part["part"], t) for t in part["failed"]]
    if passed == 0 and not failed:
        failed.append(("tally", {"title": "no test ran", "text": ""}))
    for part, test in skipped:
        print("skipped: %s: %s: %s" % (part, test["title"],
                                       test["why"] or "no reason given"))
    for part, test in failed:
        print("\n=== not ok: %s: %s\n%s" % (part, test["title"], test["text"]))
    print("%d passed, %d failed%s" % (
        passed, len(failed), ", %d skipped" % len(skipped) if skipped else ""))
    return 1 if failed else 0


def main(args):
    if args[:1] == ["sum"] and len(args) == 1:
        return summary()
    if args[:1] == ["meson"] and len(args) == 3:
        return meson(args[1], args[2])
    words = {"run": 2, "step": 3}.get(args[0] if args else "", 0)
    if not words or "--" not in args[words:]:
        print(__doc__, file=sys.stderr)
        return 2
    cut = args.index("--", words)
    limit = 900.0
    options = args[words:cut]
    if options[:1] == ["--limit"] and len(options) == 2:
        limit = float(options[1])
    elif options:
        print(__doc__, file=sys.stderr)
        return 2
    if args[0] == "run":
        return run(args[1], args[cut + 1:], limit)
    return step(args[1], args[2], args[cut + 1:], limit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
