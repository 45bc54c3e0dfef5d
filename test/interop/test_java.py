#!/usr/bin/env python3
"""Handfast with Java's JSSE. A virtual machine takes half a second to start, so only rows are run that the
other peers do not have in this form, and those of TLS 1.2 share one; JSSE ends every connection with
user_canceled and close_notify."""
import tap
from matrix import OURS, case, good, bad, main
from peer_handfast import connections
from peer_java import Java
from peers import PKI, Options, went_well, with_defaults
from pki import SIGNATURES

PEER = Java()
SUITES12 = [f"TLS_ECDHE_{kind}_WITH_{cipher}" for kind in ("ECDSA", "RSA")
            for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")]


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


# ---- TLS 1.2: every suite, with the certificate of its kind, and with or without the client's ----


def both_kinds12():
    return with_defaults(Options(version="1.2", identity=PKI.server["p256"], more_identities=[PKI.server["rsa"]],
                                 client_auth="request"), True)


def turns12():
    """(suite, what the client shows)"""
    return [(suite, identity) for identity in (None, PKI.client["p256"], PKI.client["rsa"]) for suite in SUITES12]


def judge12(ours, java):
    """ours: members of our JSON; java: what the other end told; for each connection."""
    wanted = [(suite, identity is not None) for suite, identity in turns12()]
    tap.equal([(told["cipher_suite"], told["client_certificate"]) for told in ours], wanted)
    tap.equal([turn["suite"] for turn in java], [suite for suite, _ in wanted])
    tap.equal({(told["version"], told["resumed"]) for told in ours}, {("TLS 1.2", False)})
    tap.equal({turn["version"] for turn in java}, {"TLSv1.2"})


def served12():
    served = OURS.serve(both_kinds12())
    (first, _), *others = turns12()
    more = [[f"suites={suite}", *([f"p12={identity.p12}"] if identity else [])] for suite, identity in others]
    connected = PEER.connect(served.port, with_defaults(Options(version="1.2", suites=[first]), False), more=more)
    connected.finish()
    ours = connections(served, len(turns12()))
    tap.equal(connected.status, 0, f"{connected}\n{served}")
    judge12(ours, connected.turns)
    tap.equal({turn["chain"] != "0" and turn["received"] != "0" for turn in connected.turns}, {True}, connected)


def connected12():
    served = PEER.serve(both_kinds12(), more=len(turns12()) - 1)
    ours = []
    for suite, identity in turns12():
        connected = OURS.connect(served.port, with_defaults(
            Options(version="1.2", suites=[suite], identity=identity), False))
        connected.finish()
        tap.equal((connected.status, connected.received), (0, b"from Java\n"), f"{connected}\n{served}")
        ours.append(connected.told["connection"])
    served.finish()
    tap.equal(served.status, 0, served)
    judge12(ours, served.turns)
    tap.equal([turn["chain"] != "0" for turn in served.turns], [identity is not None for _, identity in turns12()])


for row in ((OURS, PEER), (PEER, OURS)):
    rows(*row)
case(OURS, PEER, "key updates in the middle of much data", key_updates)
case(OURS, PEER, "TLS 1.2, all suites, ECDSA and RSA, with and without the client's certificate", served12)
case(PEER, OURS, "TLS 1.2, all suites, ECDSA and RSA, with and without the client's certificate", connected12)
main(PEER)
