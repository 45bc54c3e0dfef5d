"""The evidence is what the runs said, and two builds are compared byte by byte: script/evidence and script/reproduce in a small
project of their own."""
import json
import shutil
import subprocess
import sys

import tap

CLOSING = "12 passed, {} failed, 3 skipped"
MAKEFILE = """
test:
\t@echo 'SKIP test/unit/x_test: case one: no vectors'; echo '# counted {counted} things'
\t@echo 'ok   test/unit/x_test: 12 passed, 0 failed, 3 skipped, 1.00 s'
\t@echo 'ok   test/interop/test_y.py: 0 passed, 0 failed, 0 skipped, 1.00 s'
\t@echo '{closing}'; exit {status}
fuzz:
\t@echo "fuzz: 20 targets, $(TIME) s, 0 findings"
cover:
\t@echo 'engine: 98.7 % of lines, 87.9 % of branches'
reproduce:
\t@true
"""


class Project:
    """A repository with the script and a Makefile whose stages say what a test wants."""

    def __init__(self, name):
        self.root = tap.directory() / name
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "script").mkdir(parents=True)
        (self.root / "docs").mkdir()
        for script in ("evidence", "common.py"):
            shutil.copy(tap.ROOT / "script" / script, self.root / "script" / script)
        (self.root / ".gitignore").write_text("build\n__pycache__\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.says()

    def git(self, *words):
        name = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        done = subprocess.run(["git", *name, *words], cwd=self.root, capture_output=True, text=True, check=False)
        tap.equal(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def says(self, counted=1000, failed=0, status=0):
        makefile = MAKEFILE.format(counted=counted, closing=CLOSING.format(failed), status=status)
        (self.root / "Makefile").write_text(makefile)
        self.commit()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=more")

    def run(self, *words, code=0):
        done = subprocess.run([sys.executable, "script/evidence", *words], cwd=self.root, capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "TIME": "60"})
        tap.equal(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def rows(self):
        return json.loads((self.root / "docs/evidence.json").read_text())

    def document(self):
        return (self.root / "docs/EVIDENCE.md").read_text()


@tap.test("a row says what ran, on which commit, and stays while later runs come to the same")
def rows():
    project = Project("rows")
    tap.contains(project.run("test", "fuzz", "cover"), "nothing that ran has failed")
    first = project.git("rev-parse", "--short=12", "HEAD")
    document = project.document()
    for part in ("12 passed, 0 failed, 3 skipped", f", {first} |", "| 1000 | things |", "- case one: no vectors", "| `test/interop/test_y.py` | 0 | 0 | 0 |", "not run yet",
                 "20 targets, 60 s in all, 0 findings", "98 % of lines, 87 % of branches"):
        tap.contains(document, part)
    project.commit()
    tap.contains(project.run("--check"), "evidence: ok")
    project.says(counted=1010)
    tap.contains(project.run("test"), "as before")
    tap.equal(project.document(), document)
    project.says(counted=1100)
    project.run("test")
    tap.equal(project.rows()["test"]["commit"], project.git("rev-parse", "--short=12", "HEAD"))
    tap.equal(project.rows()["fuzz"]["commit"], first)
    tap.contains(project.document(), "| 1100 | things |")


@tap.test("what fails is said to have failed; what says nothing, or cannot run, changes no row")
def failures():
    project = Project("failures")
    project.run("cover")
    project.says(failed=2, status=2)
    tap.contains(project.run("test", code=1), "FAILED: test")
    tap.contains(project.document(), "**FAILED** (exit code 2): 12 passed, 2 failed, 3 skipped")
    project.says(status=1)  # all tests pass, and something else fails
    project.run("test", code=1)
    tap.contains(project.document(), "**FAILED** (exit code 2): 12 passed, 0 failed")
    before = project.document()
    tap.contains(project.run("reproduce", code=1), "says nothing that can be kept")
    tap.contains(project.run("bogo"), "SKIP bogo: BORINGSSL is not given; it has no row")
    tap.contains(project.run("bogo", "sans", code=1), "no stage sans")
    tap.equal(project.document(), before)


@tap.test("a tree that is not committed has no evidence, and a document that was written by hand is refused")
def by_hand():
    project = Project("by_hand")
    project.run("test")
    document = project.root / "docs/EVIDENCE.md"
    document.write_text(document.read_text().replace("0 failed", "no failures"))
    tap.contains(project.run("--check", code=1), "is not what docs/evidence.json gives")
    project.run("test")  # which writes it again
    tap.contains(project.run("--check"), "evidence: ok")
    rows = project.rows()
    rows["test"]["commit"] = "0123456789ab"
    (project.root / "docs/evidence.json").write_text(json.dumps(rows))
    tap.contains(project.run("--check", code=1), "commit 0123456789ab is not in the history")
    (project.root / "Makefile").write_text("test:\n")
    tap.contains(project.run("test", code=1), "commit first")


@tap.test("of two builds that differ it is said where")
def reproduce():
    one, other = tap.directory() / "one", tap.directory() / "other"
    for tree in (one, other):
        (tree / "lib").mkdir(parents=True)
        (tree / "lib/same").write_bytes(b"the same")
        (tree / "lib/link").symlink_to("same")

    def compare(code):
        done = tap.run([sys.executable, str(tap.ROOT / "script/reproduce"), "--compare", str(one), str(other)])
        tap.equal(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    tap.contains(compare(0), "reproduce: 2 files, the same bytes twice")
    (one / "lib/a").write_bytes(b"built at 10:00")
    (other / "lib/a").write_bytes(b"built at 10:01")
    tap.contains(compare(1), "lib/a: 14 and 14 bytes, from byte 13 on: b'built at 10:00' and b'built at 10:01'")
    (other / "lib/b").write_bytes(b"")
    (other / "lib/same").chmod(0o700)
    found = compare(1)
    for part in ("lib/b: only in the second", "lib/same: mode", "3 files, FAILED, 3 differ"):
        tap.contains(found, part)


tap.main()
