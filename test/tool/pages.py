"""What the tests of the page share: node's test runner, recordings, and pages made of them."""
import json
import sys

import tap

PAGE = tap.ROOT / "test/page"


def node(*arguments, **more):
    """Runs node's own test runner; what it says is shown only when it fails."""
    tap.need("node")
    done = tap.run(["node", "--test", *map(str, arguments)], timeout=200, **more)
    tap.equal(done.returncode, 0, done.stdout + done.stderr)


def built():
    """The page as the program has it, with a recording's place still empty."""
    path = tap.directory() / "page.html"
    tap.equal(tap.run([sys.executable, tap.ROOT / "script/page", path]).returncode, 0)
    return path.read_text(encoding="utf-8")


def recording(mode):
    path = tap.directory() / f"{mode}.json"
    if not path.exists():
        done = tap.run([tap.TOOL, "demo", "--mode", mode, "--secrets", "--record", path])
        tap.equal(done.returncode, 0, done.stderr)
    return json.loads(path.read_text(encoding="utf-8"))


def of_kind(title):
    """A recording of one of the kinds of handshake that the engine's tests have (test/support/run.h)."""
    program = tap.BUILD / "test/page/verdicts"
    if not program.exists():
        tap.skip("the tests are not built")
    for number in range(64):
        path = tap.directory() / f"{number}.json"
        if not path.exists() and tap.run([program, number, tap.directory(), 1, 0], timeout=120).returncode != 0:
            break
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["title"] == title:
            return document
    return tap.fail(f"there is no kind “{title}”")
