"""What the checks of script/ share: the files of the project and a uniform way to report."""
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def files(*patterns):
    """The project's files (tracked or new, never ignored ones) that match one of the patterns, as
    sorted paths relative to the root. A pattern is matched against the whole path, * crosses /."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        names = listing.stdout.splitlines()
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
                 if not p.relative_to(ROOT).parts[0].startswith(("build", ".git"))]
    return sorted(name for name in set(names) if (ROOT / name).is_file()
                  and any(fnmatch.fnmatch(name, pattern) for pattern in patterns))


def text(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def without_comments(source):
    """C source with comments and the contents of literals blanked, line numbers kept."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + found[0]
        return re.sub(r"[^\n]", " ", found)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, source, flags=re.S)


def entries(name):
    """The lines of an allow file without comments and blank lines, as (line number, line)."""
    path = ROOT / name
    if not path.exists():
        return []
    lines = enumerate(path.read_text().splitlines(), 1)
    return [(number, line.strip()) for number, line in lines
            if line.strip() and not line.lstrip().startswith("#")]


def finish(check, problems, summary):
    """Prints problems one per line, then one line of outcome; the value is the exit code."""
    for problem in problems:
        print(f"{check}: {problem}")
    print(f"{check}: {'FAILED, ' + str(len(problems)) + ' problem(s)' if problems else 'ok'} ({summary})")
    sys.stdout.flush()
    return 1 if problems else 0
