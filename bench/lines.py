#!/usr/bin/env python3
"""Mixed lines as a city's machines write them, the same for the same seed.

    bench/lines.py [--seed S] N > FILE

sshd, sudo, firewall connections, web access, Windows security events as JSON
and operations on personal data as JSON with Chinese names; users and
addresses follow Zipf's law. Each line is one RFC 3164 message of about 230
bytes, ending in a line feed. One line in a hundred thousand has a rare word.
"""
import argparse
import json
import random
import sys

AGENCIES = ["songshan", "xinyi", "daan", "zhongshan", "wenshan", "beitou",
            "shilin", "neihu", "nangang", "wanhua", "datong", "zhongzheng"]
FAMILY = "陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴徐"
GIVEN = "怡君雅婷家豪志明淑芬俊傑美玲建宏佳穎宗翰惠雯承恩"
PURPOSES = ["戶籍謄本核發", "低收入戶審查", "健保資料比對", "地價稅查詢",
            "社會救助申請", "役男體檢通知", "學齡兒童名冊"]
PATHS = ["/", "/login", "/api/v2/cases", "/api/v2/cases/{n}", "/static/app.js",
         "/forms/{n}/print", "/search?q=%E7%A8%85", "/health", "/files/{n}.pdf"]
AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
          "curl/7.88.1", "Zabbix 6.0"]
COMMANDS = ["/usr/bin/systemctl restart nginx", "/usr/bin/apt-get update",
            "/usr/bin/cat /var/log/auth.log", "/usr/sbin/visudo",
            "/usr/bin/psql -d cases"]
WINDOWS = [4624, 4624, 4624, 4625, 4634, 4672, 4688, 4720, 4740]
OPERATIONS = ["read", "read", "read", "change", "create", "export", "print",
              "delete"]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
          "Nov", "Dec"]


class City:
    """Who and what the lines speak of."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.hosts = ["%s-%s%02d" % (a, kind, n) for a in AGENCIES
                      for kind in ("web", "db", "file", "pc") for n in
                      range(1, 9)]
        self.users = ["u%05d" % n for n in range(20000)]
        self.addresses = ["10.%d.%d.%d" % (self.random.randrange(256),
                                           self.random.randrange(256),
                                           self.random.randrange(1, 255))
                          for _ in range(50000)]
        self.second = 0

    def zipf(self, things):
        """One of the things, the first ones far more often."""
        at = int(len(things) ** self.random.random()) - 1
        return things[max(0, min(at, len(things) - 1))]

    def stamp(self):
        self.second += self.random.random() < 0.05
        s = self.second
        return "%s %2d %02d:%02d:%02d" % (
            MONTHS[s // 2419200 % 12], s // 86400 % 28 + 1, s // 3600 % 24,
            s // 60 % 60, s % 60)

    def sshd(self):
        r = self.random
        user, address = self.zipf(self.users), self.zipf(self.addresses)
        port, pid = r.randrange(1024, 65536), r.randrange(300, 99999)
        if r.random() < 0.3:
            return 86, "sshd[%d]: Failed password for %s%s from %s port %d " \
                "ssh2" % (pid, "invalid user " * (r.random() < 0.2), user,
                          address, port)
        if r.random() < 0.5:
            return 86, "sshd[%d]: Accepted publickey for %s from %s port %d " \
                "ssh2: ED25519 SHA256:%s" % (pid, user, address, port,
                                             "%043x" % r.getrandbits(160))
        return 86, "sshd[%d]: pam_unix(sshd:session): session closed for " \
            "user %s" % (pid, user)

    def sudo(self):
        user = self.zipf(self.users)
        return 85, "sudo:    %s : TTY=pts/%d ; PWD=/home/%s ; USER=root ; " \
            "COMMAND=%s" % (user, self.random.randrange(9), user,
                            self.random.choice(COMMANDS))

    def firewall(self):
        r = self.random
        return 4, "kernel: [%d.%06d] FW-%s IN=eth0 OUT=eth1 " \
            "MAC=52:54:00:%02x:%02x:%02x SRC=%s DST=%s LEN=%d TOS=0x00 " \
            "TTL=%d ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=64240 SYN" % (
                self.second, r.randrange(1000000),
                r.choice(["ACCEPT", "ACCEPT", "DROP"]), r.randrange(256),
                r.randrange(256), r.randrange(256), self.zipf(self.addresses),
                self.zipf(self.addresses), r.choice([52, 60, 1500]),
                r.choice([57, 63, 127]), r.randrange(65536),
                r.randrange(1024, 65536), r.choice([22, 53, 80, 443, 3389]))

    def web(self):
        r = self.random
        return 190, 'nginx: %s - %s [%02d/Nov/2026:%02d:%02d:%02d +0800] ' \
            '"%s %s HTTP/1.1" %d %d "-" "%s"' % (
                self.zipf(self.addresses),
                self.zipf(self.users) if r.random() < 0.6 else "-",
                r.randrange(1, 29), r.randrange(24), r.randrange(60),
                r.randrange(60), r.choice(["GET", "GET", "GET", "POST"]),
                r.choice(PATHS).replace("{n}", str(r.randrange(100000))),
                r.choice([200, 200, 200, 302, 404, 500]), r.randrange(90000),
                r.choice(AGENTS))

    def windows(self):
        r = self.random
        return 134, "winlog: " + json.dumps({
            "EventID": r.choice(WINDOWS), "Channel": "Security",
            "Computer": self.zipf(self.hosts).upper() + ".gov.taipei",
            "TargetUserName": self.zipf(self.users),
            "IpAddress": self.zipf(self.addresses),
            "LogonType": r.choice([2, 3, 7, 10]),
            "RecordNumber": r.randrange(10 ** 9)}, separators=(",", ":"))

    def personal(self):
        r = self.random
        return 110, "cases: " + json.dumps({
            "beimen": "personal-data", "operation": r.choice(OPERATIONS),
            "user": self.zipf(self.users),
            "name": r.choice(FAMILY) + r.choice(GIVEN) + r.choice(GIVEN),
            "subject": "s%012x" % r.getrandbits(48),
            "count": r.choice([1, 1, 1, 1, 20, 300]),
            "purpose": r.choice(PURPOSES)}, ensure_ascii=False,
            separators=(",", ":"))

    def line(self, n):
        kind = self.random.choices(
            (self.sshd, self.sudo, self.firewall, self.web, self.windows,
             self.personal), (20, 5, 35, 25, 10, 5))[0]
        pri, message = kind()
        if n % 100000 == 77777:
            message += " qx%07dzj" % n
        return "<%d>%s %s %s\n" % (pri, self.stamp(), self.zipf(self.hosts),
                                   message)


def main():
    arguments = argparse.ArgumentParser(description="lines of a city")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("n", type=int)
    given = arguments.parse_args()
    city = City(given.seed)
    out = sys.stdout.buffer
    for n in range(given.n):
        out.write(city.line(n).encode("utf-8"))


if __name__ == "__main__":
    main()
