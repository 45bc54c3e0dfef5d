"""Java's JSSE, by the program in java/, which makes as many connections in one run as it is told. It closes with
user_canceled before close_notify, and can be told to update its keys after little data; no other peer here does
either."""
import os
import re
import subprocess
from pathlib import Path

import tap
from facts import ALERTS, Facts
from peers import Peer, Session
from pki import cached
from process import Process, scratch

SOURCE = Path(__file__).resolve().parent / "java" / "Peer.java"


class Java(Peer):
    name = "java"
    programs = ("java", "javac")
    groups = ("x25519", "secp256r1", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072", "ffdhe4096")
    suites = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
    kinds = ("rsa", "rsapss", "p256", "p384", "p521")
    picks_sigalgs = False  # before Java 19
    alerts = {"no certificate": "bad_certificate", "unknown authority": "certificate_unknown",
              "expired": "certificate_unknown", "wrong name": "certificate_unknown"}
    shows_unwanted = False
    tells = frozenset(["version", "suite", "alpn", "alert_received"])
    server_tells = frozenset(["sni", "client_certificate"])
    client_tells = frozenset(["chain"])

    def serve(self, options, talk="page", more=0):
        """more: how many further connections it waits for."""
        session = self.start("server", options, [f"talk={talk}", f"auth={options.client_auth}"], [[]] * more)
        session.port = int(session.process.wait_for(r"^port=(\d+)$", 30).group(1))
        return session

    def connect(self, port, options, talk="get", size=0, more=(), key_limit=None):
        """more: for each further connection, the arguments that change."""
        return self.start("client", options, [f"port={port}", f"sni={options.sni}", f"talk={talk}", f"size={size}"],
                          more, key_limit)

    def start(self, role, options, arguments, more, key_limit=None):
        """key_limit: exponent of two of the bytes after which keys are updated."""
        # Short runs: neither the optimizing compiler nor a large heap is worth its start.
        machine = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", *options.extra]
        if options.groups:
            machine.append(f"-Djdk.tls.namedGroups={','.join(options.groups)}")
        if key_limit:
            path = scratch("security")
            path.write_text(f"jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^{key_limit}\n", encoding="ascii")
            machine.append(f"-Djava.security.properties={path}")
        for key, value in (("ca", options.ca), ("suites", ",".join(options.suites or [])),
                           ("alpn", ",".join(options.alpn or [])),
                           ("version", f"TLSv{options.version}" if options.version else None)):
            arguments += [f"{key}={value}"] if value else []
        identities = [options.identity, *options.more_identities] if options.identity else []
        arguments += [f"p12={','.join(identity.p12 for identity in identities)}"] if identities else []
        for changes in more:
            arguments += ["next", *changes]
        classes = cached("java", SOURCE, compile_to)
        return JavaSession(self, options, Process(["java", *machine, "-cp", classes, "Peer", role, *arguments]))


class JavaSession(Session):
    def __init__(self, peer, options, process):
        super().__init__(peer, options, process)
        self.told = {}  # of the last connection
        self.turns = []  # what it told of each

    def finish(self):
        self.status = self.process.finish(60)
        parts = re.split(r"^(?=connection=)", self.process.err().decode(errors="replace"), flags=re.M)
        self.turns = [dict(re.findall(r"^(\w+)=(.*)$", part, re.M)) for part in parts[1:]]
        self.told = self.turns[-1] if self.turns else {}
        self.facts = facts_of(self.told, self.port is not None)
        self.received = self.process.out() or b"x" * (self.told.get("received", "0") != "0")


def facts_of(told, is_server):
    facts = Facts()
    if "version" in told:
        facts.version, facts.suite, facts.alpn = told["version"], told["suite"], told["alpn"]
        if is_server:
            facts.sni = told["sni"]
            facts.client_certificate = told["chain"] != "0"
        else:
            facts.chain = int(told["chain"])
    alert = re.search(r"Received fatal alert: (\w+)", told.get("error", ""))
    if alert:
        facts.alert_received = alert.group(1) if alert.group(1) in ALERTS.values() else f"alert {alert.group(1)}"
    elif "error" not in told:
        facts.alert_received = facts.alert_sent = ""
    return facts


def compile_to(directory):
    done = subprocess.run(["javac", "-d", str(directory), str(SOURCE)], capture_output=True, text=True,
                          env=dict(os.environ), check=False)
    if done.returncode != 0:
        tap.fail(f"javac: {done.stderr}")
