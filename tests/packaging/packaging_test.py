#!/usr/bin/env python3
"""What is installed beside the program, held to what the program does: the
manual and the settings file to the tables in the source, the unit to its
figure, `make install` to its list, the completion to bash. Prints TAP."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import BEIMEN, SRC, Scratch, Server, Tap  # noqa: E402


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8") as f:
        return f.read()


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **more)


def rows(table, macro, *columns):
    """The quoted or bare words of each row of a .tab file."""
    found = []
    for line in re.findall(r"^%s\((.*)\)$" % macro, read(table), re.M):
        found.append([w.strip().strip('"') for w in
                      re.findall(r'"(?:[^"\\]|\\.)*"|[^,\s][^,]*', line)])
    return [[row[c] for c in columns] for row in found]


def manual_tests(tap):
    page = read("doc/man/beimen-formats.5")
    wanted = ["%2d  %-17s %s" % (n, name, kept.lower().replace("_", "-"))
              for n, (name, kept) in enumerate(
                  rows("src/base/event.tab", "CATEGORY", 1, 2))]
    tap.ok(wanted and "\n".join(wanted) in page,
           "beimen-formats(5) gives the categories' numbers",
           "\n".join(wanted))
    wanted = ["%2d  %-23s %s" % (n, name, short)
              for n, (name, short) in enumerate(
                  rows("src/base/event.tab", "FIELD", 1, 2))]
    tap.ok(wanted and "\n".join(wanted) in page,
           "beimen-formats(5) gives the fields' numbers", "\n".join(wanted))
    settings = rows("src/proc/setting.tab", "SETTING", 0, 2)
    page = read("doc/man/beimen.conf.5")
    named = set(re.findall(r"^\.It Cm (.*)$", page, re.M))
    named = {w for line in named for w in line.split() if w != ","}
    tap.equal(sorted(named), sorted(name for name, _ in settings),
              "beimen.conf(5) has every setting and no other")
    wrong = [name for name, value in settings
             if value and value not in page]
    tap.equal(wrong, [], "beimen.conf(5) gives the settings' defaults")
    sample = dict(re.findall(r"^#([a-z_]+): (.*)$",
                             read("packaging/beimen.conf"), re.M))
    tap.equal({k: v.strip('"') for k, v in sample.items()},
              dict(settings), "the settings file shows every default")
    options = set(re.findall(r"--[a-z-]+",
                             read("share/bash-completion/beimen")
                             .split("serve)")[1].split(";;")[0]))
    tap.equal(sorted(options), sorted(
        ["--config"] + ["--" + n.replace("_", "-") for n, _ in settings]),
        "the completion offers every option of serve")


COMPLETE = """
source /usr/share/bash-completion/bash_completion
source share/bash-completion/beimen
while IFS= read -r line; do
	eval "COMP_WORDS=($line)"
	[[ $line == *' ' ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$line
	COMP_POINT=${#line}; COMPREPLY=(); _beimen
	echo "${COMPREPLY[*]}"
done
"""


def complete(lines):
    """What TAB offers after each line, as sorted words."""
    done = subprocess.run(["bash", "--norc", "-c", COMPLETE], cwd=SRC,
                          input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)
    return [sorted(line.split()) for line in done.stdout.splitlines()]


def commands():
    """(word, sub, arguments, options) of every command."""
    return re.findall(r'COMMAND\("([^"]*)", "([^"]*)", "([^"]*)", \w+,'
                      r'\s*"([^"]*)",', read("src/cli/command.tab"))


def completion_tests(tap):
    table = commands()
    tops = sorted({w for w, _, _, _ in table} | {"serve"})
    tap.equal(complete(["beimen "]), [tops],
              "the completion offers every command")
    tops.remove("serve")
    lines = ["beimen %s " % w for w in tops]
    wanted = [sorted(s for w, s, _, _ in table if w == t and s) for t in tops]
    tap.equal(complete(lines), wanted, "and the second word of each")
    lines = [" ".join(["beimen", w, s]).rstrip() + " --"
             for w, s, _, _ in table]
    wanted = [sorted(["--data"] + ["--" + o for o in options.split()])
              for _, _, _, options in table]
    tap.equal(complete(lines), wanted, "and the options of each")
    cases = [("beimen log se", ["seal", "search"]),
             ("beimen --data /tmp log pro", ["prove"]),
             ("beimen log search hello --cl", ["--class"]),
             ("beimen log search --class per", ["personal"]),
             ("beimen book list log_", ["log_source"]),
             ("beimen frobnicate x", [])]
    tap.equal(complete([line for line, _ in cases]),
              [words for _, words in cases],
              "and parts of words, also behind options")
    registers = sorted(name.removesuffix(".yaml") for name in
                       os.listdir(SRC + "/registers"))
    tap.equal(complete(["beimen book get "]), [registers],
              "and the registers")


def command_page_tests(tap):
    """beimen(1) names every command and every option."""
    page = read("doc/man/beimen.1")
    text = run("mandoc", "-T", "ascii", SRC + "/doc/man/beimen.1").stdout
    text = re.sub(r".\x08", "", text)
    lacking = [w + " " + s for w, s, _, _ in commands()
               if not re.search(r"beimen %s\b" % " ".join([w, s]).strip(),
                                re.sub(r"\s+", " ", text))]
    tap.equal(lacking, [], "beimen(1) shows every command")
    options = re.findall(r'^OPTION\(\w+,\s*"([^"]*)"',
                         read("src/cli/option.tab"), re.M)
    lacking = [o for o in options
               if not re.search(r"Fl -%s\b" % re.escape(o), page)]
    tap.equal(lacking, [], "beimen(1) explains every option")


def unit_tests(tap):
    with Scratch() as folder:
        text = read("packaging/systemd/beimen.service.in")
        text = re.sub(r"(?m)^ExecStart=.*", "ExecStart=/bin/true", text)
        text = re.sub(r"(?m)^Documentation=.*\n", "", text)
        with open(folder + "/beimen.service", "w", encoding="utf-8") as f:
            f.write(text)
        done = run("systemd-analyze", "verify", folder + "/beimen.service")
        tap.ok(done.returncode == 0 and not done.stderr.strip(),
               "systemd understands every line of the unit", done.stderr)
        done = run("systemd-analyze", "security", "--offline=true",
                   "--no-pager", "--threshold=27",
                   folder + "/beimen.service")
        tap.ok(done.returncode == 0, "the unit's exposure is at most 2.7",
               done.stdout[-2000:] + done.stderr)
        done = run("systemd-sysusers", "--dry-run",
                   SRC + "/packaging/systemd/beimen.sysusers")
        tap.ok(done.returncode == 0, "systemd-sysusers reads the users",
               done.stderr)
    users = set(re.findall(r"^u (\S+)", read(
        "packaging/systemd/beimen.sysusers"), re.M))
    wanted = set(re.findall(r'\.user = "([^"]+)"', read("src/proc/role.c")))
    tap.equal(sorted(users), sorted(wanted),
              "every process of the table has its user in the list")


def install_tests(tap):
    with Scratch() as folder:
        done = run("make", "--no-print-directory", "-C", SRC, "install",
                   "DESTDIR=" + folder)
        tap.ok(done.returncode == 0, "make install does its work",
               done.stdout[-2000:] + done.stderr[-2000:])
        local = "usr/local/share/"
        wanted = ["usr/local/bin/beimen", local + "man/man1/beimen.1",
                  local + "man/man5/beimen.conf.5",
                  local + "man/man5/beimen-formats.5",
                  local + "bash-completion/completions/beimen",
                  local + "beimen/registers/agency.yaml",
                  local + "beimen/regulations/taipei-2019/pack.yaml",
                  "etc/systemd/system/beimen.service",
                  "etc/sysusers.d/beimen.conf",
                  "etc/tmpfiles.d/beimen.conf",
                  "etc/beimen/beimen.conf"]
        lacking = [p for p in wanted
                   if not os.path.isfile(os.path.join(folder, p))]
        tap.equal(lacking, [], "make install puts everything in its place")
        program = folder + "/usr/local/bin/beimen"
        unit = folder + "/etc/systemd/system/beimen.service"
        with open(unit, encoding="utf-8") as f:
            tap.ok("ExecStart=/usr/local/bin/beimen serve" in f.read(),
                   "the unit starts the program that was installed")
        done = run(program, "no-such-command")
        tap.equal(done.returncode, 2,
                  "the installed program refuses an unknown command")
        found = [p for p in files_below(folder) if os.stat(p).st_mode & 0o6022]
        tap.equal(found, [], "nothing installed is setuid or writable by all")


def capability_tests(tap):
    """The unit keeps few capabilities: the server must need no other."""
    title = "the server starts with the unit's capabilities alone"
    if os.geteuid() != 0:
        tap.skip(title, "only root can have them")
        return
    kept = re.search(r"^CapabilityBoundingSet=(.*)$", read(
        "packaging/systemd/beimen.service.in"), re.M).group(1).split()
    under = ["setpriv", "--no-new-privs", "--bounding-set", ",".join(
        ["-all"] + [c.lower().replace("cap_", "+", 1) for c in kept]), "--"]
    with Scratch() as folder:
        os.chmod(folder, 0o711)
        server = Server(folder + "/data", under=under)
        try:
            server.start()
            users = {open("/proc/%d/status" % p, encoding="utf-8").read()
                     .split("Uid:")[1].split()[0]
                     for r, ps in server.processes().items() for p in ps
                     if r != "supervisor"}
            tap.ok("0" not in users, title, "users: %s" % users)
        except RuntimeError as problem:
            tap.ok(False, title, problem)
        finally:
            server.stop()


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(place, name)


def main():
    tap = Tap()
    manual_tests(tap)
    command_page_tests(tap)
    completion_tests(tap)
    unit_tests(tap)
    if os.access(BEIMEN, os.X_OK):
        install_tests(tap)
        capability_tests(tap)
    else:
        tap.ok(False, "the program is built: %s" % BEIMEN)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
