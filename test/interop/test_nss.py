#!/usr/bin/env python3
"""Handfast with NSS' tstclnt and selfserv."""
import tap
from matrix import OURS, PSK, case, everything, good, main
from peer_nss import NSS
from peers import PKI, Options, succeed

PEER = NSS()


def psk():
    """selfserv has an option for this too, but takes no such key from anybody; tstclnt gives up when a ticket comes
    on a connection with one."""
    succeed(OURS, Options(psk=PSK, extra=["--tickets", "0"]), PEER, Options(psk=PSK), psk=True, signature="")


def record_limit(server, client, limit):
    ours = Options(record_limit=limit)
    options = (ours, Options()) if server is OURS else (Options(), ours)
    served, connected = succeed(server, options[0], client, options[1])
    told = (served if server is OURS else connected).facts
    tap.equal(told.peer_limit, 16385, "NSS' own limit")


everything(PEER)
for row in ((OURS, PEER), (PEER, OURS)):
    good(*row, "no middlebox compatibility", Options(middlebox=False), Options(middlebox=False))
    for size in (64, 500, 16385):
        case(*row, f"our record_size_limit {size}", record_limit, *row, size)
case(OURS, PEER, "external PSK", psk)
for group in ("x25519", "secp521r1"):
    good(OURS, PEER, f"ECH GREASE and more extensions, {group}",
         Options(groups=[group], identity=PKI.server["rsa"]),
         Options(groups=["x25519", "secp521r1"], extra=["-i", "100", "-U", "-B", "-G"]), group=group,
         retried=group != "x25519")
main(PEER)
