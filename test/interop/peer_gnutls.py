"""gnutls-cli and gnutls-serv. Their debug output at level 5 tells of messages and alerts."""
import re

import tap
from facts import Facts, alert_name, group_name, signature_name, suite_name
from peers import REQUEST, Peer, Session
from pki import KINDS
from process import Process, scratch

CIPHERS = {"TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
           "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}
SCHEMES = {"ed25519": "EDDSA-ED25519", "ed448": "EDDSA-ED448"}


class GnuTLS(Peer):
    name = "gnutls"
    programs = ("gnutls-cli", "gnutls-serv")
    groups = ("x25519", "secp256r1", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072", "ffdhe4096")
    suites = tuple(CIPHERS)
    kinds = tuple(KINDS)
    bare_cookie = False  # it looks for a group in every HelloRetryRequest
    alerts = {"unknown authority": "bad_certificate", "expired": "bad_certificate",
              "version": "handshake_failure"}
    exports_as = ("server", "client")
    tells = frozenset(["version", "suite", "group", "signature", "retried", "alpn", "client_certificate", "psk",
                       "updates_sent", "updates_received", "alert_sent", "alert_received"])
    client_tells = frozenset(["chain", "stapled"])

    def serve(self, options, echo=False):
        """echo: lines come back instead of a page."""
        port = tap.free_port()
        command = ["gnutls-serv", "--echo" if echo else "--http", "-p", str(port), *self.common(options)]
        if options.alpn:
            command += ["--alpn-fatal"]
        auth = {"none": ["--disable-client-cert"], "request": ["--verify-client-cert"],
                "require": ["--require-client-cert", "--verify-client-cert"]}[options.client_auth]
        command += auth + (["--x509cafile", options.ca] if options.ca else [])
        for identity in [options.identity, *options.more_identities]:
            command += identity_flags(identity)
        if options.ocsp:
            command += ["--ocsp-response", options.ocsp, "--ignore-ocsp-response-errors"]
        if options.psk:
            path = scratch("psk")
            path.write_text(f"{options.psk[0]}:{options.psk[1]}\n", encoding="utf-8")
            command += ["--pskpasswd", path]
        session = GnuTLSSession(self, options, Process(command), port)
        session.process.wait_for(rf"port {port}\.\.\.done")
        return session

    def connect(self, port, options, interactive=False, request=REQUEST):
        """interactive: the test sends; ^rekey^ and ^handshake^ on lines of their own are commands."""
        command = ["gnutls-cli", "-p", str(port), *self.common(options), "--x509cafile", options.ca]
        command += ["--inline-commands"] if interactive else []
        command += ["--single-key-share"] if options.shares else []
        command += [] if options.sni else ["--disable-sni"]
        command += identity_flags(options.identity)
        if options.psk:
            command += ["--pskusername", options.psk[0], "--pskkey", options.psk[1]]
        # The name is resolved too, so SNI and verification are given apart from the address.
        command += ["--sni-hostname", options.sni, "--verify-hostname", options.sni] if options.sni else []
        command += ["127.0.0.1"]
        session = GnuTLSSession(self, options, Process(command))
        if not interactive:
            session.process.send(request)  # its stdin stays open: it would close before the answer has come
        return session

    def common(self, options):
        flags = ["-d", "5", "--priority", priority_of(options)]
        for name in options.alpn or []:
            flags += ["--alpn", name]
        if options.record_limit:
            flags += ["--recordsize", str(options.record_limit - 1)]  # it counts without the content type
        if options.exporter:
            flags += ["--keymatexport", options.exporter, "--keymatexportsize", "32"]
        return flags + options.extra


def identity_flags(identity):
    return ["--x509certfile", identity.cert, "--x509keyfile", identity.key] if identity else []


def priority_of(options):
    text = f"NORMAL:-VERS-ALL:+VERS-TLS{options.version}" if options.version else "NORMAL"
    if not options.middlebox:
        text += ":%DISABLE_TLS13_COMPAT_MODE"
    if options.record_limit is not None or options.small_records:
        text += ":%ALLOW_SMALL_RECORDS"  # below 512 bytes
    if options.psk:
        text += ":+ECDHE-PSK:+DHE-PSK"
    if options.suites:
        text += ":-CIPHER-ALL" + "".join(f":+{CIPHERS[name]}" for name in options.suites)
    if options.groups:
        text += ":-GROUP-ALL" + "".join(f":+GROUP-{name.upper()}" for name in options.groups)
    if options.sigalgs:
        text += ":-SIGN-ALL" + "".join(f":+SIGN-{scheme_of(name)}" for name in options.sigalgs)
    return text


def scheme_of(name):
    """GnuTLS' name of a signature scheme of IANA."""
    if name.startswith("rsa_pkcs1"):
        return name.upper().replace("RSA_PKCS1_", "RSA-")
    return SCHEMES.get(name, name.upper().replace("RSA_PSS_PSS", "RSA-PSS").replace("_", "-"))


class GnuTLSSession(Session):
    def finish(self):
        if self.port:
            # The server lives on; one of these is the last thing it says of a connection.
            self.process.wait_for(r"Sending Alert|Error in handshake|was received|Error while", 2, must=False)
            self.status = self.process.stop()
        else:
            self.status = self.process.finish()
        text = self.process.text()
        self.facts = read_log(text, self.port is not None)
        data = self.process.out().split(b"- Simple Client Mode:\n\n", 1)
        self.received = data[1] if len(data) == 2 else b""
        exported = re.search(r"^- Key material: ([0-9a-f]+)", text, re.M)
        self.exported = exported.group(1) if exported else None


def read_log(text, is_server):
    facts = Facts(retried="HELLO RETRY REQUEST" in text)
    for name, pattern in (("alert_sent", r"Sending Alert\[\d+\|(\d+)\]"),
                          ("alert_received", r"Alert\[\d+\|(\d+)\] - .* - was received")):
        numbers = [int(number) for number in re.findall(pattern, text)]
        setattr(facts, name, next((alert_name(n) for n in numbers if n not in (0, 90)), ""))
    facts.updates_sent = len(re.findall(r"KEY_UPDATE was queued", text))
    facts.updates_received = len(re.findall(r"received TLS 1.3 key update", text))
    limit = re.search(r"record_size_limit (\d+) negotiated", text)
    facts.peer_limit = int(limit.group(1)) if limit else None
    # (TLS1.3-X.509)-(ECDHE-SECP256R1)-(ECDSA-SECP256R1-SHA256)-(AES-256-GCM); with a PSK the middle is "".
    what = re.search(r"^- Description: \((TLS[\d.]+)[^)]*\)-(?:\(([^)]*)\)-\(([^)]*)\))?-\(([^)]*)\)", text, re.M)
    if not what:
        return facts
    facts.version = what.group(1).replace("TLS", "TLSv")
    facts.suite = suite_name(what.group(4))
    facts.psk = "PSK authentication." in text
    groups = re.findall(r"Selected group (\S+)", text) + [what.group(2)]
    facts.group = group_name(groups[0] or "") or None
    facts.signature = signature_name(what.group(3) or "")
    chosen = re.search(r"^- Application protocol: (\S+)", text, re.M)
    facts.alpn = chosen.group(1) if chosen else ""
    read_authentication(facts, text, is_server)
    return facts


def read_authentication(facts, text, is_server):
    shown = re.search(r"Got a certificate list of (\d+) certificates", text)
    if is_server:
        name = re.search(r"Given server name\[1\]: (\S+)", text)
        facts.sni = name.group(1) if name else None if facts.psk else ""  # not printed with a PSK
        facts.client_certificate = shown is not None
        client = re.search(r"^- Client Signature: (\S+)", text, re.M)
    else:
        facts.chain = int(shown.group(1)) if shown else 0
        facts.stapled = re.search(r"^- Options:.*OCSP status request", text, re.M) is not None
        sent = re.search(r"Successfully sent (\d+) certificate", text)
        facts.client_certificate = bool(sent and int(sent.group(1)) > 0)
        sent_name = re.search(r"sent server name: '([^']*)'", text)
        facts.sni = sent_name.group(1) if sent_name else ""
        client = re.search(r"signing TLS 1.3 handshake data: using (\S+)", text)
    facts.client_signature = signature_name(client.group(1)) if client else ""
