#!/usr/bin/env python3
"""TLS 1.2 sessions of our server, resumed by other clients: by ticket (RFC 5077) and, where a client takes none, by
identifier (RFC 5246, 7.3); with clients that show a certificate, and with those that leave extended_master_secret
away, whose sessions are not for resuming (RFC 7627, 5.3)."""
import tap
from peer_gnutls import GnuTLS
from peer_handfast import Handfast, connections, must_be_built
from peer_nss import NSS
from peer_openssl import OpenSSL
from peers import PKI, Options, with_defaults
from process import Process

GNUTLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"


def serve(**options):
    return Handfast().serve(with_defaults(Options(version="1.2", **options), True))


def must_resume(told, mutual=False):
    tap.equal([line["resumed"] for line in told], [False] + [True] * (len(told) - 1), told)
    tap.equal({(line["version"], line["connected"], line["client_certificate"]) for line in told},
              {("TLS 1.2", True, mutual)}, told)


def run(command, text=b""):
    process = Process(command, stdin=text)
    code = process.finish(60)
    tap.equal(code, 0, process)
    return process.text()


def openssl(flags, mutual):
    missing = OpenSSL().missing()
    if missing:
        tap.skip(missing)
    server = serve(client_auth="require" if mutual else "none")
    client = PKI.client["p256"]
    shown = ["-cert", client.leaf, "-key", client.key, "-cert_chain", client.rest] if mutual else []
    said = run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-CAfile", PKI.ca,
                "-servername", "localhost", "-reconnect", *shown, *flags], b"Q\n")
    tap.equal(said.count("Reused, TLSv1.2"), 5, said)
    must_resume(connections(server, 6), mutual)


def gnutls(priority, mutual, resumed=True):
    missing = GnuTLS().missing()
    if missing:
        tap.skip(missing)
    server = serve(client_auth="require" if mutual else "none")
    client = PKI.client["p256"]
    shown = ["--x509certfile", client.cert, "--x509keyfile", client.key] if mutual else []
    said = run(["gnutls-cli", "-p", str(server.port), "--x509cafile", PKI.ca, "--sni-hostname", "localhost",
                "--verify-hostname", "localhost", "--priority", GNUTLS12 + priority, "--resume", *shown, "127.0.0.1"])
    tap.equal("This is a resumed session" in said, resumed, said)
    told = connections(server, 2)
    if resumed:
        must_resume(told, mutual)
    else:
        tap.equal([line["resumed"] for line in told], [False, False], told)


def nss(flags):
    missing = NSS().missing()
    if missing:
        tap.skip(missing)
    server = serve()
    session = NSS().connect(server.port, with_defaults(Options(version="1.2", extra=["-L", "3", *flags]), False))
    tap.equal(session.process.finish(60), 0, session.process)
    must_resume(connections(server, 3))


for mutual_ in (False, True):
    also_ = ", and the client is known" if mutual_ else ""
    tap.case(f"openssl, by ticket{also_}", openssl, [], mutual_)
    tap.case(f"openssl, by identifier{also_}", openssl, ["-no_ticket"], mutual_)
    tap.case(f"gnutls, by ticket{also_}", gnutls, "", mutual_)
    tap.case(f"gnutls, by identifier{also_}", gnutls, ":%NO_TICKETS", mutual_)
tap.case("gnutls without extended_master_secret", gnutls, ":%NO_SESSION_HASH", False, False)
tap.case("nss, by ticket", nss, ["-u"])
tap.case("nss, by identifier", nss, [])

must_be_built()
tap.main()
