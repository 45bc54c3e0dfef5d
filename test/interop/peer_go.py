"""Go's crypto/tls, by the program in go/: the peer that has X25519MLKEM768 in both roles and can close one
direction only. It is built once with the go command; nothing is downloaded."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import tap
from facts import Facts, alert_name, group_name
from peers import Peer, Session
from pki import cached
from process import Process

SOURCE = Path(__file__).resolve().parent / "go"
OLDEST = (1, 24)  # X25519MLKEM768


class Go(Peer):
    name = "go"
    programs = ("go",)
    groups = ("x25519mlkem768", "x25519", "secp256r1", "secp384r1", "secp521r1")
    suites = ("TLS_AES_128_GCM_SHA256",)  # it offers all three and lets nobody choose
    kinds = ("rsa", "p256", "p384", "p521", "ed25519")
    always_shares = ("x25519mlkem768", "x25519")
    shows_unwanted = False
    picks_suites = picks_sigalgs = False
    alerts = {"unknown authority": "bad_certificate", "expired": "bad_certificate"}
    exports_as = ("server", "client")
    tells = frozenset(["version", "suite", "alpn", "alert_received"])
    server_tells = frozenset(["sni", "client_certificate"])
    client_tells = frozenset(["chain", "stapled"])

    def missing(self):
        go = find_go()
        if go is None:
            return "go is not installed"
        text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        version = tuple(int(part) for part in re.findall(r"\d+", text)[:2])
        if version < OLDEST:
            return f"go is {text.strip() or 'broken'}; X25519MLKEM768 needs 1.24"
        return None

    def serve(self, options, talk="page", size=0):
        command = [program(), "server", "-talk", talk, "-size", size, *self.common(options)]
        command += ["-auth", options.client_auth]
        session = GoSession(self, options, Process(command))
        session.port = int(session.process.wait_for(r"^listening on (\d+)$").group(1))
        return session

    def connect(self, port, options, talk="get", size=0, chunk=16384):
        command = [program(), "client", "-port", port, "-talk", talk, "-size", size, "-chunk", chunk]
        return GoSession(self, options, Process(command + self.common(options) + ["-sni", options.sni]))

    def common(self, options):
        flags = ["-versions", options.version or "1.2,1.3"]
        for flag, value in (("-groups", ",".join(options.groups or [])), ("-alpn", ",".join(options.alpn or [])),
                            ("-ca", options.ca), ("-keylog", options.keylog), ("-exporter", options.exporter),
                            ("-ocsp", options.ocsp)):
            flags += [flag, value] if value else []
        if options.identity:
            flags += ["-cert", options.identity.cert, "-key", options.identity.key]
        return flags + options.extra


class GoSession(Session):
    def __init__(self, peer, options, process):
        super().__init__(peer, options, process)
        self.told = {}

    def finish(self):
        self.status = self.process.finish(60)
        told = [line for line in self.process.text().splitlines() if line.startswith("{")]
        self.told = json.loads(told[-1]) if told else {}
        self.facts = facts_of(self.told, self.port is not None)
        self.received = self.process.out() or b"x" * bool(self.told.get("received"))
        self.exported = self.told.get("exported") or None


def facts_of(told, is_server):
    facts = Facts()
    if told.get("version"):
        facts.version = told["version"].replace("TLS ", "TLSv")
        facts.suite = told["suite"]
        facts.group = group_name(told["group"]) if told["group"] else None
        facts.retried = told["retried"]
        facts.alpn = told["alpn"]
        facts.sni = told["sni"]
        if is_server:
            facts.client_certificate = told["peer_certificates"] > 0
        else:
            facts.chain = told["peer_certificates"]
            facts.stapled = told["stapled"]
    if told.get("alert_received", -1) >= 0:
        facts.alert_received = alert_name(told["alert_received"])
    elif told and not told["error"]:
        facts.alert_received = facts.alert_sent = ""
    return facts


def find_go():
    beside = "/usr/local/go/bin/go"  # where its own installer puts it
    return shutil.which("go") or (beside if os.path.exists(beside) else None)


def program():
    return str(cached("go", SOURCE / "main.go", build) / "peer")


def build(directory):
    # The cache stays beside the program, so that a changed program does not compile the library again.
    env = dict(os.environ, GOCACHE=str(directory.parent / "go-cache"), GOFLAGS="-mod=mod", GOPROXY="off",
               GOTOOLCHAIN="local", CGO_ENABLED="0")
    done = subprocess.run([find_go(), "build", "-o", str(directory / "peer"), "."], cwd=SOURCE, env=env,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tap.fail(f"go build: {done.stderr}")
