#!/usr/bin/env python3
"""The page: its modules under node, and the file that script/page makes of them."""
import base64
import hashlib
import re
import sys

import tap

PAGE = tap.ROOT / "test/page"
LIMIT = 400 * 1024


def node(*arguments, **more):
    """Runs node's own test runner; what it says is shown only when it fails."""
    tap.need("node")
    done = tap.run(["node", "--test", *map(str, arguments)], timeout=120, **more)
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


def modules(name):
    return lambda: node(PAGE / "unit" / name)


for test_file in sorted((PAGE / "unit").glob("*.test.mjs")):
    tap.case(f"modules: {test_file.name.split('.')[0]}", modules(test_file.name))

tap.main()
