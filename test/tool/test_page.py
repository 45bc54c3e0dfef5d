#!/usr/bin/env python3
"""The page: its modules under node, what script/page makes of them, and the whole in headless Chromium.

The browser tests need node, Debian's chromium, and two packages of npm (test/page/package.json), which are
fetched once into the build directory; without any of these they are skipped. With HF_SHOTS=DIR they leave
screenshots there.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import tap
from tooling import Serve, connect

PAGE = tap.ROOT / "test/page"
LIMIT = 400 * 1024


BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


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


@tap.test("the page is one small file that its policy keeps from the network")
def one_file():
    page = built()
    tap.true(len(page.encode()) < LIMIT, f"{len(page.encode())} bytes")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
    tap.contains(policy, "default-src 'none'")
    for directive in ("connect-src", "unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
        tap.absent(policy, directive)
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        tap.contains(policy, f"{directive} 'sha256-{digest}'")
    tap.equal(re.findall(r'(?:src|href)="(?!data:,")([^"]*)"', page), [])
    tap.equal(page.count("@RECORDING@"), 1)


@tap.test("no module reads markup, evaluates text or reaches for the network")
def no_sinks():
    for path in sorted((tap.ROOT / "tool/web/js").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(",
                     "XMLHttpRequest", "WebSocket", "sendBeacon", "import(", "setAttribute('style'"):
            tap.absent(text, sink, f"{path.name} uses {sink}")


KINDS = 64  # more than test/support/run.h has: asking for one too many ends the list


@tap.test("the bench says what the engine says, over every kind of handshake")
def same_as_the_engine():
    tap.need("node")
    program = tap.BUILD / "test/page/verdicts"
    if not program.exists():
        tap.skip("the tests are not built")
    verdicts = tap.directory() / "verdicts"
    verdicts.mkdir()
    for kind in range(KINDS):
        done = tap.run([program, kind, verdicts, 20260, 16], timeout=120)
        if done.returncode != 0:
            break
    tap.contains(done.stderr, f"NUMBER: 0 to {kind - 1}", "every kind was run")
    tap.true(kind >= 14, f"{kind} kinds")
    node(PAGE / "engine", env=dict(os.environ, HF_VERDICTS=str(verdicts)))


# ---- pages for the browser ----


def packages():
    """The directory that holds node_modules; made once for a build directory and a lock file."""
    tap.need("node", "npm")
    lock = (PAGE / "package-lock.json").read_bytes()
    place = tap.BUILD / f"page-modules-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (place / "node_modules").is_dir():
        with tempfile.TemporaryDirectory(dir=tap.BUILD) as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PAGE / name, scratch)
            done = tap.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=scratch, timeout=120)
            if done.returncode != 0:
                tap.skip(f"npm cannot fetch the packages: {done.stderr.strip().splitlines()[-1:]}")
            place.mkdir(exist_ok=True)
            try:
                os.rename(Path(scratch) / "node_modules", place / "node_modules")
            except OSError:
                tap.true((place / "node_modules").is_dir(), "somebody else has fetched them meanwhile")
    return place


def browser():
    found = next((name for name in BROWSERS if tap.available(name)), None)
    return shutil.which(found) if found else tap.skip("chromium is not there")


def recording(mode):
    path = tap.directory() / f"{mode}.json"
    if not path.exists():
        done = tap.run([tap.TOOL, "demo", "--mode", mode, "--secrets", "--record", path])
        tap.equal(done.returncode, 0, done.stderr)
    return json.loads(path.read_text(encoding="utf-8"))


@tap.test("view writes one file and prints its path")
def view():
    recording("full")
    recording("retry")
    first, second = tap.directory() / "full.json", tap.directory() / "retry.json"
    done = tap.run([tap.TOOL, "view", first])
    tap.equal((done.returncode, done.stdout), (0, f"{tap.directory() / 'full.html'}\n"), done.stderr)
    out = tap.directory() / "both.html"
    done = tap.run([tap.TOOL, "view", "--out", out, first, second])
    tap.equal((done.returncode, done.stdout), (0, f"{out}\n"), done.stderr)
    tap.equal(out.stat().st_mode & 0o777, 0o600, "it may hold secrets")
    data = re.search(r'<script type="application/json" id="recording">(.*?)</script>', out.read_text(encoding="utf-8"), re.S)
    held = json.loads(data.group(1))
    tap.equal([item["title"] for item in held["recordings"]], [recording(name)["title"] for name in ("full", "retry")])
    tap.equal(held["recordings"][0], recording("full"))


@tap.test("view refuses what is no recording, and writes nothing")
def view_refuses():
    out = tap.directory() / "none.html"
    whole = json.dumps(recording("full"))
    for name, text, part in (("cut", whole[:len(whole) // 2], "cut off"), ("none", '{"a": 1}', "not a recording"),
                             ("later", json.dumps(dict(recording("full"), version=9)), "version"), ("empty", "", "empty")):
        path = tap.directory() / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        done = tap.run([tap.TOOL, "view", "--out", out, path])
        tap.equal(done.returncode, 1, name)
        tap.contains(done.stderr, part, name)
        tap.true(not out.exists(), f"{name}: a page was written")
    tap.equal(tap.run([tap.TOOL, "view", tap.directory() / "full.json", "--out", "/nowhere/x.html"]).returncode, 1)


def page_of(name, *recordings):
    """A page made here, of recordings that may be what the program would refuse."""
    data = json.dumps({"kind": "view", "lab": False, "recordings": recordings}).replace("<", "\\u003c")
    path = tap.directory() / f"{name}.html"
    path.write_text(built().replace("@RECORDING@", data), encoding="utf-8")
    return path.as_uri()


def hostile(document):
    """Every text of a recording that a peer may have chosen does its worst."""
    worst = "<img src=x onerror='window.owned=1'></script><script>window.owned=1</script>\u202e\u0007"
    document = json.loads(json.dumps(document))
    document["title"] = worst
    document["summary"]["server_name"] = document["summary"]["alpn"] = worst
    document["decisions"][0]["reason"] = document["decisions"][0]["name"] = worst
    document["messages"][0]["name"] = worst
    for field in document["messages"][0]["fields"]:
        field["text"] = worst
    document["end"]["text"] = worst
    return document


def in_browser(name):
    """Runs one file of browser tests over pages of every kind."""
    modules_at, chromium = packages(), browser()
    full = recording("full")
    lab, plain = Serve("--lab"), Serve("--groups", "secp384r1")
    connect(plain.port, "--groups", "x25519")
    plain.wait_for("refused")
    pages = {
        "lab": f"https://localhost:{lab.port}/", "plain": f"https://localhost:{plain.port}/",
        "failures": f"https://localhost:{plain.port}/last-failures", "full": page_of("full", full),
        "pair": page_of("pair", full, recording("retry")), "hostile": page_of("hostile", hostile(full)),
        "broken": page_of("broken", dict(full, version=7)),
    }
    if os.environ.get("HF_SHOTS"):
        os.makedirs(os.environ["HF_SHOTS"], exist_ok=True)
    env = dict(os.environ, HF_MODULES=str(modules_at), HF_CHROMIUM=chromium, HF_PAGES=json.dumps(pages))
    node(PAGE / "browser" / name, env=env)


def modules(name):
    return lambda: node(PAGE / "unit" / name)


for test_file in sorted((PAGE / "unit").glob("*.test.mjs")):
    tap.case(f"modules: {test_file.name.split('.')[0]}", modules(test_file.name))

for test_file in sorted((PAGE / "browser").glob("*.test.mjs")):
    tap.case(f"browser: {test_file.name.split('.')[0]}", lambda name=test_file.name: in_browser(name))

tap.main()
