"""The conversations that every peer must hold with Handfast, in both roles, as far as it can.

A file test_PEER.py calls everything(peer) and adds what only that peer can do. Rows are pruned: each suite
meets each group, but the kinds of certificate rotate through that product instead of multiplying it.
"""
import itertools
import sys

import keylog
import tap
from facts import HYBRID
from peer_handfast import Handfast, must_be_built
from peers import PKI, Options, refuse, succeed, went_well, with_defaults
from pki import SIGNATURES
from process import scratch
from relay import Relay, pieces

OURS = Handfast()
# The chains of pki.py are signed with these, whatever the leaf's key is.
CHAIN_SCHEMES = ["ecdsa_secp256r1_sha256", "rsa_pkcs1_sha256"]
PSK = ("visitor", "00112233445566778899aabbccddeeff")


def main(peer):
    """Runs the registered tests, or skips the file when the peer is not there."""
    reason = peer.missing()
    if reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(0)
    must_be_built()
    tap.main()


def everything(peer):
    """Registers all of the below in both roles."""
    for server, client in pairs(peer):
        for part in (suites_and_groups, signatures, certificates, retries, mutual, protocols, versions,
                     mismatches, exporters, segments):
            part(server, client, peer)
    if peer.connects:
        names_served(peer)
    if peer.connects and peer is not OURS:
        bad_servers_seen(peer)
    if peer.serves:
        bad_servers(peer)


def pairs(peer):
    """(server, client), ours being one of them."""
    if peer is OURS:
        return [(OURS, OURS)]
    return ([(OURS, peer)] if peer.connects else []) + ([(peer, OURS)] if peer.serves else [])


def both(peer, what, function):
    """function(server, client) in both roles."""
    for server, client in pairs(peer):
        case(server, client, what, function, server, client)


def case(server, client, what, function, *arguments):
    tap.case(f"{server.name} serves {client.name}: {what}", function, *arguments)


def good(server, client, what, server_options, client_options, **wanted):
    case(server, client, what, lambda: succeed(server, server_options, client, client_options, **wanted))


def bad(server, client, what, server_options, client_options, **wanted):
    case(server, client, what, lambda: refuse(server, server_options, client, client_options, **wanted))


# ---- what goes well ----


def suites_and_groups(server, client, peer):
    kinds = itertools.cycle([peer.steady_kind] if peer.steady_kind else peer.kinds)
    for group in peer.groups:
        for suite in peer.suites:
            kind = next(kinds)
            one = Options(groups=[group], suites=[suite] if peer.picks_suites else None)
            ours = Options(groups=[group], suites=[suite])
            offers = (ours, one) if server is OURS else (one, ours)
            offers[0].identity = PKI.server[kind]
            good(server, client, f"{group}, {suite}, {kind}", *offers, group=group, suite=suite, retried=False,
                 signature=SIGNATURES[kind][0])


def signatures(server, client, peer):
    for kind in peer.kinds:
        for scheme in SIGNATURES[kind]:
            accepted = list(dict.fromkeys([scheme, *CHAIN_SCHEMES]))
            asked = Options(sigalgs=accepted if client is OURS or peer.picks_sigalgs else None)
            shown = Options(identity=PKI.server[kind], sigalgs=accepted if server is OURS else None)
            good(server, client, f"signs with {scheme}", shown, asked, signature=scheme,
                 chain=(1 if kind in ("rsa", "rsapss") else 2) + (server is peer and peer.sends_root))


def certificates(server, client, peer):
    """A message of 30 kB runs over several records."""
    good(server, client, "a certificate longer than a record", Options(identity=PKI.long), Options(),
         signature="ecdsa_secp256r1_sha256")
    if server is not peer or peer.staples:
        good(server, client, "OCSP staple", Options(ocsp=PKI.ocsp), Options(), stapled=True)


def retries(server, client, peer):
    for group in peer.groups:
        if client is peer and group in peer.always_shares:
            continue
        other = "x25519" if group != "x25519" else "secp256r1"
        good(server, client, f"HelloRetryRequest for {group}",
             Options(groups=[group], identity=PKI.server["rsa"]),
             Options(groups=[other, group], shares=[other]), group=group, retried=True)
    if client is OURS:
        good(server, client, "HelloRetryRequest to a client that sent no share", Options(groups=["secp384r1"]),
             Options(groups=["x25519", "secp384r1"], shares=[]), group="secp384r1", retried=True)
    else:
        if peer.bare_cookie:
            good(server, client, "HelloRetryRequest with a cookie although the share fits", Options(cookie=True),
                 Options(groups=["x25519"]), group="x25519", retried=True)
        good(server, client, "HelloRetryRequest with a cookie and a group",
             Options(cookie=True, groups=["secp384r1"], identity=PKI.server["rsa"]),
             Options(groups=["x25519", "secp384r1"], shares=["x25519"]), group="secp384r1", retried=True)


def mutual(server, client, peer):
    for kind in peer.kinds:
        good(server, client, f"client shows {kind}", Options(client_auth="require"),
             Options(identity=PKI.client[kind]), client_certificate=True, client_signature=SIGNATURES[kind][0])
    good(server, client, "client may show a certificate and does", Options(client_auth="request"),
         Options(identity=PKI.client["p256"]), client_certificate=True)
    good(server, client, "client may show a certificate and does not", Options(client_auth="request"), Options(),
         client_certificate=False, client_signature="")
    good(server, client, "client is not asked for the certificate it has", Options(),
         Options(identity=PKI.client["p256"]), client_certificate=False, client_signature="")
    good(server, client, "client shows a certificate after HelloRetryRequest",
         Options(client_auth="require", groups=["secp384r1"], identity=PKI.server["rsa"]),
         Options(identity=PKI.client["rsa"], groups=["x25519", "secp384r1"], shares=["x25519"]),
         client_certificate=True, retried=True)
    missing = peer.says("no certificate", server, "certificate_required")
    bad(server, client, "client lacks the certificate that is required", Options(client_auth="require"),
        Options(), by="server", alert=missing, error="CERTIFICATE_REQUIRED")
    if server is OURS and peer.shows_unwanted:
        bad(server, client, "client's authority is unknown", Options(client_auth="require"),
            Options(identity=PKI.stranger_client), by="server", alert="unknown_ca",
            error="CERTIFICATE_UNKNOWN_CA")
    if client is OURS:
        bad(server, client, "client has a certificate, but of no authority that was asked for",
            Options(client_auth="require"), Options(identity=PKI.stranger_client), by="server",
            alert=missing, error="CERTIFICATE_REQUIRED")
    if server is OURS and peer.shows_expired:  # our client refuses to start with such a certificate
        bad(server, client, "client's certificate has expired", Options(client_auth="require"),
            Options(identity=PKI.expired_client), by="server", alert="certificate_expired",
            error="CERTIFICATE_EXPIRED")


def protocols(server, client, peer):
    mine, other = ("http/1.1", "h2")
    if peer.alpn:
        good(server, client, "ALPN, one in common", Options(alpn=[mine]), Options(alpn=[other, mine]),
             alpn=mine)
        good(server, client, "ALPN, only the server has it", Options(alpn=[mine]), Options(), alpn="")
        good(server, client, "ALPN, only the client has it", Options(), Options(alpn=[mine]), alpn="")
        bad(server, client, "ALPN, none in common", Options(alpn=["one", "two"]), Options(alpn=["three"]),
            by="server", alert="no_application_protocol", error="NO_APPLICATION_PROTOCOL")


def versions(server, client, peer):
    if peer is OURS:
        return
    good(server, client, "all versions that each has", Options(version=None), Options(version=None))
    bad(server, client, "no common version",
        Options(version="1.2" if server is peer else "1.3", identity=PKI.server["rsa"]),
        Options(version="1.2" if client is peer else "1.3"), by="server",
        alert=peer.says("version", server, "protocol_version"), error="NO_COMMON_VERSION")


def mismatches(server, client, peer):
    alert = peer.says("mismatch", server, "handshake_failure")
    if peer.picks_suites:
        bad(server, client, "no common suite", Options(suites=["TLS_AES_128_GCM_SHA256"]),
            Options(suites=["TLS_AES_256_GCM_SHA384"]), by="server", alert=alert, error="NO_COMMON_SUITE")
    bad(server, client, "no common group", Options(groups=["secp384r1"], identity=PKI.server["rsa"]),
        Options(groups=["x25519"]), by="server", alert=alert, error="NO_COMMON_GROUP")
    if client is OURS or peer.picks_sigalgs:
        bad(server, client, "no common signature algorithm", Options(identity=PKI.server["rsa"]),
            Options(sigalgs=["ecdsa_secp256r1_sha256"]), by="server",
            alert=peer.says("signature", server, alert), error="NO_COMMON_SIGNATURE")


def exporters(server, client, peer):
    """The peer's keying material must follow from the exporter secret in our key log."""
    def judge():
        path = scratch("keys")
        options = {server: Options(), client: Options()}
        options[OURS].keylog, options[peer].exporter = str(path), "EXPORTER-handfast-test"
        served, connected = succeed(server, options[server], client, options[client])
        exported = (served if server is peer else connected).exported
        secret = keylog.read(path)["EXPORTER_SECRET"][1]
        tap.equal(exported, keylog.export(secret, "EXPORTER-handfast-test"), "keying material")

    if ("server" if server is peer else "client") in peer.exports_as:
        case(server, client, "exporter", judge)


def segments(server, client, peer):
    """Every byte in a segment of its own, with HelloRetryRequest and certificates of both."""
    def judge():
        served = server.serve(with_defaults(
            Options(groups=["secp384r1"], client_auth="require", identity=PKI.server["rsa"]), True))
        with Relay(served.port, pieces(1)) as relay:
            options = Options(groups=["x25519", "secp384r1"], shares=["x25519"], identity=PKI.client["p256"])
            connected = client.connect(relay.port, with_defaults(options, False))
            connected.finish()
            served.finish()
        went_well(served, connected, retried=True, group="secp384r1", client_certificate=True)

    case(server, client, "byte by byte", judge)


# ---- names and certificates ----


def names_served(peer):
    """Which certificate our server shows."""
    two = {"identity": PKI.server["p256"], "more_identities": [PKI.second_name]}
    for name, scheme in (("localhost", "ecdsa_secp256r1_sha256"), ("second.test", "ecdsa_secp384r1_sha384"),
                         ("x.wild.test", "ecdsa_secp256r1_sha256")):
        good(OURS, peer, f"SNI {name}", Options(**two), Options(sni=name), sni=name, signature=scheme)
    if peer.picks_sigalgs:
        both = {"identity": PKI.server["p256"], "more_identities": [PKI.server["rsa"]]}
        for scheme in ("ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"):
            good(OURS, peer, f"RSA and ECDSA side by side, client knows {scheme}", Options(**both),
                 Options(sigalgs=list(dict.fromkeys([scheme, "rsa_pkcs1_sha256"]))), signature=scheme)
    bad(OURS, peer, "SNI unknown to a strict server", Options(extra=["--strict-sni"], **two),
        Options(sni="nobody.test"), by="server", alert="unrecognized_name", error="UNRECOGNIZED_NAME")


def bad_servers_seen(peer):
    """Our server with certificates that the peer must not believe."""
    for what, identity, alert in (("unknown authority", PKI.stranger, "unknown_ca"),
                                  ("expired", PKI.expired, "certificate_expired"),
                                  ("wrong name", PKI.wrong_name, "bad_certificate")):
        extra = ["--allow-expired"] if what == "expired" else []
        bad(OURS, peer, f"server's certificate: {what}", Options(identity=identity, extra=extra), Options(),
            by="client", alert=peer.says(what, peer, alert))


def bad_servers(peer):
    """The peer with certificates that our client must not believe."""
    for what, identity, alert, error in (
            ("unknown authority", PKI.stranger, "unknown_ca", "CERTIFICATE_UNKNOWN_CA"),
            ("expired", PKI.expired, "certificate_expired", "CERTIFICATE_EXPIRED"),
            ("not valid yet", PKI.not_yet, "certificate_expired", "CERTIFICATE_NOT_YET_VALID"),
            ("wrong name", PKI.wrong_name, "bad_certificate", "CERTIFICATE_NAME"),
            ("for clients only", PKI.client["p256"], "unsupported_certificate", "CERTIFICATE_PURPOSE")):
        extra = ["--allow-expired"] if peer is OURS else []
        bad(peer, OURS, f"server's certificate: {what}", Options(identity=identity, extra=extra), Options(),
            by="client", alert=alert, error=error)


def hybrid(peer):
    """X25519MLKEM768 with a peer that has it."""
    for server, client in pairs(peer):
        for suite in peer.suites if peer.picks_suites else [None]:
            good(server, client, f"default offers meet at X25519MLKEM768 {suite or ''}".rstrip(), Options(),
                 Options(suites=[suite] if suite else None), group=HYBRID, retried=False)
        if client is OURS or HYBRID not in peer.always_shares:
            good(server, client, "HelloRetryRequest for X25519MLKEM768", Options(groups=[HYBRID]),
                 Options(groups=["x25519", HYBRID], shares=["x25519"]), group=HYBRID, retried=True)
        good(server, client, "HelloRetryRequest away from X25519MLKEM768", Options(groups=["secp384r1"]),
             Options(groups=[HYBRID, "secp384r1"], shares=[HYBRID]), group="secp384r1", retried=True)
