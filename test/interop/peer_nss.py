"""NSS: tstclnt and selfserv. They know no Ed25519 and Ed448 and tell little of alerts that they send; but
theirs is Firefox's engine, and the only one here besides GnuTLS with record_size_limit."""
import re
import subprocess
import time
from pathlib import Path

import tap
from facts import Facts, alert_name, suite_name
from peers import PKI, REQUEST, Peer, Session
from pki import cached
from process import Process, scratch

SUITES = {"TLS_AES_128_GCM_SHA256": "1301", "TLS_AES_256_GCM_SHA384": "1302",
          "TLS_CHACHA20_POLY1305_SHA256": "1303"}
GROUPS = {"x25519": "x25519", "secp256r1": "P256", "secp384r1": "P384", "secp521r1": "P521",
          "ffdhe2048": "FF2048", "ffdhe3072": "FF3072", "ffdhe4096": "FF4096"}
BITS = {"255": "x25519", "256": "secp256r1", "384": "secp384r1", "521": "secp521r1",
        "2048": "ffdhe2048", "3072": "ffdhe3072", "4096": "ffdhe4096"}
# PR errors that stand for a received alert: sslerr.h, from its base -12288; and their names.
RECEIVED = {16: 20, 17: 42, 18: 44, 19: 45, 59: 10, 61: 40, 62: 47, 63: 43, 64: 46, 92: 22, 93: 48, 94: 49,
            95: 50, 96: 51, 98: 70, 99: 71, 100: 80, 101: 90, 104: 110, 106: 112, 107: 113, 131: 86, 143: 109,
            181: 116}
NAMES = {"BAD_MAC": 20, "BAD_CERT": 42, "EXPIRED_CERT": 45, "HANDSHAKE_UNEXPECTED": 10, "HANDSHAKE_FAILURE": 40,
         "ILLEGAL_PARAMETER": 47, "CERTIFICATE_UNKNOWN": 46, "UNKNOWN_CA": 48, "ACCESS_DENIED": 49,
         "DECODE_ERROR": 50, "DECRYPT_ERROR": 51, "PROTOCOL_VERSION": 70, "INTERNAL_ERROR": 80,
         "UNRECOGNIZED_NAME": 112, "MISSING_EXTENSION": 109, "RX_CERTIFICATE_REQUIRED": 116}

SCHEMES = ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "rsa_pss_rsae_sha256",
           "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "rsa_pss_pss_sha256", "rsa_pss_pss_sha384",
           "rsa_pss_pss_sha512", "rsa_pkcs1_sha256"]


class NSS(Peer):
    name = "nss"
    programs = ("tstclnt", "selfserv", "certutil", "pk12util")
    groups = tuple(GROUPS)
    suites = tuple(SUITES)
    kinds = ("rsa", "rsapss", "p256", "p384", "p521")
    steady_kind = "rsa"  # a curve that is not among the groups serves for no certificate either
    staples = False  # selfserv's responses go with RSA certificates only, and of an authority whose key it has
    shows_expired = False
    sends_root = True
    alpn = False  # only http/1.1, only as a server
    exports_as = ("server", "client")
    tells = frozenset(["version", "suite", "group"])
    server_tells = frozenset(["alert_received"])
    client_tells = frozenset(["signature", "stapled"])

    def serve(self, options):
        port = tap.free_port()
        command = ["selfserv", "-p", str(port), "-v", *self.common(options), "-n", options.identity.name]
        command += {"none": [], "request": ["-r"], "require": ["-r", "-r"]}[options.client_auth]
        command += ["-Q"] if options.alpn else []  # always and only http/1.1
        session = NSSSession(self, options, Process(command), port)
        session.process.wait_for("About to call accept")
        return session

    def connect(self, port, options, request=REQUEST):
        path = scratch("request")
        path.write_bytes(request)
        command = ["tstclnt", "-4", "-h", "127.0.0.1", "-p", str(port), "-v", "-T", "-A", path]
        command += self.common(options)
        command += ["-a", options.sni] if options.sni else []
        command += ["-n", options.identity.name] if options.identity else []
        command += ["-e"] if options.middlebox else []
        return NSSSession(self, options, Process(command, stdin=b""))

    def common(self, options):
        # Asked for a certificate, tstclnt shows any that it finds: without an identity it gets a database
        # that has none.
        store = database() if options.identity else trust()
        flags = ["-d", f"sql:{store}", "-V", f"tls{options.version or '1.0'}:tls{options.version or '1.3'}"]
        if options.suites:
            flags += ["-c", "".join(f":{SUITES[name]}" for name in options.suites)]
        if options.groups:
            flags += ["-I", ",".join(GROUPS[name] for name in options.groups)]
        flags += ["-J", ",".join(options.sigalgs or SCHEMES)]
        if options.psk:
            flags += ["-z", f"0x{options.psk[1]}:{options.psk[0]}"]
        if options.exporter:
            flags += ["-x", f"{options.exporter}:32"]
        return flags + options.extra


class NSSSession(Session):
    def finish(self):
        if self.port:
            self.process.wait_for(r"Validated|SSL version|HDX PR_Read returned error", 2, must=False)
            time.sleep(0.03)  # nothing marks the end of a connection that went well
            self.status = self.process.stop()
        else:
            self.status = self.process.finish()
        text = self.process.text()
        self.facts = read_log(text, self.status, self.port is not None)
        page = text.find("HTTP/1.")
        self.received = text[page:].encode() if page >= 0 else b""
        exported = re.search(r"Keying Material:\s*((?:[0-9a-f]{2}:?\s*)+)", text)
        self.exported = re.sub(r"[^0-9a-f]", "", exported.group(1)) if exported else None


def read_log(text, status, is_server):
    facts = Facts()
    failed = re.search(r"returned error (-\d+)", text) if is_server else re.search(r"SSL_ERROR_(\w+)_ALERT", text)
    if failed and is_server:
        number = RECEIVED.get(12288 + int(failed.group(1)))
        facts.alert_received = alert_name(number) if number is not None else None
    elif failed:
        facts.alert_received = alert_name(NAMES[failed.group(1)]) if failed.group(1) in NAMES else failed.group(1)
    elif is_server or status == 0:
        facts.alert_received = facts.alert_sent = ""
    what = re.search(r"SSL version (\d)\.(\d) using \d+-bit (\S+)", text)
    bits = re.search(r"Key Exchange: (\d+)-bit", text)
    if what:
        facts.version = f"TLSv1.{int(what.group(2)) - 1}"
        key = re.search(r"using (\d+)-bit (AES-GCM|CHACHA20)", text)
        facts.suite = suite_name(f"AES_{key.group(1)}_GCM" if key.group(2) == "AES-GCM" else "CHACHA20_POLY1305")
        facts.group = BITS.get(bits.group(1)) if bits else None
    scheme = re.search(r"Signature Scheme: (\S+)", text)
    if not is_server and scheme:
        facts.signature = scheme.group(1).replace("none", "")
    staples = re.search(r"Received (\d+) Cert Status items", text)
    facts.stapled = staples is not None and int(staples.group(1)) > 0 if not is_server else None
    return facts


def database():
    """A certificate database with all identities that NSS understands."""
    return cached("nss", Path(PKI.ca), fill)


def trust():
    """One that only trusts."""
    return cached("nss-trust", Path(PKI.ca), fill_trust)


def fill(directory):
    fill_trust(directory)
    identities = [group[kind] for group in (PKI.server, PKI.client) for kind in NSS.kinds]
    identities += [PKI.stranger, PKI.stranger_client, PKI.expired, PKI.expired_client, PKI.not_yet]
    identities += [PKI.wrong_name, PKI.long]
    for identity in identities:
        run("pk12util", "-d", f"sql:{directory}", "-i", identity.p12, "-W", "x", "-K", "")


def fill_trust(directory):
    run("certutil", "-N", "-d", f"sql:{directory}", "--empty-password")
    for root in ("ec-root", "rsa-root"):
        run("certutil", "-A", "-d", f"sql:{directory}", "-n", root, "-t", "CT,,", "-i",
            Path(PKI.ca).with_name(f"{root}.leaf.pem"))


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
