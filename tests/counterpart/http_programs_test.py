#!/usr/bin/env python3
"""rsyslog's omelasticsearch, syslog-ng's http() and systemd-journal-upload,
each the real program, send to a real server over HTTPS; then keeper is killed
again and again while batches with ids are posted. Prints TAP.

    tests/counterpart/http_programs_test.py [--kills N]
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import httpclient as h
from senders import (COUNTERPARTS, Scratch, Sender, Server, Tap,
                     counted_lines, find, library_path, unpack, until,
                     write_lines)

LINES = 3000
ENTRIES = 1200


class Omelasticsearch(Sender):
    """rsyslogd with omelasticsearch in bulk mode; how: plain or ids."""

    def __init__(self, folder, to, tag):
        super().__init__(folder, "omelasticsearch")
        root = COUNTERPARTS + "/rsyslog"
        own = COUNTERPARTS + "/rsyslog-elasticsearch"
        config = self.folder + "/config"
        with open(config, "w", encoding="utf-8") as f:
            f.write("""\
global(workDirectory="%s" maxMessageSize="64k" net.enableDNS="off"
       localHostname="sender.test")
main_queue(queue.type="LinkedList" queue.size="200000")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
input(type="imfile" File="%s" Tag="%s:" addMetadata="off"
      freshStartTail="off" reopenOnTruncate="off")
template(name="document" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339"
           format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="syslogtag" name="syslogtag" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
action(type="omelasticsearch" server="%s" serverport="%d" usehttps="on"
       allowunsignedcerts="on" skipverifyhost="on" template="document"
       searchIndex="rsyslog" searchType="" bulkmode="on"
       action.resumeRetryCount="-1" action.resumeInterval="1")
""" % (self.folder, self.source, tag, to[0], to[1]))
        self.environment = library_path(root, own)
        self.command = [
            find(root, "rsyslogd"), "-n", "-f", config,
            "-i", self.folder + "/pid", "-M", ":".join(
                [os.path.dirname(find(root, "imfile.so")),
                 os.path.dirname(find(own, "omelasticsearch.so"))])]


class SyslogNgHttp(Sender):
    """syslog-ng's http() in batches of lines."""

    def __init__(self, folder, to, tag):
        super().__init__(folder, "syslog-ng-http")
        root = COUNTERPARTS + "/syslog-ng-core"
        own = COUNTERPARTS + "/syslog-ng-mod-http"
        config = self.folder + "/config"
        with open(config, "w", encoding="utf-8") as f:
            f.write("""\
@version: 3.38
options { use-dns(no); keep-hostname(yes); log-msg-size(65536);
          dns-cache(no); stats-freq(0); };
source lines { file("%s" flags(no-parse) follow-freq(0.1)
               program-override("%s") host-override("sender.test")
               log-fetch-limit(1000) log-iw-size(10000)); };
destination beimen { http(url("https://%s:%d/ingest") method("POST")
    user-agent("syslog-ng") headers("Content-Type: text/plain")
    body("<${PRI}>1 ${ISODATE} ${HOST} ${PROGRAM} - - - ${MSG}")
    delimiter("\\n") batch-lines(500) batch-timeout(200)
    tls(peer-verify(no)) log-fifo-size(200000)); };
log { source(lines); destination(beimen); flags(flow-control); };
""" % (self.source, tag, to[0], to[1]))
        modules = self.folder + "/modules"
        os.makedirs(modules)
        for name in os.listdir(os.path.dirname(find(root,
                                                    "libafsocket.so"))):
            os.symlink(os.path.join(os.path.dirname(find(
                root, "libafsocket.so")), name), modules + "/" + name)
        if not os.path.exists(modules + "/libhttp.so"):
            os.symlink(find(own, "libhttp.so"), modules + "/libhttp.so")
        self.environment = library_path(root, own)
        self.command = [
            find(root + "/usr/sbin", "syslog-ng"), "-F", "--no-caps",
            "-f", config, "-p", self.folder + "/pid",
            "-R", self.folder + "/persist", "-c", self.folder + "/control",
            "--module-path", modules]


def message(raw, word):
    """What follows the header, from the counting word on."""
    text = raw.decode("utf-8", "replace")
    if text.startswith("{"):
        text = json.loads(text)["message"]
    at = text.find(word + " line ")
    return text[at:].rstrip("\n") if at >= 0 else text


def forward(tap, server, sender, name, word):
    lines = counted_lines(LINES, word)
    write_lines(sender.source, lines)
    with sender:
        count = server.wait_count(word, LINES, 60)
        said = sender.output()
    tap.equal(count, LINES, "%s: %d lines are counted" % (name, LINES))
    got = [message(raw, word) for raw in server.raw(word)]
    tap.ok(sorted(got) == sorted(lines), "%s: every line once, whole" % name,
           "%d lines, wrong: %r\n%s" % (len(got), [
               x for x in got if x not in set(lines)][:3], said))
    found = (server.records(word + " 第7行") or [{}])[0]
    tap.equal((found.get("host"), found.get("app"), found.get("via")),
              ("sender.test", word, "http"),
              "%s: host and program are understood" % name)


def journal_make(folder, n, first=0):
    """A journal file with n entries, by systemd-journal-remote."""
    root = COUNTERPARTS + "/systemd-journal-remote"
    path = "%s/made-%d.journal" % (folder, first)
    text = b""
    for i in range(first, first + n):
        body = "journalword entry %d 北門" % i
        text += b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % (
            1732248000000000 + i, 1000000 + i)
        text += b"_BOOT_ID=00112233445566778899aabbccddeeff\n" \
            b"_HOSTNAME=journal.test\nSYSLOG_IDENTIFIER=maker\nPRIORITY=5\n" \
            b"_PID=77\n"
        if i % 10 == 0:  # two lines: a binary field
            data = (body + "\nand more").encode()
            text += b"MESSAGE\n" + len(data).to_bytes(8, "little") + data
            text += b"\n\n"
        else:
            text += b"MESSAGE=" + body.encode() + b"\n\n"
    done = subprocess.run(
        [find(root + "/lib/systemd", "systemd-journal-remote"), "-o", path,
         "-"], input=text, capture_output=True, timeout=60, check=False,
        env=library_path(root))
    if done.returncode != 0 or not os.path.exists(path):
        raise RuntimeError(done.stderr.decode())
    return path


def upload(server, path, state):
    root = COUNTERPARTS + "/systemd-journal-remote"
    host, port = h.address(server.listening["ingest"])
    return subprocess.run(
        [find(root + "/lib/systemd", "systemd-journal-upload"),
         "--url=https://%s:%d" % (host, port), "--key=-", "--cert=-",
         "--trust=all", "--follow=no", "--save-state=" + state,
         "--file=" + path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False, env=library_path(root))


def journal(tap, server, folder):
    path = journal_make(folder, ENTRIES)
    done = upload(server, path, folder + "/state")
    tap.ok(done.returncode == 0, "systemd-journal-upload ends well",
           done.stdout + done.stderr)
    tap.equal(server.count("journalword"), ENTRIES,
              "every entry of the journal is a record")
    found = (server.records('"journalword entry 30 "') or [{}])[0]
    tap.equal((found.get("host"), found.get("app"),
               "and more" in found.get("message", "")),
              ("journal.test", "maker", True),
              "its fields are understood, a message of two lines too")
    done = upload(server, path, folder + "/other-state")
    tap.equal((done.returncode, server.count("journalword")), (0, ENTRIES),
              "the same journal sent again is stored once")


class Posting:
    """Posts batches with ids, each until it is acknowledged."""

    def __init__(self, server, n):
        self.server, self.n = server, n
        self.acknowledged = []
        self.refused = {}
        self.go = True
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _batch(self, number):
        word = "kill%dx%d" % (self.n, number)
        if self.n % 2 == 0:
            return "/ingest", "".join("%s line %d\n" % (word, k)
                                      for k in range(40)), word
        return "/_bulk", "".join(
            '{"create":{"_index":"k","_id":"%s-%d"}}\n{"message":"%s line '
            '%d"}\n' % (word, k, word, k) for k in range(40)), word

    def _run(self):
        number = 0
        client = h.Client(self.server.listening["ingest"], timeout=20)
        while self.go:
            path, body, word = self._batch(number)
            try:
                status, _, _ = client.ask(
                    "POST", path, body.encode(),
                    **({"idempotency_key": word} if path == "/ingest"
                       else {}))
            except Exception:  # cut off: send it again
                time.sleep(0.05)
                continue
            if status == 200:
                self.acknowledged.append(word)
                number += 1
            else:
                self.refused[status] = self.refused.get(status, 0) + 1
                time.sleep(0.05)
        client.close()


def killed(tap, server, kills, seed):
    chance = random.Random(seed)
    posting = [Posting(server, n) for n in range(4)]
    for p in posting:
        p.thread.start()
    victims = ["keeper"] * 3 + ["ingest"]
    for _ in range(kills):
        time.sleep(chance.uniform(0.3, 1.0))
        for pid in server.processes().get(chance.choice(victims), []):
            os.kill(pid, signal.SIGKILL)
    before = sum(len(p.acknowledged) for p in posting)
    until(lambda: sum(len(p.acknowledged) for p in posting) > before + 20, 60)
    for p in posting:
        p.go = False
    for p in posting:
        p.thread.join(60)
    words = [w for p in posting for w in p.acknowledged]
    tap.ok(len(words) > 40 and not any(p.thread.is_alive() for p in posting),
           "posting goes on while keeper and ingest are killed %d times"
           % kills, [(len(p.acknowledged), p.refused) for p in posting])
    stored = {}
    for n in range(4):
        for raw in server.raw('message:"kill%dx*"' % n) or []:
            stored[raw] = stored.get(raw, 0) + 1
    if not stored:
        for raw in server.raw("line"):
            stored[raw] = stored.get(raw, 0) + 1
    texts = {}
    for raw, times in stored.items():
        text = raw.decode()
        if text.startswith("{"):
            text = json.loads(text)["message"]
        texts[text] = texts.get(text, 0) + times
    lost = [w for w in words for k in range(40)
            if "%s line %d" % (w, k) not in texts]
    tap.equal(lost[:5], [], "nothing acknowledged is lost")
    twice = [t for t, times in texts.items()
             if t.startswith("kill") and times > 1]
    tap.equal(twice[:5], [], "nothing with an id is stored twice")
    tap.note("%d batches of 40 acknowledged, %d kills" % (len(words), kills))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tap = Tap()
    unpack("rsyslog", "rsyslog-elasticsearch", "syslog-ng-core",
           "syslog-ng-mod-http", "systemd-journal-remote")
    with Scratch() as folder, Server(folder + "/data") as server:
        to = h.address(server.listening["ingest"])
        forward(tap, server, Omelasticsearch(folder, to, "omelastic"),
                "rsyslog omelasticsearch", "omelastic")
        forward(tap, server, SyslogNgHttp(folder, to, "ngword"),
                "syslog-ng http()", "ngword")
        journal(tap, server, folder)
        killed(tap, server, options.kills, options.seed)
        done = server.cli("log", "seal")
        done = server.cli("log", "verify")
        tap.ok(done.returncode == 0, "all of it can be sealed and verified",
               done.stdout + done.stderr)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
