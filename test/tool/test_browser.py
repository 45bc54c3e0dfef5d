#!/usr/bin/env python3
"""The page in headless Chromium: of the connection that carried it, of files, hostile and broken ones.

Needed are node, Debian's chromium, and two packages of npm (test/page/package.json), which are fetched once
into the build directory; without any of these the tests are skipped. With HF_SHOTS=DIR they leave screenshots
there.
"""
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import tap
from pages import PAGE, built, node, of_kind, recording
from tooling import Serve, connect

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


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
    document["end"]["text"] = document["summary"]["group_name"] = document["summary"]["cipher_suite_name"] = worst
    document["key_shares"][0]["group_name"] = document["schedule"]["steps"][0]["name"] = worst
    return document


def forged(document):
    """One bit of a signature is another, everywhere that a reader of the document would look."""
    document = json.loads(json.dumps(document))
    proof = next(message for message in document["messages"] if message["name"] == "CertificateVerify")
    proof["bytes"] = proof["bytes"][:-1] + f"{int(proof['bytes'][-1], 16) ^ 1:x}"
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
        "forged": page_of("forged", forged(full)), "broken": page_of("broken", dict(full, version=7)),
        "resumed": page_of("resumed", of_kind("resumed with early data")), "tls12": page_of("tls12", of_kind("1.2 full")),
    }
    if name.startswith("page"):
        pages |= {mode: page_of(mode, recording(mode)) for mode in ("psk", "replay", "tls12-ticket", "static-rsa")}
    if os.environ.get("HF_SHOTS"):
        os.makedirs(os.environ["HF_SHOTS"], exist_ok=True)
    env = dict(os.environ, HF_MODULES=str(modules_at), HF_CHROMIUM=chromium, HF_PAGES=json.dumps(pages))
    node(PAGE / "browser" / name, env=env)


for test_file in sorted((PAGE / "browser").glob("*.test.mjs")):
    tap.case(f"browser: {test_file.name.split('.')[0]}", lambda name=test_file.name: in_browser(name))

tap.main()
