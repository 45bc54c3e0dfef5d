"""Our own program in both roles. Everything is read from its --json, except where a conversation needs the
pipe: then from what it explains on stderr. Any name of an error is a name of err.def, whose alert is what
the peer must have been told."""
import json
import os
import re
import sys

import tap
from facts import CLASSIC_GROUPS, HYBRID, SUITES, Facts, group_name
from peers import Peer, Session
from pki import KINDS
from process import Process

TOOL = os.environ.get("HANDFAST") or tap.TOOL


def must_be_built():
    """Without the program all tests would fail for one and the same reason; so it is told once."""
    if not tap.available(TOOL):
        print(f"1..1\nnot ok 1 - {TOOL} is missing: it has not been built")
        sys.exit(1)


class Handfast(Peer):
    name = "handfast"
    groups = (HYBRID, *CLASSIC_GROUPS)
    suites = tuple(SUITES)
    kinds = tuple(KINDS)
    tells = frozenset(["version", "suite", "group", "signature", "client_signature", "retried", "alpn", "sni",
                       "client_certificate", "psk", "compression", "updates_sent", "updates_received",
                       "alert_sent", "alert_received", "error"])
    client_tells = frozenset(["chain", "stapled"])
    shows_unwanted = shows_expired = False

    def serve(self, options, echo=False):
        command = [TOOL, "serve", "--json", "--listen", "127.0.0.1:0", *self.common(options)]
        for identity in [options.identity, *options.more_identities]:
            command += ["--cert", identity.cert, "--key", identity.key] if identity else []
        if options.client_auth != "none":
            command += ["--client-auth", options.client_auth, "--client-ca", options.ca]
        command += ["--ocsp", options.ocsp] if options.ocsp else []
        command += ["--stateless-retry"] if options.cookie else []
        command += ["--echo"] if echo else []
        session = ServeSession(self, options, Process([*command, *options.extra]))
        session.port = session.wait_until_ready()
        return session

    def connect(self, port, options, interactive=False, path="/", host="127.0.0.1"):
        """interactive: a pipe for the test to speak through."""
        command = [TOOL, "connect", "--ca", options.ca, "--sni", options.sni or "none", *self.common(options)]
        command += ["--key-shares", names(options.shares)] if options.shares is not None else []
        command += [] if interactive else ["--json", "--http", path]
        command += ["--alpn", ""] if not interactive and options.alpn is None else []  # else --http chooses
        if options.identity:
            command += ["--cert", options.identity.cert, "--key", options.identity.key]
        command += [*options.extra, f"{host}:{port}"]
        return ConnectSession(self, options, Process(command, stdin=None if interactive else b""), interactive)

    def common(self, options):
        flags = ["--tls", options.version] if options.version else []
        for flag, value in (("--ciphers", options.suites), ("--groups", options.groups),
                            ("--sigalgs", options.sigalgs), ("--alpn", options.alpn),
                            ("--compress-certs", options.compression)):
            flags += [flag, names(value)] if value else []
        flags += ["--psk", f"{options.psk[0]}:{options.psk[1]}"] if options.psk else []
        flags += ["--psk-raw"] if options.psk and not options.psk_imported else []
        flags += ["--record-size-limit", options.record_limit] if options.record_limit else []
        flags += ["--keylog", options.keylog] if options.keylog else []
        return flags


def names(values):
    return ",".join(values)


class ServeSession(Session):
    """A server that lives until finish(); told is the JSON line of its connection."""

    def __init__(self, peer, options, process):
        super().__init__(peer, options, process)
        self.told = {}

    def wait_until_ready(self):
        return int(self.process.wait_for(r'127\.0\.0\.1:(\d+)"').group(1))

    def finish(self):
        self.process.wait_for(r'"event": "connection".*}$', 3, must=False)
        self.status = self.process.stop()
        lines = [json.loads(line) for line in self.process.out().splitlines() if line.startswith(b"{")]
        connections = [line for line in lines if line["event"] == "connection"]
        # A browser opens more connections than it uses.
        used = [line for line in connections if line["records"]]
        self.told = (used + connections + [{}])[0]
        self.facts = facts_of(self.told, self.told)
        self.received = b"x" * self.told.get("records", 0)


def connections(server, count):
    """Ends our server; what it told of that many connections."""
    for _ in range(count):
        server.process.wait_for(rf'(?:"event": "connection".*\n.*){{{count}}}', 10, must=False)
    server.process.stop()
    lines = [json.loads(line) for line in server.process.out().splitlines() if line.startswith(b"{")]
    told = [line for line in lines if line["event"] == "connection"]
    tap.equal(len(told), count, server.process)
    return told


class ConnectSession(Session):
    def __init__(self, peer, options, process, interactive):
        super().__init__(peer, options, process)
        self.interactive = interactive
        self.told = {}

    def finish(self):
        self.status = self.process.finish(60)
        if self.interactive:
            self.facts = facts_of_text(self.process.err().decode(errors="replace"))
            if self.status == 0:
                self.facts.alert_sent = self.facts.alert_received = self.facts.error = ""
            self.received = self.process.out()
            return
        self.told = json.loads(self.process.out() or b"{}")
        self.facts = facts_of(self.told, self.told.get("connection"))
        self.facts.chain = len(self.told.get("chain", []))
        self.facts.stapled = self.told.get("stapled_ocsp_bytes", 0) > 0
        self.received = ((self.told.get("http") or {}).get("body") or "").encode()


def facts_of(told, what):
    """told: what has the error; what: what has the facts."""
    facts = Facts()
    error = told.get("error")
    facts.error = error["name"] if error else ""
    facts.alert_sent = facts.alert_received = ""
    if error:
        received = re.search(r"sent the alert (\w+)", error["sentence"])
        facts.alert_received = received.group(1) if received else ""
        facts.alert_sent = alert_of_error(error["name"])
    if not what or not what["version"]:
        return facts
    facts.version = what["version"].replace("TLS ", "TLSv")
    facts.suite = what["cipher_suite"]
    facts.group = group_name(what["group"] or "")
    facts.signature = what["signature"] or ""
    facts.client_signature = what["client_signature"] or ""
    facts.sni = what["server_name"] or ""
    facts.alpn = what["alpn"] or ""
    facts.compression = what["certificate_compression"] or ""
    facts.retried, facts.psk = what["retried"], what["psk"]
    facts.client_certificate = what["client_certificate"]
    facts.peer_limit = what["peer_record_size_limit"]
    facts.updates_sent, facts.updates_received = what["key_updates_sent"], what["key_updates_received"]
    return facts


LABELS = {"cipher suite": "suite", "server signed with": "signature", "client signed with": "client_signature",
          "protocol (ALPN)": "alpn"}


def facts_of_text(text):
    """What it explains to a person, one fact on a line."""
    facts = Facts(alpn="", retried=False)
    for line in text.splitlines():
        label, value = line[2:22].strip(), line[22:].strip()
        if label in LABELS:
            setattr(facts, LABELS[label], value)
        elif label == "version":
            facts.version = value.replace("TLS ", "TLSv")
        elif label == "key exchange":
            facts.group = group_name(value)
        elif label == "server name (SNI)":
            facts.sni = "" if value == "not sent" else value
        elif label == "hello retry":
            facts.retried = True
    return facts


def alert_of_error(name):
    """The alert of an error, as err.def has it."""
    text = (tap.ROOT / "include/handfast/err.def").read_text(encoding="utf-8")
    row = re.search(rf"^X\({name}, \w+, (\w+),", text, re.M)
    if not row:
        return f"{name} is not in err.def"
    return "" if row.group(1) == "none" else row.group(1)
