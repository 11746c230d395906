"""What the measurements share: the corpus, processor time, medians."""
import json
import os
import platform
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/../tests", HERE + "/../tests/counterpart"]
from harness import SRC, children_of  # noqa: E402

RESULTS = SRC + "/build/bench"


def corpus(n, seed, mix="city"):
    """A file of n lines, made once for each seed and mix."""
    os.makedirs(RESULTS, exist_ok=True)
    path = "%s/%s-%d-%d" % (RESULTS, mix, seed, n)
    if not os.path.exists(path):
        with open(path + ".new", "wb") as f:
            subprocess.run([SRC + "/build/release/bench/corpus", "--mix", mix,
                            "--seed", str(seed), str(n)], stdout=f,
                           check=True)
        os.rename(path + ".new", path)
    return path


def split(path, parts):
    """The byte ranges of `parts` runs of whole lines."""
    size = os.path.getsize(path)
    cuts = [0]
    with open(path, "rb") as f:
        for n in range(1, parts):
            f.seek(size * n // parts)
            f.readline()
            cuts.append(f.tell())
    return list(zip(cuts, cuts[1:] + [size]))


def cpu_seconds(pid):
    """User and system time of a process and all below it, so far."""
    total = 0.0
    for one in [pid] + [c for c in children_of(pid)]:
        try:
            with open("/proc/%d/stat" % one, encoding="utf-8",
                      errors="replace") as f:
                after = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")
    return total


def memory_peak(pid):
    """The greatest resident memory of a process and all below it, each by
    itself, added: an upper bound. Pages that several share are counted to
    each."""
    total = 0
    for one in [pid] + [c for c in children_of(pid)]:
        try:
            with open("/proc/%d/status" % one, encoding="utf-8") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        total += int(line.split()[1]) << 10
        except OSError:
            continue
    return total


def disk_bytes(path):
    """What a folder or file takes on disk."""
    if os.path.isfile(path):
        return os.stat(path).st_blocks * 512
    return sum(disk_bytes(os.path.join(path, name)) for name in
               os.listdir(path) if not os.path.islink(os.path.join(path, name)))


def spread(values):
    """Median and range, as the report shows them."""
    return {"median": statistics.median(values), "least": min(values),
            "most": max(values), "rounds": len(values)}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cores": os.cpu_count(),
            "kernel": platform.release(), "load": os.getloadavg()[0]}


def keep(name, answer):
    os.makedirs(RESULTS, exist_ok=True)
    with open("%s/%s.json" % (RESULTS, name), "w", encoding="utf-8") as f:
        json.dump(dict(answer, machine=machine()), f, ensure_ascii=False,
                  indent=1)
