#!/usr/bin/env python3
"""Answers in the shapes of doc/api.md, for tests of the web face alone.

    fake_data.py OUT.json

Plain test data, the same at every run: path -> answer.
"""
import json
import sys

NOW = "2026-11-22T23:07:27+08:00"
CHAPTERS = [("總則", "General"), ("資訊安全組織", "Organisation"),
            ("人員安全管理及教育訓練", "People and training"),
            ("實體與環境安全", "Physical security"),
            ("資訊系統作業安全管理", "Operations"),
            ("網路安全管理", "Network security"),
            ("系統存取控制", "Access control"),
            ("系統發展與維護安全管理", "Development and maintenance"),
            ("行動裝置應用程式安全", "Mobile applications"),
            ("資訊安全事件之管理", "Incidents"),
            ("業務持續運作管理", "Continuity"), ("獎勵及懲處", "Reward and discipline")]
PER_CHAPTER = [6, 5, 6, 14, 26, 13, 14, 20, 5, 2, 3, 2]
AGENCIES = [("main", "測試機關", "Test agency"), ("civil", "民政單位", "Civil unit"),
            ("works", "工務單位", "Works unit"), ("health", "衛生單位", "Health unit"),
            ("school", "學校單位", "School unit"), ("library", "圖書單位", "Library unit"),
            ("water", "水務單位", "Water unit"), ("north", "北區單位", "North unit"),
            ("south", "南區單位", "South unit"), ("land", "地政單位", "Land unit")]
STATES = ["met", "due", "unmet", "unknown", "excepted", "n/a"]
LETTER = {"met": "m", "due": "d", "unmet": "u", "unknown": "k",
          "excepted": "e", "n/a": "n", "adopted": "a", "not adopted": "o"}
DIGIT = "〇一二三四五六七八九"
HOSTILE = ("</pre><script>alert('x')</script><img src=x onerror=alert(1)>"
           "\" onmouseover=\"alert(2)\" ' `${7*7}` {{7*7}} &lt;b&gt; "
           "\u202egnp.exe\u202c \x1b[31mred")


def zh_number(n):
    if n < 10:
        return DIGIT[n]
    tens, ones = divmod(n, 10)
    return (DIGIT[tens] if tens > 1 else "") + "十" + (DIGIT[ones] if ones else "")


def both(zh, en):
    return {"zh": zh, "en": en}


def agency(i):
    return {"key": AGENCIES[i][0], "title": both(*AGENCIES[i][1:])}


def no_counts():
    return {"met": 0, "due": 0, "unmet": 0, "unknown": 0, "excepted": 0,
            "na": 0, "adopted": 0, "not_adopted": 0}


def count(c, state):
    c[{"n/a": "na", "not adopted": "not_adopted"}.get(state, state)] += 1


def state_of(a, c):
    """A fixed pattern: better agencies first, some hard clauses."""
    v = (a * 7 + c * 13 + (a * c) % 11) % 24
    if c % 17 == 5:
        return "adopted" if v % 2 else "not adopted"
    if v < 13 - a:
        return "met"
    return ["unknown", "unmet", "met", "unknown", "due", "met", "unknown",
            "n/a", "excepted", "unknown", "unmet", "unknown"][v % 12]


def clauses():
    out, item = [], 1
    for ch, n in enumerate(PER_CHAPTER, 1):
        for k in range(1, n + 1):
            if k == 1 or k % 9 == 0:
                item += 1 if out else 0
                sub = 1
            out.append((ch, item, sub))
            sub += 1
    return out


CLAUSES = [("%d.%d" % (i, s), both("%s(%s)" % (zh_number(i), zh_number(s)),
            "%d.%d" % (i, s)), ch) for ch, i, s in clauses()]
TITLE = [both("留存登入、登出與特殊權限使用紀錄", "Audit logs on: sign-in, sign-out, privileged use"),
         both("稽核紀錄至少保留六十天", "Keep audit logs at least 60 days"),
         both("盤點資訊資產", "Inventory of information assets"),
         both("避免共用帳號", "No shared accounts"),
         both("防火牆紀錄保存九十天與四十五天", "Firewall records kept 90 and 45 days")]
TEXT = ("資訊系統應啟動稽核存錄功能，留存帳號登入、登出與特殊權限使用等電腦稽核紀錄（log）。")


def verdict(a, c):
    st = state_of(a, c)
    counts = no_counts()
    count(counts, st)
    if st in ("unmet", "unknown", "due"):
        counts["met"] += 3
        counts["unknown"] += a % 2
    return {"agency": agency(a), "clause": CLAUSES[c][0], "label": CLAUSES[c][1],
            "chapter": CLAUSES[c][2], "title": TITLE[c % 5], "modality": "must",
            "mode": ["enforced", "measured", "recorded", "attested"][c % 4],
            "state": st, "since": "2026-10-%02dT08:15:00+08:00" % (c % 28 + 1),
            "counts": counts}


def finding(a, c, n=0):
    v = verdict(a, c)
    st = v["state"] if v["state"] in ("unmet", "unknown", "due") else "unmet"
    return {"agency": agency(a), "clause": v["clause"], "title": v["title"],
            "subject": "host-%d" % n, "subject_title": "web%02d" % (n + 1),
            "state": st, "since": v["since"],
            "due": "2026-12-01T00:00:00+08:00" if st == "due" else None,
            "problem": "silent",
            "sentence": both("web%02d 已超過 24 小時沒有任何登入紀錄。" % (n + 1),
                             "web%02d has sent no sign-in record for more than 24 hours." % (n + 1)),
            "fix": both("檢查該主機的 rsyslog 轉送設定，再登入一次。",
                        "Check the host's rsyslog forwarding, then sign in once."),
            "actor": "it-officer",
            "known": {"state": "unmet", "since": "2026-11-01T00:00:00+08:00"} if st == "unknown" else None,
            "evidence": [{"name": "host", "value": "web%02d" % (n + 1), "link": "/registers/host/main/h1"},
                         {"name": "last_record", "value": "main.audit-60.1042", "link": "/log/records/main.audit-60.1042"},
                         {"name": "hours", "value": 31, "link": None},
                         {"name": "note", "value": HOSTILE, "link": "javascript:alert(3)"}]}


def record(n):
    hostile = n % 10 == 3
    return {"id": "main.audit-60.%d" % (1042 - n), "agency": agency(0), "class": "audit",
            "received": "2026-11-22T23:%02d:%02d+08:00" % (6 - n // 20, 59 - n % 60),
            "event": "2026-11-22T23:06:00+08:00", "sender": "192.0.2.7",
            "host": HOSTILE if hostile else "web%02d" % (n % 4 + 1), "app": "sshd", "proc": "812",
            "msgid": None, "facility": 10, "severity": n % 8,
            "category": ["sign-in", "sign-in-failed", "sign-out", "privilege"][n % 4],
            "via": "tcp", "parse": "rfc5424",
            "message": HOSTILE if hostile else
            "Accepted publickey for root from 198.51.100.%d port 5%04d ssh2: ED25519 SHA256:abcdefgh" % (n, n),
            "fields": [{"name": "user.name", "value": HOSTILE if hostile else "root"},
                       {"name": "src_endpoint.ip", "value": "198.51.100.%d" % n}],
            "sealed": n > 2}


SYSTEM = {"name": "system", "title": both("資訊系統", "Information system"),
          "help": both("機關的資訊系統，其分級與負責人。", "The agency's systems, their grade and owner."),
          "fields": [
              {"name": "name", "type": "text", "label": both("名稱", "Name"), "help": None, "required": True,
               "max": 200, "min": None, "to": None, "personal": False, "values": []},
              {"name": "owner", "type": "ref", "label": both("負責人", "Owner"), "help": both("負責這個系統的人。", "Who answers for it."),
               "required": True, "max": None, "min": None, "to": "person", "personal": False, "values": []},
              {"name": "grade_c", "type": "enum", "label": both("機密性等級", "Confidentiality"), "help": None,
               "required": False, "max": None, "min": None, "to": None, "personal": False,
               "values": [{"value": "low", "title": both("普", "Low")}, {"value": "medium", "title": both("中", "Medium")},
                          {"value": "high", "title": both("高", "High")}]},
              {"name": "core", "type": "bool", "label": both("核心系統", "Core system"), "help": None, "required": False,
               "max": None, "min": None, "to": None, "personal": False, "values": []},
              {"name": "users", "type": "int", "label": both("使用人數", "Users"), "help": None, "required": False,
               "max": 1000000, "min": 0, "to": None, "personal": False, "values": []},
              {"name": "online", "type": "date", "label": both("上線日期", "Online since"), "help": None, "required": False,
               "max": None, "min": None, "to": None, "personal": False, "values": []},
              {"name": "phone", "type": "text", "label": both("聯絡電話", "Phone"), "help": None, "required": False,
               "max": 40, "min": None, "to": None, "personal": True, "values": []},
              {"name": "note", "type": "text", "label": both("備註", "Note"), "help": None, "required": False,
               "max": 2000, "min": None, "to": None, "personal": False, "values": []}]}


def row(n):
    return {"agency": agency(n % 2), "key": "sys%d" % n, "title": "系統 %d" % n,
            "fields": {"name": HOSTILE if n == 3 else "系統 %d" % n, "owner": "p1",
                       "grade_c": ["low", "medium", "high"][n % 3], "core": n % 2 == 0,
                       "users": n * 120, "online": "2024-03-%02d" % (n % 28 + 1),
                       "phone": "***", "note": None},
            "refs": {"owner": "王小明"}, "masked": ["phone"],
            "effective": "2026-11-01T09:00:00+08:00", "received": "2026-11-01T09:00:01+08:00",
            "entry": 40 + n, "voided": n == 5, "ground": "重複登錄" if n == 5 else None}


def city():
    agencies, total = [], no_counts()
    rows = []
    for a in range(len(AGENCIES)):
        c, chapters = no_counts(), [dict(no_counts(), no=i) for i in range(1, 13)]
        letters = ""
        for k in range(len(CLAUSES)):
            st = state_of(a, k)
            count(c, st)
            count(total, st)
            count(chapters[CLAUSES[k][2] - 1], st)
            letters += LETTER[st]
        agencies.append(dict(agency(a), level="B", parent="main" if a else None, counts=c, chapters=chapters))
        rows.append({"agency": AGENCIES[a][0], "states": letters})
    return {"at": NOW, "now": NOW, "pack": {"id": "taipei-2019", "title": both("臺北市政府資訊安全管理規範", "Taipei City Government information-security regulation"), "edition": 1},
            "counts": total, "coverage": {"systems": 200, "systems_seen": 180, "sources": 220, "sources_inventoried": 190},
            "chapters": [{"no": i + 1, "title": both(*t)} for i, t in enumerate(CHAPTERS)],
            "agencies": agencies,
            "worst": [{"clause": CLAUSES[k][0], "title": TITLE[k % 5], "unmet": 3, "unknown": 5, "agencies": 10} for k in (31, 44, 57, 60)],
            "newly": [{"agency": agency(a), "clause": CLAUSES[a * 3][0], "title": TITLE[a % 5], "state": "unmet" if a % 2 else "unknown",
                       "since": "2026-11-2%dT03:12:00+08:00" % (2 - a % 3)} for a in range(4)],
            "bitmap": {"clauses": [c[0] for c in CLAUSES], "chapters": [c[2] for c in CLAUSES], "rows": rows}}


def main(out):
    d, pack = {}, city()["pack"]
    chapters = [{"no": i + 1, "title": both(*t)} for i, t in enumerate(CHAPTERS)]
    d["/city"] = city()
    for a in range(len(AGENCIES)):
        c, per = no_counts(), [dict(ch, counts=no_counts()) for ch in chapters]
        for k in range(len(CLAUSES)):
            count(c, state_of(a, k))
            count(per[CLAUSES[k][2] - 1]["counts"], state_of(a, k))
        d["/agencies/" + AGENCIES[a][0]] = {
            "at": NOW, "now": NOW, "agency": dict(agency(a), level="B", oid="2.16.886.101.90001", parent=agency(0) if a else None),
            "counts": c, "coverage": d["/city"]["coverage"], "chapters": per,
            "people": [{"role": "ciso", "person": {"key": "p1", "title": "王小明"}, "until": None}],
            "children": [] if a else [dict(agency(i), counts=d["/city"]["agencies"][i]["counts"]) for i in range(1, 4)],
            "verdicts": [verdict(a, k) for k in range(len(CLAUSES))],
            "findings": [finding(a, k, n) for n, k in enumerate((31, 44, 57))], "findings_total": 120,
            "changes": [{"clause": CLAUSES[k][0], "title": TITLE[k % 5], "from": "met", "to": "unmet", "at": NOW, "entry": 41} for k in (31, 44)]}
    listed = []
    for k, (i, label, ch) in enumerate(CLAUSES):
        c = no_counts()
        for a in range(len(AGENCIES)):
            count(c, state_of(a, k))
        listed.append({"id": i, "label": label, "chapter": ch, "title": TITLE[k % 5], "text": TEXT, "modality": "must",
                       "mode": ["enforced", "measured", "recorded", "attested"][k % 4], "heading": False,
                       "instrument": k % 3 == 0, "counts": c})
        history = [{"agency": agency(a), "state": s, "from": f, "until": u, "entry": 41 + a} for a in range(3) for s, f, u in
                   (("unmet", "2026-11-05T10:00:00+08:00", None), ("due", "2026-10-20T10:00:00+08:00", "2026-11-05T10:00:00+08:00"),
                    ("met", "2026-09-%02dT10:00:00+08:00" % (a + 1), "2026-10-20T10:00:00+08:00"))]
        d["/clauses/" + i] = {
            "at": NOW, "now": NOW, "pack": pack, "agency": None,
            "clause": {"id": i, "label": label, "chapter": chapters[ch - 1], "title": TITLE[k % 5], "text": TEXT, "modality": "must",
                       "mode": "measured", "exception": both("經主管核准並有補償措施。", "authorised by the head, with compensating control") if k % 5 == 3 else None,
                       "decided_by": both("逐系統、逐種類判定：來源沉默為無訊；來源有紀錄但缺少某種紀錄逾期為不符。", "Per system and kind: a silent source is unknown; a source alive but a kind absent past its interval is unmet."),
                       "instruments": ["vault"], "actor": "it-officer", "heading": False},
            "reason": None if k % 3 == 0 else both("尚無量測工具；將由紀錄庫量測。", "No instrument yet; the vault will measure it."),
            "sql": "SELECT s.agency, s.key AS subject\nFROM system s\nWHERE s.voided = 0 AND s.name <> '<b>'\nORDER BY 1, 2" if k % 3 == 0 else None,
            "tables": ["system", "rollup_hour"],
            "parameters": [{"name": "silent_hours", "value": 24, "unit": "hour", "source": "practice", "title": both("多久沒有紀錄算沉默", "Silence after")}],
            "counts": c, "verdicts": [verdict(a, k) for a in range(len(AGENCIES))],
            "findings": [finding(a, k, a) for a in range(3)], "findings_total": 3, "history": history,
            "previous": CLAUSES[k - 1][0] if k else None, "next": CLAUSES[k + 1][0] if k + 1 < len(CLAUSES) else None}
    d["/clauses"] = {"at": NOW, "q": "", "pack": pack, "chapters": chapters, "clauses": listed}
    d["/verdicts"] = {"at": NOW, "set": [], "verdicts": [verdict(0, k) for k in range(5)]}
    d["/registers"] = {"registers": [
        {"name": "system", "title": SYSTEM["title"], "help": SYSTEM["help"], "rows": 12, "writable": True},
        {"name": "host", "title": both("主機", "Host"), "help": both("伺服器與網路設備。", "Servers and network devices."), "rows": 40, "writable": False}]}
    d["/registers/system"] = {"register": SYSTEM, "agency": None, "q": "", "page": 1, "pages": 3, "total": 120,
                              "agencies": [agency(0), agency(1)], "writable": [agency(0), agency(1)], "rows": [row(n) for n in range(12)]}
    choices = {"owner": [{"key": "p1", "title": "王小明"}, {"key": "p2", "title": "陳大文"}]}
    for a in (0, 1):
        d["/registers/system/" + AGENCIES[a][0]] = {"register": SYSTEM, "agency": agency(a), "writable": True, "row": None, "choices": choices}
    for n in range(12):
        r = row(n)
        path = "/registers/system/%s/sys%d" % (r["agency"]["key"], n)
        d[path] = {"register": SYSTEM, "agency": r["agency"], "writable": True, "row": r, "choices": choices, "title": r["title"]}
        d[path + "/history"] = {"entries": [
            {"seq": 40 + n, "action": "set", "actor": "admin", "received": r["received"], "effective": r["effective"], "fields": r["fields"], "changed": ["name", "owner"], "ground": None},
            {"seq": 3 + n, "action": "set", "actor": "admin", "received": "2026-10-01T09:00:01+08:00", "effective": "2026-10-01T09:00:00+08:00", "fields": r["fields"], "changed": ["name"], "ground": None}]}
    d["/log/search"] = {"q": "", "agency": None, "class": None, "since": None, "until": None, "records": [record(n) for n in range(25)],
                        "next": "c1017", "count": None, "complete": True, "missing": [], "ms": 12,
                        "agencies": [agency(0), agency(1)], "classes": ["audit", "firewall-admin", "firewall-conn", "general", "personal"]}
    d["/log/search"].update(count=1234, counted=True,
        histogram={"bucket_s": 3600, "buckets": [{"from": "2026-11-22T%02d:00:00+08:00" % h, "n": (h * 37) % 29 * (h % 5)} for h in range(24)], "total": 1234, "complete": True},
        top=[{"field": "host", "values": [{"value": "web%02d" % n, "n": 90 - n} for n in range(6)], "distinct": 12, "none": 3, "others": 0},
             {"field": "category", "values": [{"value": "sign-in", "n": 40}], "distinct": 1, "none": 0, "others": 0},
             {"field": "user", "values": [{"value": "<b>\"x\"</b>", "n": 2}], "distinct": 1, "none": 1232, "others": 0}],
        cost={"segments": 9, "segments_read": 1, "blocks": 2, "groups": 1, "bytes": 81920, "compared": 300, "known": 0, "ms": 2})
    d["/log/search?partial"] = dict(d["/log/search"], complete=False, records=[record(3)], next=None,
                                    missing=[both("區段 ab12… 已損壞，未搜尋。", "Segment ab12… is damaged and was not searched.")])
    d["/log/histogram"] = {"bucket_s": 3600, "buckets": [{"from": "2026-11-22T%02d:00:00+08:00" % h, "n": (h * 37) % 29 * (h % 5)} for h in range(24)],
                           "total": 902, "complete": True, "missing": []}
    d["/log/stat"] = {"streams": [{"name": "main.audit-60", "agency": agency(0), "class": "audit", "keep_days": 60, "records": 1042, "bytes": 500000, "first": "2026-10-01T00:00:00+08:00", "last": NOW}],
                      "sources": [{"id": i, "agency": agency(0), "sender": "192.0.2.%d" % i, "host": HOSTILE if i == 2 else "web%02d" % i, "via": "udp", "records": 90 * i, "first": NOW, "last": NOW, "log_source": "ls%d" % i if i % 2 else None} for i in range(1, 5)],
                      "inbox": {"records": 3, "bytes": 900, "oldest": NOW}, "losses": [{"at": NOW, "socket": "syslog-udp", "lost": 3}],
                      "unread": [{"sender": "192.0.2.9", "reason": "bad-pri", "n": 2}]}
    for n in range(25):
        r = record(n)
        d["/log/records/" + r["id"]] = {"record": r, "raw": "<86>1 2026-11-22T23:06:00+08:00 " + r["host"] + " sshd 812 - - " + r["message"], "raw_base64": "PDg2PjE=",
                                        "place": {"segment": "ab12" * 16, "block": 3, "index": 17, "leaf": 9} if r["sealed"] else None}
        if r["sealed"]:
            d["/log/records/" + r["id"] + "/proof"] = {"format": "beimen-proof-1", "record": {"id": r["id"]}, "leaf": "AAAA"}
    d["/ledger"] = {"logs": [{"agency": agency(0), "origin": "beimen.invalid/beimen/main", "size": 41, "root": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", "at": NOW,
                              "key": "beimen.invalid/beimen/main+12345678+AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWw==",
                              "checkpoint": "beimen.invalid/beimen/main\n41\nq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n\n— beimen.invalid/beimen/main EjRWeAAAA\n", "words": None}], "witnesses": []}
    d["/ledger/main/entries"] = {"entries": [{"seq": 41 - i, "register": "system", "key": "sys%d" % i, "action": "set", "actor": "admin", "received": NOW} for i in range(20)], "page": 1, "pages": 4, "total": 180}
    d["/ledger/main/checkpoint"] = {"type": "text/plain; charset=utf-8", "base64": "YmVpbWVuLmludmFsaWQKNDEK"}
    d["/ledger/main/entries/41/proof"] = {"format": "beimen-proof-1", "entry": {"seq": 41}}
    d["/health"] = {"now": NOW,
                    "processes": [{"name": n, "pid": 800 + i, "since": NOW, "restarts": i % 2, "state": "running", "user": "beimen-" + n, "seccomp": True,
                                   "landlock": "ABI 2" if i % 2 else None, "text": None} for i, n in enumerate(["intake", "keeper", "book", "reader", "rules", "signer", "gate", "web"])],
                    "checks": [{"name": "disk", "title": both("磁碟空間", "Disk space"), "state": "met", "text": both("足供 62 天。", "Enough for 62 days.")},
                               {"name": "clock", "title": both("時鐘", "Clock"), "state": "unknown", "text": both("尚無校時來源。", "No time source yet.")},
                               {"name": "loss", "title": both("UDP 漏收", "UDP loss"), "state": "unmet", "text": both("昨日漏收 3 筆。", "3 records lost yesterday.")}],
                    "instruments": [{"name": "vault", "title": both("紀錄庫", "Vault"), "state": "met", "last": NOW, "text": both("正常", "fine")}],
                    "verify": [{"agency": agency(0), "at": NOW, "segments": 9, "records": 9000, "failed": 0, "detail": None}]}
    d["/self"] = {"account": "admin", "person": {"key": "p1", "title": "王小明"}, "must_change": False, "password_until": "2027-05-01T00:00:00+08:00",
                  "signed_in": "2026-11-22T22:50:00+08:00", "idle_s": 900, "roles": [{"role": "administrator", "agency": agency(0), "until": None}],
                  "city": both("測試市", "Test city"), "demo": False, "version": "0.1.0", "now": NOW}
    d["/self?must-change"] = dict(d["/self"], account="fresh", person=None, must_change=True, roles=[])
    with open(out, "w", encoding="utf-8") as f:
        json.dump(d, f, ensure_ascii=False, indent=0, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
