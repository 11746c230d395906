#!/usr/bin/env python3
"""Holds the tree to src/FLOORS: tools/floors.py [ROOT]

Prints TAP, one line a room: it includes only the rooms it may, reaches
foreign libraries only through their door, and calls no function that writes
without a bound, keeps hidden state or starts a shell.
"""
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# name: the rooms that may call it all the same
BANNED = {
    "strcpy": (), "strcat": (), "stpcpy": (), "strncpy": (), "strncat": (),
    "sprintf": (), "vsprintf": (), "snprintf": ("base",),
    "strtok": (), "strtok_r": (), "alloca": (),
    "gets": (), "system": (), "popen": (), "atoi": (), "atol": (),
    "mktemp": (), "tmpnam": (), "rand": (), "localtime": (), "gmtime": (),
    "asctime": (), "ctime": (),
}
TOKEN = re.compile(
    r'^[ \t]*#[ \t]*include[^\n]*|/\*.*?\*/|//[^\n]*'
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.S | re.M)
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(sorted(BANNED)))


def read_floors(path):
    """rooms: name -> (floor, set of rooms it may include, or None for all);
    doors: [(prefix of a header, room)]."""
    rooms = {}
    doors = []
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "door" and len(words) >= 3:
                doors += [(words[1], room) for room in words[2:]]
            elif words[0].isdigit() and len(words) >= 2:
                may = None if words[2:] == ["*"] else set(words[2:])
                rooms[words[1]] = (int(words[0]), may)
            else:
                raise ValueError("%s:%d: not a room and not a door" % (path, n))
    return rooms, doors


def check_table(rooms, doors):
    """The table itself: no room reaches one on a higher floor, none unknown,
    no two rooms that include each other."""
    for name, (floor, may) in sorted(rooms.items()):
        for other in sorted(may or ()):
            if other not in rooms:
                yield "%s may include %s, which is no room" % (name, other)
                continue
            if name in (rooms[other][1] or ()):
                yield "%s and %s include each other" % (name, other)
            if rooms[other][0] > floor:
                yield "%s (floor %d) may not reach up to %s (floor %d)" % (
                    name, floor, other, rooms[other][0])
    for prefix, room in doors:
        if room not in rooms:
            yield "the door to %s is in %s, which is no room" % (prefix, room)


def without_comments(text):
    """The lines of a C file, comments and the insides of strings blanked."""
    def blank(found):
        s = found.group(0)
        if s.lstrip().startswith("#"):
            return s  # an #include keeps its name
        return "".join(c if c in "\n\"'" else " " for c in s)

    return TOKEN.sub(blank, text).split("\n")


def check_file(path, room, rooms, doors):
    """Yield a line for each break of the rules in one file."""
    with open(path, encoding="utf-8") as f:
        lines = without_comments(f.read())
    may = rooms[room][1]
    for n, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            name = found.group(2)
            first = name.split("/")[0]
            if found.group(1) == '"':
                if "/" not in name:
                    yield "%s:%d: include \"%s\" does not name its room" % (
                        path, n, name)
                elif first not in rooms:
                    yield "%s:%d: %s is no room" % (path, n, first)
                elif first != room and may is not None and first not in may:
                    yield "%s:%d: %s may not include %s" % (
                        path, n, room, name)
            keepers = [r for prefix, r in doors
                       if name == prefix or
                       (prefix.endswith("/") and name.startswith(prefix))]
            if keepers and room not in keepers:
                yield "%s:%d: <%s> belongs to %s" % (
                    path, n, name, ", ".join(keepers))
        for call in CALL.finditer(line):
            if room not in BANNED[call.group(1)]:
                yield "%s:%d: %s is not used here" % (path, n, call.group(1))


def check_tree(root):
    """Yield (room, [problems]) for the table, each room, and strays."""
    src = os.path.join(root, "src")
    rooms, doors = read_floors(os.path.join(src, "FLOORS"))
    yield "FLOORS", list(check_table(rooms, doors))
    for room in sorted(rooms, key=lambda r: (rooms[r][0], r)):
        problems = []
        folder = os.path.join(src, room)
        if not os.path.isdir(folder):
            problems.append("src/%s is missing" % room)
        for place, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".tab")):
                    problems += check_file(os.path.join(place, name), room,
                                           rooms, doors)
        yield room, problems
    strays = ["src/%s is a room that FLOORS does not know" % name
              for name in sorted(os.listdir(src))
              if os.path.isdir(os.path.join(src, name)) and name not in rooms]
    yield "no other room", strays


def main(args):
    root = args[0] if args else os.path.join(os.path.dirname(__file__), "..")
    results = list(check_tree(os.path.normpath(root)))
    print("1..%d" % len(results))
    bad = 0
    for n, (title, problems) in enumerate(results, 1):
        print("%s %d - %s keeps to its floor" % (
            "not ok" if problems else "ok", n, title))
        for problem in problems:
            print("# " + problem)
        bad += bool(problems)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
