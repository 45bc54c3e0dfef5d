#!/usr/bin/env python3
"""Handfast with Java's JSSE. A virtual machine takes half a second to start, so only rows are run that the
other peers do not have in this form; JSSE ends every connection with user_canceled and close_notify."""
import tap
from matrix import OURS, case, good, bad, main
from peer_java import Java
from peers import PKI, Options, went_well, with_defaults
from pki import SIGNATURES

PEER = Java()


def rows(server, client):
    groups, kinds = ("x25519", "secp384r1", "ffdhe3072"), ("p256", "rsa", "rsapss")
    for suite, group, kind in zip(PEER.suites, groups, kinds):
        good(server, client, f"{group}, {suite}, {kind}",
             Options(suites=[suite], groups=[group], identity=PKI.server[kind]),
             Options(suites=[suite], groups=[group]), suite=suite, group=group, signature=SIGNATURES[kind][0])
    good(server, client, "HelloRetryRequest, mutual, ALPN",
         Options(groups=["secp521r1"], client_auth="require", alpn=["http/1.1"], identity=PKI.server["p521"]),
         Options(groups=["x25519", "secp256r1", "secp521r1"], shares=["x25519"], alpn=["h2", "http/1.1"],
                 identity=PKI.client["rsa"]),
         group="secp521r1", retried=True, alpn="http/1.1", client_certificate=True,
         client_signature="rsa_pss_rsae_sha256")
    bad(server, client, "client lacks the certificate that is required", Options(client_auth="require"),
        Options(), by="server", alert=PEER.says("no certificate", server, "certificate_required"),
        error="CERTIFICATE_REQUIRED")
    bad(server, client, "server's authority is unknown", Options(identity=PKI.stranger), Options(),
        by="client", alert=PEER.says("unknown authority", client, "unknown_ca"), error="CERTIFICATE_UNKNOWN_CA")
    bad(server, client, "ALPN, none in common", Options(alpn=["one"]), Options(alpn=["two"]), by="server",
        alert="no_application_protocol", error="NO_APPLICATION_PROTOCOL")


def key_updates():
    """Java asks for new keys every 64 KiB, in the middle of 2 MiB that go to our echo and back."""
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    options = Options(suites=["TLS_AES_128_GCM_SHA256"])
    connected = PEER.connect(served.port, with_defaults(options, False), talk="upload", size=2 << 20, key_limit=16)
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.equal(connected.told["same"], "true", "what came back is what was sent")
    tap.true(served.facts.updates_received >= 10, f"{served.facts.updates_received} key updates came")
    tap.true(served.facts.updates_sent >= 10, f"{served.facts.updates_sent} key updates were sent")


for row in ((OURS, PEER), (PEER, OURS)):
    rows(*row)
case(OURS, PEER, "key updates in the middle of much data", key_updates)
main(PEER)
