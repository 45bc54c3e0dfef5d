"""Headless Chromium: BoringSSL as browsers use it, with GREASE, X25519MLKEM768 and brotli-compressed
certificates. What it negotiated is read from its own network log."""
import json
import os
import re
import subprocess
from pathlib import Path

import tap
from facts import Facts, group_name, suite_name
from peers import Peer, Session
from process import Process, scratch

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage",
         "--no-default-browser-check", "--disable-extensions", "--password-store=basic",
         # Nothing but this machine is asked for, even where there is no network namespace.
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
         "--net-log-capture-mode=Everything"]
BINARIES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Chromium(Peer):
    name = "chromium"
    serves = False
    tells = frozenset(["version", "suite", "group", "signature", "alpn"])

    def missing(self):
        if not find():
            return "chromium is not installed"
        return None if tap.available("certutil") else "certutil is not installed: nothing can be trusted"

    def connect(self, port, options, path="/"):
        return self.visit([f"https://localhost:{port}{path}"], options)

    def visit(self, addresses, options):
        """One start of the browser. It loads the last address; the others only say where it may go."""
        home = scratch("home")
        store = home / ".pki/nssdb"
        store.mkdir(parents=True)
        if options.ca:
            trust(store, options.ca)
        log, keys = scratch("netlog"), options.keylog
        command = [find(), *FLAGS, f"--user-data-dir={home / 'profile'}", f"--log-net-log={log}"]
        command += [f"--ssl-key-log-file={keys}"] if keys else []
        command += options.extra + ["--dump-dom", addresses[-1]]
        env = dict(os.environ, HOME=str(home), XDG_CONFIG_HOME=str(home), XDG_CACHE_HOME=str(home))
        return ChromiumSession(self, options, Process(command, stdin=b"", env=env), log)


class ChromiumSession(Session):
    def __init__(self, peer, options, process, log):
        super().__init__(peer, options, process)
        self.log = log

    def finish(self):
        self.status = self.process.finish(60)
        self.received = self.process.out()
        self.facts = read_net_log(self.log.read_text(errors="replace") if self.log.exists() else "")


def find():
    return next((name for name in BINARIES if tap.available(name)), None)


def trust(store, bundle):
    def run(*command):
        subprocess.run([*map(str, command)], check=True, capture_output=True)

    run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
    for number, part in enumerate(re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n",
                                             Path(bundle).read_text(encoding="ascii"), re.S)):
        path = store.parent / f"{number}.pem"
        path.write_text(part, encoding="ascii")
        run("certutil", "-A", "-d", f"sql:{store}", "-n", f"ca-{number}", "-t", "C,,", "-i", path)


def read_net_log(text):
    """The log is cut short when the browser ends in a hurry, so events are read line by line."""
    facts = Facts()
    for line in text.splitlines():
        if '"cipher_suite"' in line and '"key_exchange_group"' in line:
            told = json.loads(line.rstrip().rstrip(","))["params"]
            facts.version = told["version"].replace("TLS ", "TLSv")
            facts.suite = suite_name(SUITE_NUMBERS.get(told["cipher_suite"], str(told["cipher_suite"])))
            facts.group = group_name(GROUP_NUMBERS.get(told["key_exchange_group"], str(told["key_exchange_group"])))
            facts.signature = SIGNATURE_NUMBERS.get(told["peer_signature_algorithm"])
            facts.alpn = told["next_proto"].replace("unknown", "")
            facts.alert_sent = facts.alert_received = ""
    return facts


SUITE_NUMBERS = {0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384",
                 0x1303: "TLS_CHACHA20_POLY1305_SHA256"}
GROUP_NUMBERS = {4588: "x25519mlkem768", 29: "x25519", 23: "secp256r1", 24: "secp384r1", 25: "secp521r1"}
SIGNATURE_NUMBERS = {0x0403: "ecdsa_secp256r1_sha256", 0x0503: "ecdsa_secp384r1_sha384",
                     0x0804: "rsa_pss_rsae_sha256", 0x0805: "rsa_pss_rsae_sha384", 0x0806: "rsa_pss_rsae_sha512"}
