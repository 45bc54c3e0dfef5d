"""openssl s_client and s_server. Their -trace is a second, independent reading of the wire, so both
sides' messages, alerts and key updates are judged by it and not only by what was negotiated."""
import re

from facts import Facts, alert_name, group_name
from peers import REQUEST, Peer, Session
from pki import KINDS
from process import Process, scratch

SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
GROUP_FLAGS = {"x25519": "X25519", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


class OpenSSL(Peer):
    name = "openssl"
    programs = ("openssl",)
    groups = ("x25519", "secp256r1", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072", "ffdhe4096")
    suites = tuple(SUITES)
    kinds = tuple(KINDS)
    exports_as = ("client",)  # its server only in a conversation
    tells = frozenset(["version", "suite", "group", "signature", "client_signature", "retried", "alpn", "sni",
                       "client_certificate", "psk", "stapled", "compression", "chain", "updates_sent",
                       "updates_received", "alert_sent", "alert_received"])

    def serve(self, options, interactive=False):
        """interactive: instead of answering a GET, what the test sends goes to the client; single letters
        are commands: K and k update keys, c asks for a certificate. Only so are there cookies and keying
        material; and it waits for the client to end, for its own command closes without close_notify."""
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", *self.common(options)]
        command += [] if interactive else ["-www"]
        command += self.server_identities(options)
        if options.client_auth != "none":
            command += ["-Verify" if options.client_auth == "require" else "-verify", "5", "-verify_return_error"]
            command += ["-CAfile", options.ca]
        if options.ocsp:
            command += ["-status_file", options.ocsp]
        if options.cookie:
            command += ["-stateless"]
        session = OpenSSLSession(self, options, None, is_server=True)
        session.start(command)
        session.port = int(session.process.wait_for(r"^ACCEPT .*:(\d+)$").group(1))
        return session

    def connect(self, port, options, interactive=False, request=REQUEST):
        """interactive: the test sends; single letters are commands: K and k update keys. It ends with its
        stdin."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *self.common(options)]
        command += ["-CAfile", options.ca, "-verify_return_error", "-verify", "5", "-status"]
        if options.sni:
            command += ["-servername", options.sni, "-verify_hostname", options.sni]
        else:
            command += ["-noservername"]
        command += [] if interactive else ["-ign_eof" if options.exporter else "-quiet"]
        if options.identity:
            command += identity_flags(options.identity)
        session = OpenSSLSession(self, options, None, is_server=False)
        session.start(command, None if interactive else request)
        return session

    def common(self, options):
        """Flags that client and server share."""
        flags = ["-trace"] + {"1.3": ["-tls1_3"], "1.2": ["-tls1_2"], None: []}[options.version]
        if options.suites:
            flags += ["-ciphersuites", ":".join(options.suites)]
        if options.groups:
            flags += ["-groups", ":".join(GROUP_FLAGS.get(name, name) for name in options.groups)]
        if options.sigalgs:
            flags += ["-sigalgs", ":".join(options.sigalgs)]
        if options.alpn:
            flags += ["-alpn", ",".join(options.alpn)]
        if options.psk:
            flags += ["-psk_identity", options.psk[0], "-psk", options.psk[1]]
        if not options.middlebox:
            flags += ["-no_middlebox"]
        if options.keylog:
            flags += ["-keylogfile", options.keylog]
        if options.exporter:
            flags += ["-keymatexport", options.exporter, "-keymatexportlen", "32"]
        return flags + options.extra

    def server_identities(self, options):
        if not options.identity:
            return ["-nocert"]
        flags = identity_flags(options.identity)
        for other in options.more_identities:
            flags += ["-dcert", other.leaf, "-dkey", other.key, "-dcert_chain", other.rest]
        return flags


def identity_flags(identity):
    has_rest = open(identity.rest, "rb").read(1) != b""
    chain = ["-cert_chain", identity.rest] if has_rest else []
    return ["-cert", identity.leaf, "-key", identity.key, *chain]


class OpenSSLSession(Session):
    """One run; -msgfile keeps the trace apart from the application data."""

    def __init__(self, peer, options, process, is_server):
        super().__init__(peer, options, process)
        self.is_server = is_server
        self.trace_path = None

    def start(self, command, stdin=None):
        self.trace_path = scratch("trace")
        self.process = Process(command + ["-msgfile", self.trace_path], stdin=stdin)

    def trace(self):
        return self.trace_path.read_text(errors="replace") if self.trace_path.exists() else ""

    def finish(self):
        self.status = self.process.finish()
        self.facts = read_trace(self.trace(), self.is_server)
        if not self.is_server:
            self.received = self.process.out()
        exported = re.search(r"Keying material: ([0-9A-F]+)", self.process.text())
        self.exported = exported.group(1).lower() if exported else None


# ---- reading a trace ----


class Message:
    """One handshake message, alert or other record of a trace."""

    def __init__(self, sent, name):
        self.sent, self.name, self.lines = sent, name, []

    def find(self, pattern):
        return next((match for line in self.lines if (match := re.search(pattern, line))), None)

    def after(self, pattern):
        """The lines that follow the first one with the pattern."""
        for number, line in enumerate(self.lines):
            if re.search(pattern, line):
                return self.lines[number + 1:]
        return []


def messages_of(trace):
    """The messages, in order. A record's direction holds until the next record."""
    messages, sent = [], False
    for line in trace.splitlines():
        if line in ("Sent Record", "Received Record"):
            sent = line == "Sent Record"
            continue
        head = re.match(r"    (\w+), Length=\d+$", line)
        alert = re.match(r"    Level=(\w+)\(\d+\), description=.*\((\d+)\)", line)
        if head:
            messages.append(Message(sent, head.group(1)))
        elif alert:
            messages.append(Message(sent, "alert"))
            messages[-1].lines.append(alert.group(2))
        elif "Content Type = ChangeCipherSpec" in line:
            messages.append(Message(sent, "change_cipher_spec"))
        elif messages:
            messages[-1].lines.append(line)
    return messages


def read_trace(trace, is_server):
    messages = messages_of(trace)
    facts = Facts(retried=False)
    for direction, name in ((True, "alert_sent"), (False, "alert_received")):
        numbers = [int(m.lines[0]) for m in messages if m.name == "alert" and m.sent is direction]
        # user_canceled only announces close_notify (RFC 9846, 6.1).
        setattr(facts, name, next((alert_name(n) for n in numbers if n not in (0, 90)), ""))
    facts.updates_sent = sum(m.name == "KeyUpdate" and m.sent for m in messages)
    facts.updates_received = sum(m.name == "KeyUpdate" and not m.sent for m in messages)
    by_server = [m for m in messages if m.sent is is_server]
    by_client = [m for m in messages if m.sent is not is_server]
    read_client_hello(facts, by_client)
    read_server_hello(facts, [m for m in by_server if m.name == "ServerHello"])
    read_authentication(facts, by_server, by_client)
    return facts


def read_client_hello(facts, messages):
    hello = next((m for m in messages if m.name == "ClientHello"), None)
    if hello:
        lines = hello.after(r"extension_type=server_name\(0\)")
        data = b""
        for line in lines:
            dump = re.match(r"\s+[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]?){1,16})", line)
            if not dump:
                break
            data += bytes.fromhex(dump.group(1).replace("-", " "))
        facts.sni = data[5:].decode()


def read_server_hello(facts, hellos):
    if not hellos:
        return
    facts.retried = len(hellos) == 2
    hello = hellos[-1]
    version = hello.find(r"^\s+TLS 1.3 \(772\)")
    facts.version = "TLSv1.3" if version else "TLSv1.2"
    suite = hello.find(r"cipher_suite \{.*\} (\S+)")
    facts.suite = suite.group(1) if suite else None
    group = hello.find(r"NamedGroup: (.*)")
    facts.group = group_name(group.group(1)) if group else ""
    facts.psk = hello.find(r"extension_type=psk\(41\)") is not None


def read_authentication(facts, by_server, by_client):
    extensions = next((m for m in by_server if m.name == "EncryptedExtensions"), None)
    if not extensions:
        return
    alpn = extensions.after(r"application_layer_protocol_negotiation")
    facts.alpn = alpn[0].strip() if alpn else ""
    certificate = next((m for m in by_server if m.name == "Certificate"), None)
    packed = next((m for m in by_server if m.name == "CompressedCertificate"), None)
    facts.compression = "" if certificate else None if packed else ""
    facts.chain = sum("ASN.1Cert, length" in line for line in certificate.lines) if certificate else 0
    facts.stapled = bool(certificate and certificate.find(r"extension_type=status_request\(5\)"))
    facts.signature = verify_algorithm(by_server)
    theirs = next((m for m in by_client if m.name == "Certificate"), None)
    facts.client_certificate = bool(theirs and theirs.find(r"ASN\.1Cert, length"))
    facts.client_signature = verify_algorithm(by_client)


def verify_algorithm(messages):
    verify = next((m for m in messages if m.name == "CertificateVerify"), None)
    algorithm = verify.find(r"Signature Algorithm: (\S+)") if verify else None
    return algorithm.group(1) if algorithm else ""
