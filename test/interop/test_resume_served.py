#!/usr/bin/env python3
"""Sessions and early data that our server issues and takes, with other clients: openssl, gnutls, NSS, Go, Python's
ssl and curl. What they say of it is held against what the server tells of each connection."""
import json
import re
import socket
import ssl
import subprocess
import time

import tap
from facts import SUITES
from peer_gnutls import GnuTLS
from peer_go import Go
from peer_handfast import TOOL, must_be_built
from peer_nss import NSS
from peer_openssl import OpenSSL
from peers import PKI, Options, with_defaults
from process import Process, scratch

GET = b"GET /early HTTP/1.0\r\nHost: localhost\r\n\r\n"
EARLY = ("--max-early-data", "4096")


class Server:
    """Our server; it tells of each connection in a line of JSON."""

    def __init__(self, *options, version="1.3"):
        identity = PKI.server["p256"]
        command = [TOOL, "serve", "--json", "--tls", version, "--listen", "127.0.0.1:0", "--cert", identity.cert, "--key",
                   identity.key, *options]
        self.process = Process(command)
        self.port = int(self.process.wait_for(r'127\.0\.0\.1:(\d+)"').group(1))

    def connections(self, count):
        """What it tells of the connections that have ended: waits until there are so many."""
        deadline = time.monotonic() + 15
        while True:
            lines = [line for line in self.process.out().splitlines(keepends=True) if line.endswith(b"}\n")]
            told = [json.loads(line) for line in lines]
            told = [line for line in told if line["event"] == "connection"]
            if len(told) >= count:
                return told
            if time.monotonic() > deadline:
                tap.fail(f"{len(told)} of {count} connections have ended: {self.process}")
            time.sleep(0.01)


def need(peer):
    reason = peer.missing()
    if reason:
        tap.skip(reason)


def file_of(data):
    path = scratch("data")
    path.write_bytes(data)
    return str(path)


def resumed_of(told):
    return [line["resumed"] for line in told]


# ---- openssl ----


def openssl(server, *options, stdin=GET):
    need(OpenSSL())
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost",
                           "-CAfile", PKI.ca, "-ign_eof", *options], input=stdin, capture_output=True, timeout=20,
                          check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def openssl_suites(suite):
    server = Server("--ciphers", suite, *EARLY)
    session = str(scratch("session"))
    openssl(server, "-sess_out", session)
    said = openssl(server, "-sess_in", session, "-early_data", file_of(GET), stdin=b"")
    tap.contains(said, f"Reused, TLSv1.3, Cipher is {suite}")
    tap.contains(said, "Early data was accepted")
    tap.contains(said, " 200 OK")
    told = server.connections(2)
    tap.equal([(line["resumed"], line["early_data"]) for line in told], [(False, False), (True, True)])


def openssl_retried():
    """RFC 9846, 4.3.10: a HelloRetryRequest ends early data, for the session it changes nothing."""
    server = Server("--groups", "P-384", *EARLY)
    session = str(scratch("session"))
    openssl(server, "-sess_out", session, "-groups", "X25519:P-384")
    said = openssl(server, "-sess_in", session, "-groups", "X25519:P-384", "-early_data", file_of(b"x" * 3000))
    tap.contains(said, "Reused, TLSv1.3")
    tap.contains(said, "Early data was rejected")
    tap.contains(said, " 200 OK")
    line = server.connections(2)[1]
    tap.equal((line["retried"], line["resumed"], line["early_data"], line["early_reason"]),
              (True, True, False, "RETRIED"))


def openssl_mutual():
    server = Server("--client-auth", "require", "--client-ca", PKI.ca)
    client = PKI.client["p256"]
    shown = ["-cert", client.leaf, "-key", client.key, "-cert_chain", client.rest]
    session = str(scratch("session"))
    openssl(server, "-sess_out", session, *shown)
    tap.contains(openssl(server, "-sess_in", session, *shown), "Reused, TLSv1.3")
    told = server.connections(2)
    tap.equal([(line["resumed"], line["client_certificate"]) for line in told], [(False, True), (True, True)])


def openssl12():
    """RFC 5077; the client may use one ticket as often as it likes."""
    server = Server(version="1.2")
    session = str(scratch("session"))
    openssl(server, "-sess_out", session)
    for _ in range(2):
        tap.contains(openssl(server, "-sess_in", session), "Reused, TLSv1.2")
    tap.equal(resumed_of(server.connections(3)), [False, True, True])


# ---- gnutls ----


def gnutls(server, *options):
    """gnutls-cli -r: two connections; what is typed goes to the second."""
    peer = GnuTLS()
    need(peer)
    command = ["gnutls-cli", "-p", str(server.port), "--x509cafile", PKI.ca, "--sni-hostname", "localhost",
               "--verify-hostname", "localhost", "-r", *options, "127.0.0.1"]
    process = Process(command)
    process.send(GET)
    told = server.connections(2)
    process.close()
    process.finish()
    return process.text(), told


def gnutls_suites(suite):
    names = {"TLS_AES_128_GCM_SHA256": "AES-128-GCM", "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
             "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}
    server = Server(*EARLY)
    said, told = gnutls(server, "--priority", f"NORMAL:-CIPHER-ALL:+{names[suite]}:-VERS-ALL:+VERS-TLS1.3")
    tap.contains(said, "This is a resumed session")
    tap.equal((resumed_of(told), told[1]["cipher_suite"]), ([False, True], suite))


def gnutls12():
    said, told = gnutls(Server(version="1.2"))
    tap.contains(said, "This is a resumed session")
    tap.equal([(line["version"], line["resumed"]) for line in told], [("TLS 1.2", False), ("TLS 1.2", True)])


def gnutls_early():
    server = Server(*EARLY)
    said, told = gnutls(server, "--earlydata", file_of(GET))
    tap.contains(said, "This is a resumed session")
    tap.equal((told[1]["resumed"], told[1]["early_data_offered"], told[1]["early_data"]), (True, True, True), said)
    tap.equal(told[1]["early_requests"], 1)


# ---- NSS ----


def nss(server, *options, version="1.3"):
    peer = NSS()
    need(peer)
    extra = ["-u", "-L", "3", *options]
    connected = peer.connect(server.port, with_defaults(Options(extra=extra, version=version), False), request=GET)
    connected.finish()
    return connected.process.text(), server.connections(3)


def nss_resumes():
    said, told = nss(Server())
    tap.equal(resumed_of(told), [False, True, True], said)


def nss12():
    said, told = nss(Server(version="1.2"), version="1.2")
    tap.equal(resumed_of(told), [False, True, True], said)


def nss_early():
    said, told = nss(Server(*EARLY), "-Z")
    tap.equal(resumed_of(told), [False, True, True], said)
    tap.equal([line["early_data"] for line in told], [False, True, True], said)


# ---- Go, Python, curl ----


def go_resumes(groups, retried, version="1.3"):
    peer = Go()
    need(peer)
    server = Server("--groups", groups, version=version)
    options = with_defaults(Options(extra=["-connections", "3", "-tickets"], version=version), False)
    connected = peer.connect(server.port, options)
    connected.finish()
    told = server.connections(3)
    tap.equal([(line["resumed"], line["retried"]) for line in told],
              [(False, retried), (True, retried), (True, retried)], connected.process)
    tap.equal(connected.process.text().count('"resumed":true'), 2)


def python_resumes(version):
    server = Server(version=version)
    context = ssl.create_default_context(cafile=PKI.ca)
    session = None
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as connection:
                connection.sendall(GET)
                while connection.recv(65536):
                    pass
                tap.equal(connection.session_reused, session is not None)
                session = connection.session
    tap.equal(resumed_of(server.connections(3)), [False, True, True])


def curl_resumes():
    tap.need("curl")
    server = Server()
    url = f"https://localhost:{server.port}/json"
    done = tap.run(["curl", "--silent", "--http1.1", "--cacert", PKI.ca, "--header", "Connection: close", url, url, url])
    tap.equal(done.returncode, 0, done.stderr)
    tap.equal(resumed_of(server.connections(3)), [False, True, True])
    tap.equal(re.findall(r'"resumed": (\w+)', done.stdout), ["false", "true", "true"])


for suite_ in SUITES:
    tap.case(f"openssl resumes with early data: {suite_}", openssl_suites, suite_)
    tap.case(f"gnutls resumes: {suite_}", gnutls_suites, suite_)
tap.case("openssl: a HelloRetryRequest ends early data", openssl_retried)
tap.case("openssl resumes, and is known by its certificate", openssl_mutual)
tap.case("openssl resumes TLS 1.2", openssl12)
tap.case("gnutls resumes TLS 1.2", gnutls12)
tap.case("nss resumes TLS 1.2", nss12)
tap.case("go resumes TLS 1.2", go_resumes, "X25519", False, "1.2")
tap.case("gnutls sends early data", gnutls_early)
tap.case("nss resumes", nss_resumes)
tap.case("nss sends early data", nss_early)
tap.case("go resumes", go_resumes, "X25519", False)
tap.case("go resumes after a HelloRetryRequest", go_resumes, "P-384", True)
for version_ in ("1.3", "1.2"):
    tap.case(f"python resumes TLS {version_}", python_resumes, version_)
tap.case("curl resumes", curl_resumes)

must_be_built()
tap.main()
