"""curl, whatever library it was built with; in Debian libssl. It is here for its HTTP."""
import re

from facts import Facts, suite_name
from peer_openssl import GROUP_FLAGS
from peers import Peer, Session
from process import Process


class Curl(Peer):
    name = "curl"
    programs = ("curl",)
    serves = False
    tells = frozenset(["version", "suite", "alpn"])

    def connect(self, port, options, path="/", http="--http1.1"):
        name = options.sni or "127.0.0.1"
        command = ["curl", "--silent", "--show-error", "--verbose", "--max-time", "20", "--cacert", options.ca,
                   "--resolve", f"{name}:{port}:127.0.0.1", "--noproxy", "*", http]
        command += {"1.3": ["--tlsv1.3"], "1.2": ["--tls-max", "1.2"], None: []}[options.version]
        command += ["--tls13-ciphers", ":".join(options.suites)] if options.suites else []
        if options.groups:
            command += ["--curves", ":".join(GROUP_FLAGS.get(group, group) for group in options.groups)]
        if options.identity:
            command += ["--cert", options.identity.cert, "--key", options.identity.key]
        command += options.extra
        return CurlSession(self, options, Process([*command, f"https://{name}:{port}{path}"], stdin=b""))


class CurlSession(Session):
    def finish(self):
        self.status = self.process.finish(30)
        self.received = self.process.out()
        text = self.process.err().decode(errors="replace")
        facts = self.facts = Facts(stapled=True if "SSL certificate status: good" in text else None)
        what = re.search(r"SSL connection using (TLSv[\d.]+) / (\S+)", text)
        if what:
            facts.version, facts.suite = what.group(1), suite_name(what.group(2))
            chosen = re.search(r"ALPN:? server accepted (?:to use )?(\S+)", text)
            facts.alpn = chosen.group(1) if chosen else ""
        # libssl's words for an alert: "... alert handshake failure", with its number elsewhere.
        alert = re.search(r"alert ([a-z ]+)(?:,|$)", text, re.M)
        if alert:
            facts.alert_received = alert.group(1).strip().replace(" ", "_")
        elif self.status == 0:
            facts.alert_received = ""
