#!/usr/bin/env python3
"""curl asks our server: HTTP in its several forms, suites and groups, certificates good and bad."""
import tap
from facts import CLASSIC_GROUPS, SUITES
from matrix import OURS, bad, case, good, main
from peer_curl import Curl
from peers import PKI, Options, went_well, with_defaults

PEER = Curl()


def http(flag):
    served = OURS.serve(with_defaults(Options(alpn=["http/1.1", "http/1.0"]), True))
    connected = PEER.connect(served.port, with_defaults(Options(), False), http=flag)
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.contains(connected.received.decode(), served.facts.suite, "the page tells the connection's facts")
    tap.contains(connected.received.decode(), served.facts.group)


def keep_alive():
    """Three requests on one connection."""
    served = OURS.serve(with_defaults(Options(), True))
    more = [f"https://localhost:{served.port}/{n}" for n in (1, 2)]
    connected = PEER.connect(served.port, with_defaults(Options(extra=more), False))
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.equal(served.told["requests"], 3, "requests of the one connection")


def upload():
    """A body of 200 kB goes with the request."""
    path = tap.directory() / "body"
    path.write_bytes(b"b" * 200000)
    served = OURS.serve(with_defaults(Options(), True))
    options = Options(extra=["--data-binary", f"@{path}", "--header", "Expect:"])
    connected = PEER.connect(served.port, with_defaults(options, False))
    connected.finish()
    served.finish()
    tap.equal((connected.status, served.facts.error), (0, ""), f"{served}\n{connected}")


for suite in SUITES:
    for group in CLASSIC_GROUPS:
        good(OURS, PEER, f"{group}, {suite}", Options(groups=[group]), Options(groups=[group], suites=[suite]),
             suite=suite, group=group)
for flag in ("--http1.0", "--http1.1", "--http2"):
    case(OURS, PEER, f"page by {flag}", http, flag)
case(OURS, PEER, "three requests on a connection", keep_alive)
case(OURS, PEER, "request with a long body", upload)
good(OURS, PEER, "OCSP staple verified", Options(ocsp=PKI.ocsp), Options(extra=["--cert-status"]))
good(OURS, PEER, "mutual", Options(client_auth="require"), Options(identity=PKI.client["ed25519"]),
     client_certificate=True, client_signature="ed25519")
bad(OURS, PEER, "client lacks the certificate that is required", Options(client_auth="require"), Options(),
    by="server", alert="certificate_required", error="CERTIFICATE_REQUIRED")
bad(OURS, PEER, "server's authority is unknown", Options(identity=PKI.stranger), Options(), by="client",
    alert="unknown_ca")
bad(OURS, PEER, "server's certificate has expired", Options(identity=PKI.expired, extra=["--allow-expired"]),
    Options(), by="client", alert="certificate_expired")
main(PEER)
