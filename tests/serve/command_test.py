#!/usr/bin/env python3
"""The command line as a new user meets it: a fresh data folder, right and
wrong words, exit statuses, and reading with the server stopped. TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Scratch, Server, Tap, until  # noqa: E402

ROSTER = "帳號,狀態,特權\nalice,啟用,否\nbob,停用,是\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def judged(server):
    """Verdicts of the first agency by clause, once rules has run."""
    answer = server.json("verdict")
    return {v["clause"]: v["state"] for v in (answer or {}).get("verdicts", [])}


def first_start(tap, server):
    tap.ok(server.administrator and server.administrator[0] == "admin",
           "the first start names an administrator and a one-time password")
    systems = server.json("book", "list", "system")
    keys = sorted(r["key"] for r in systems["rows"])
    tap.equal(keys, ["beimen", "this-machine"],
              "this machine and Beimen itself are the first systems")
    verdicts = judged(server)
    tap.equal(len(verdicts), 122, "every judged clause has a verdict")
    tap.ok(set(verdicts.values()) <= {"met", "due", "unmet", "unknown",
                                      "excepted", "n/a", "adopted",
                                      "not adopted"},
           "no other state is shown", verdicts)
    tap.equal(verdicts.get("8.2"), "unknown",
              "a clause without instrument is unknown, never met")
    done = server.cli("verdict", "--clause", "8.2")
    tap.equal(done.returncode, 1, "a verdict that is not met exits with 1")


def wrong_words(tap, server):
    for words, status, about in [
            (["frobnicate"], 2, "frobnicate"),
            (["log"], 2, "beimen log"),
            (["log", "search", "--bogus", "1"], 2, "--bogus"),
            (["log", "search", "--limit", "many"], 2, "limit"),
            (["log", "search", "user:("], 2, "at "),
            (["log", "search", "--since", "2026-02-30"], 2, "since"),
            (["log", "search", "nothing-like-this-anywhere"], 1, ""),
            (["log", "prove", "main.audit-60.999999"], 1, "record"),
            (["log", "prove", "nonsense"], 2, ""),
            (["verdict", "--clause", "99.9"], 1, "99.9"),
            (["verdict", "--set", "12.3.days=many"], 2, ""),
            (["verdict", "--set", "12.3.nothing=1"], 1, "nothing"),
            (["verdict", "--agency", "nobody"], 1, "agency"),
            (["verdict", "--at", "113/02/30"], 2, "113/02/30"),
            (["clause", "show"], 2, "clause show"),
            (["book", "get", "system", "nosuch"], 1, ""),
            (["book", "list", "nosuch"], 1, "register"),
            (["book", "set", "system", "beimen", "name"], 2, "FIELD=VALUE"),
            (["book", "set", "system", "beimen", "nosuch=1"], 1, "nosuch"),
            (["book", "add", "host", "h1", "name=x", "system=nosuch"], 1,
             "system"),
            (["book", "void", "system", "beimen"], 1, ""),
            (["ledger", "check", "/nonexistent"], 2, "--key"),
            (["account", "reset", "nobody"], 1, ""),
    ]:
        done = server.cli(*words)
        tap.ok(done.returncode == status and about in done.stderr,
               "`beimen %s` exits with %d and says why"
               % (" ".join(words), status),
               "%d\n%s%s" % (done.returncode, done.stdout, done.stderr))
    done = server.cli("--help")
    tap.ok(done.returncode == 0 and "beimen serve" in done.stdout,
           "help is told")


def registers(tap, server):
    done = server.cli("book", "add", "unit", "finance", "name=主計室",
                      "kind=business")
    tap.ok(done.returncode == 0 and done.stdout == "",
           "a row is added in silence", done.stderr)
    done = server.cli("book", "set", "unit", "finance", "name=會計室")
    tap.equal(done.returncode, 0, "and changed")
    history = server.json("book", "history", "unit", "finance")
    tap.equal([e["fields"]["name"] for e in history["entries"]],
              ["會計室", "主計室"], "its history has both, newest first")
    done = server.cli("book", "void", "unit", "finance", "--ground",
                      "併入主計處")
    tap.equal(done.returncode, 0, "it is voided with a ground")
    rows = server.json("book", "list", "unit")["rows"]
    tap.ok("finance" not in [r["key"] for r in rows],
           "and is no longer listed")


def imports(tap, server, folder):
    good = write(folder + "/good.csv",
                 "\ufeff單位代碼,單位名稱,單位類別\nlegal,法制室,業務單位\n"
                 "hr,人事室,業務單位\n")
    bad = write(folder + "/bad.csv",
                "單位代碼,單位名稱,單位類別\nx1,甲,業務單位\nx2,乙,外星單位\n"
                "x3,,業務單位\n")
    done = server.cli("book", "import", "unit", good, "--dry-run")
    tap.ok(done.returncode == 0 and "add 2" in done.stdout,
           "a dry run tells what an import would do", done.stdout + done.stderr)
    done = server.cli("book", "import", "unit", bad)
    tap.ok(done.returncode == 1 and "3:" in done.stderr and
           "4:" in done.stderr,
           "an import with mistakes names their lines", done.stderr)
    rows = [r["key"] for r in server.json("book", "list", "unit")["rows"]]
    tap.ok("x1" not in rows, "and stores nothing of it", rows)
    done = server.cli("book", "import", "unit", good)
    tap.equal(done.returncode, 0, "a good import is stored")
    again = server.json("book", "import", "unit", good)
    tap.equal((again["add"], again["change"], again["same"]), (0, 0, 2),
              "the same file again changes nothing")
    wrong = write(folder + "/wrong.csv", "甲,乙\n1,2\n")
    done = server.cli("book", "import", "unit", wrong)
    tap.ok(done.returncode in (1, 2) and "甲" in done.stderr,
           "wrong columns are named", done.stderr)
    with open(folder + "/big5.csv", "wb") as f:
        f.write("單位代碼,單位名稱\na,甲\n".encode("big5"))
    done = server.cli("book", "import", "unit", folder + "/big5.csv")
    tap.ok(done.returncode in (1, 2) and "UTF-8" in done.stderr,
           "Big5 is refused with the remedy", done.stderr)


def leavers(tap, server, folder):
    """4.2 end to end: somebody left, his account is still active."""
    roster = write(folder + "/accounts.csv", ROSTER)
    server.cli("book", "add", "person", "alice", "name=王小明",
               "left_on=2026-01-05")
    done = server.cli("book", "import", "account", roster, "--system",
                      "this-machine")
    tap.ok(done.returncode == 0, "an account list is imported", done.stderr)
    rows = server.json("book", "list", "account")["rows"]
    mine = [r for r in rows if r["fields"]["account"] == "alice"]
    done = server.cli("book", "set", "account", mine[0]["key"],
                      "person=alice") if mine else None
    tap.ok(done and done.returncode == 0, "the account is tied to its person",
           done and done.stderr)
    state = until(lambda: judged(server).get("4.2") == "unmet" and "unmet",
                  20)
    tap.equal(state, "unmet", "4.2 is unmet: a leaver's account is active")


def what_if(tap, server):
    before = judged(server)
    answer = server.json("verdict", "--clause", "12.1", "--at",
                         "2027-12-31T00:00:00+08:00")
    tap.equal([v["state"] for v in answer["verdicts"]], ["unknown"],
              "a year on without a record 12.1 is unknown")
    tap.equal(judged(server), before, "asking changes nothing")
    answer = server.json("clause", "explain", "12.1")
    tap.ok(answer["subjects"] and all(
        s["state"] in ("met", "due") or s["says"]["zh"] or s["says"]["en"]
        for s in answer["subjects"]), "explain has a sentence for each "
        "subject", answer)


def stopped(tap, server):
    verdicts = judged(server)
    server.stop()
    tap.equal(judged(server), verdicts,
              "with the server stopped the verdicts are the same")
    done = server.cli("ledger", "verify")
    tap.equal(done.returncode, 0, "and the whole log hashes to its root")
    done = server.cli("log", "verify")
    tap.ok(done.returncode == 0, "and the vault is sound", done.stdout)
    done = server.cli("book", "set", "unit", "hr", "name=x")
    tap.ok(done.returncode == 3 and "no server" in done.stderr,
           "writing needs the server", done.stderr)
    left = [n for n in os.listdir("/proc") if n.isdigit() and
            server.data in open("/proc/%s/cmdline" % n, "rb").read().decode(
                "utf-8", "replace")] if os.path.isdir("/proc") else []
    tap.equal(left, [], "nothing is left running")


def second(tap, server):
    """A second server on the same folder is refused."""
    try:
        with Server(server.data) as other:
            other.stop()
        tap.ok(False, "a second server on one folder is refused")
    except RuntimeError as problem:
        tap.ok("another beimen serves" in str(problem),
               "a second server on one folder is refused, with the reason",
               problem)


def main():
    tap = Tap()
    with Scratch() as folder:
        os.chmod(folder, 0o711)
        with Server(folder + "/data") as server:
            until(lambda: len(judged(server)) >= 122, 30, 0.5)
            first_start(tap, server)
            wrong_words(tap, server)
            registers(tap, server)
            imports(tap, server, folder)
            leavers(tap, server, folder)
            what_if(tap, server)
            second(tap, server)
            stopped(tap, server)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
