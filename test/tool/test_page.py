#!/usr/bin/env python3
"""The page: its modules under node, what script/page makes of them, the bench against the engine, and view.
test_browser.py has the rest."""
import base64
import hashlib
import json
import os
import re

import tap
from pages import PAGE, built, node, recording

LIMIT = 400 * 1024


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


def modules(name):
    return lambda: node(PAGE / "unit" / name)


for test_file in sorted((PAGE / "unit").glob("*.test.mjs")):
    tap.case(f"modules: {test_file.name.split('.')[0]}", modules(test_file.name))

tap.main()
