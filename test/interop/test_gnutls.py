#!/usr/bin/env python3
"""Handfast with gnutls-cli and gnutls-serv."""
import tap
from matrix import OURS, PSK, both, case, everything, good, main
from peer_gnutls import GnuTLS
from peers import PKI, Options, refuse, succeed, went_well, with_defaults

PEER = GnuTLS()


def rekey():
    """gnutls-cli asks for new keys in the middle of a conversation with our echo."""
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    connected = PEER.connect(served.port, with_defaults(Options(), False), interactive=True)
    for line in (b"first", b"^rekey^", b"second", b"^rekey^", b"third"):
        connected.process.send(line + b"\n")
        connected.process.wait_for("Rekey was completed" if line == b"^rekey^" else f"^{line.decode()}$")
    connected.process.close()
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.equal((connected.facts.updates_sent, connected.facts.updates_received), (2, 2), "GnuTLS' key updates")


def psk(server, client):
    succeed(server, Options(psk=PSK), client, Options(psk=PSK), psk=True, signature="")


def psk_after_retry(server, client):
    succeed(server, Options(psk=PSK, groups=["secp384r1"]), client,
            Options(psk=PSK, groups=["x25519", "secp384r1"], shares=["x25519"]), psk=True, retried=True)


def record_limit(server, client, limit):
    """GnuTLS receives at most this much: the certificate alone needs several records then."""
    theirs, ours = Options(record_limit=limit), Options(record_limit=16385)
    options = (ours, theirs) if server is OURS else (theirs, ours)
    served, connected = succeed(server, options[0], client, options[1])
    told = (served if server is OURS else connected).facts
    tap.equal(told.peer_limit, limit, "the limit that we were told")


def our_record_limit(server, client, limit):
    theirs, ours = Options(small_records=True), Options(record_limit=limit)
    options = (ours, theirs) if server is OURS else (theirs, ours)
    served, connected = succeed(server, options[0], client, options[1])
    told = (connected if server is OURS else served).facts
    tap.equal(told.peer_limit, limit, "the limit that GnuTLS was told")


def any_authority():
    """gnutls-serv without authorities names none: our client then shows what it has, which nobody believes."""
    refuse(PEER, Options(client_auth="require", ca="/dev/null"), OURS, Options(identity=PKI.client["p256"]),
           by="server", alert="access_denied")


everything(PEER)
for row in ((OURS, PEER), (PEER, OURS)):
    good(*row, "no middlebox compatibility", Options(middlebox=False), Options(middlebox=False))
    good(*row, "no SNI", Options(), Options(sni=None), sni="")
    for size in (600, 2000, 4097):
        case(*row, f"record_size_limit {size}", record_limit, *row, size)
    for size in (64, 1000, 16385):
        case(*row, f"our record_size_limit {size}", our_record_limit, *row, size)
both(PEER, "external PSK", psk)
both(PEER, "external PSK after HelloRetryRequest", psk_after_retry)
case(OURS, PEER, "key updates", rekey)
case(PEER, OURS, "client has a certificate, any authority is asked for", any_authority)
main(PEER)
