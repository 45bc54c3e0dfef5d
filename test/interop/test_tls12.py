#!/usr/bin/env python3
"""TLS 1.2 with every peer that is here, in both roles: suites, groups, kinds of certificate, both ends'
certificates, ALPN, names, staples, key logs, and what is refused."""
import tap
from matrix import OURS, case
from peer_gnutls import GnuTLS
from peer_go import Go
from peer_handfast import must_be_built
from peer_nss import NSS
from peer_openssl import OpenSSL
from peers import PKI, Options, meet
from process import scratch

ECDSA = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
         "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"]
RSA = [suite.replace("ECDSA", "RSA") for suite in ECDSA]
GROUPS = ["x25519", "secp256r1", "secp384r1", "secp521r1"]
# Which kinds of certificate a peer can be in TLS 1.2.
KINDS = {"openssl": ["rsa", "rsapss", "p256", "p384", "p521", "ed25519", "ed448"],
         "gnutls": ["rsa", "rsapss", "p256", "p384", "p521", "ed25519"],
         "go": ["rsa", "p256", "p384", "ed25519"], "nss": ["rsa", "p256", "p384"],
         "handfast": ["rsa", "rsapss", "p256", "p384", "p521", "ed25519", "ed448"]}


def old(**members):
    return Options(version="1.2", **members)


def told(served, connected):
    """What our end says of the connection, and how it ended."""
    ours = served if served.peer is OURS else connected
    return ours.told.get("connection") or ours.told, ours.told.get("error")


def good(server, client, server_options, client_options, **wanted):
    """They meet and agree; wanted: members of our JSON."""
    served, connected = meet(server, server_options, client, client_options)
    what, error = told(served, connected)
    where = f"{served}\n{connected}"
    tap.true(error is None, f"{error}\n{where}")
    tap.equal(what.get("version"), "TLS 1.2", where)
    tap.equal(connected.status, 0, where)
    tap.true(connected.received, where)
    for name, value in wanted.items():
        tap.equal(what[name], value, f"{name}: {where}")
    return served, connected


def bad(server, client, server_options, client_options, error):
    served, connected = meet(server, server_options, client, client_options)
    said = [session.told["error"]["name"] for session in (served, connected)
            if session.peer is OURS and session.told.get("error")]
    tap.true(error in said, f"{said} instead of {error}\n{served}\n{connected}")


def suites(server, client):
    """Ours names one suite and one group; the certificate is of the kind that the suite wants."""
    for suites_of, kind in ((ECDSA, "p256"), (RSA, "rsa")):
        for number, suite in enumerate(suites_of):
            group = GROUPS[number]
            # RFC 8422, 5.1: the groups of a client are those of certificates too.
            ours = {"suites": [suite], "groups": list(dict.fromkeys([group, "secp256r1"]))}
            shown = {"identity": PKI.server[kind]}
            good(server, client, old(**shown, **(ours if server is OURS else {})),
                 old(**(ours if client is OURS else {})), cipher_suite=suite)


def groups(server, client):
    for group in GROUPS:
        ours = {"groups": [group]}
        good(server, client, old(identity=PKI.server["rsa"], **(ours if server is OURS else {})),
             old(**(ours if client is OURS else {})), group=group)


def certificates(server, client, kinds):
    for kind in kinds:
        good(server, client, old(identity=PKI.server[kind]), old(groups=GROUPS if client is OURS else None))
        good(server, client, old(client_auth="require"),
             old(identity=PKI.client[kind], groups=GROUPS if client is OURS else None), client_certificate=True)
    good(server, client, old(client_auth="request"), old(), client_certificate=False)
    good(server, client, old(identity=PKI.long), old())


def names(server, client):
    if server.alpn and client.alpn:
        good(server, client, old(alpn=["http/1.1"]), old(alpn=["h2", "http/1.1"]), alpn="http/1.1")
    good(server, client, old(), old(sni="name.test"), server_name="name.test")


def staple(server, client):
    served, connected = good(server, client, old(ocsp=PKI.ocsp), old())
    if connected.peer is OURS:
        tap.true(connected.told["stapled_ocsp_bytes"] > 0, str(connected))
    else:
        tap.true(connected.facts.stapled in (True, None), f"{served}\n{connected}")


def fields_and_transport(server, client):
    """What is off unless named: finite fields, and RSA key transport."""
    theirs = {"openssl": ["-cipher", "ALL:@SECLEVEL=0"], "handfast": [],
              "gnutls": ["--priority", "NORMAL:+RSA:+DHE-RSA:+VERS-TLS1.2:-VERS-TLS1.3"]}
    for suite, groups in (("TLS_RSA_WITH_AES_128_GCM_SHA256", None), ("TLS_RSA_WITH_AES_256_GCM_SHA384", None),
                          ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", ["ffdhe2048"]),
                          ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ["ffdhe3072"])):
        for shown in (None, PKI.client["p256"]):
            if groups and server.name == "openssl":
                continue  # s_server has a group of its own
            ours = {"suites": [suite], "groups": groups and [*groups, "secp256r1"]}
            options = [ours if end is OURS else {"extra": theirs[end.name]} for end in (server, client)]
            good(server, client,
                 old(identity=PKI.server["rsa"], client_auth="require" if shown else "none", **options[0]),
                 old(identity=shown, **options[1]), cipher_suite=suite, client_certificate=shown is not None)
    if server.name == "openssl":
        bad(server, client, old(identity=PKI.server["rsa"], extra=theirs["openssl"]),
            old(suites=["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], groups=["ffdhe2048"]), "DH_GROUP")


def refusals(server, client):
    if server is OURS:
        bad(server, client, old(client_auth="require"), old(), "CERTIFICATE_MISSING")
        # Most clients show only what an authority that was asked for has signed.
        bad(server, client, old(client_auth="require"), old(identity=PKI.stranger_client),
            "CERTIFICATE_UNKNOWN_CA" if client.shows_unwanted else "CERTIFICATE_MISSING")
    if client is OURS:
        bad(server, client, old(identity=PKI.stranger), old(), "CERTIFICATE_UNKNOWN_CA")
        bad(server, client, old(identity=PKI.wrong_name), old(), "CERTIFICATE_NAME")


def keys(server, client):
    """One line, under the label of RFC 9850, which every viewer knows."""
    path = scratch("keys")
    ours = {"keylog": str(path)}
    good(server, client, old(**(ours if server is OURS else {})), old(**(ours if client is OURS else {})))
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    tap.equal({(line[0], len(line[1]), len(line[2])) for line in lines}, {("CLIENT_RANDOM", 64, 96)})
    tap.equal(len({tuple(line) for line in lines}), 1, "different lines")


def weak_clients():
    """s_client with only what nobody should use any more: each is told why."""
    for ciphers, error in (("AES128-SHA:@SECLEVEL=0", "ONLY_CBC"), ("ECDHE-RSA-AES256-SHA", "ONLY_CBC"),
                           ("AES128-CCM", "NO_COMMON_SUITE")):
        client = old(extra=["-cipher", ciphers])
        bad(OURS, OpenSSL(), old(identity=PKI.server["rsa"]), client, error)


def without_ems():
    """s_client can leave extended_master_secret out: that works, unless it is required."""
    client = {"extra": ["-no_ems"]} if supports_no_ems() else None
    if client is None:
        tap.skip("this openssl has no -no_ems")
    good(OURS, OpenSSL(), old(), old(**client))


def supports_no_ems():
    import subprocess
    text = subprocess.run(["openssl", "s_client", "-help"], capture_output=True, text=True, check=False)
    return "-no_ems" in text.stdout + text.stderr


def renegotiation():
    """s_client asks for a new handshake: it is refused by name."""
    served = OURS.serve(old(identity=PKI.server["p256"]), echo=True)
    options = old(ca=PKI.ca)
    connected = OpenSSL().connect(served.port, options, interactive=True)
    connected.process.send(b"hello\n")
    connected.process.wait_for("^hello$")
    connected.process.send(b"R\n")
    connected.finish()
    served.finish()
    tap.equal(told(served, connected)[1]["name"], "RENEGOTIATION_REFUSED", str(served))


def fallback():
    """s_client falls back although both can do TLS 1.3."""
    both = Options(extra=["--tls", "1.2-1.3"], version=None)
    bad(OURS, OpenSSL(), both, old(extra=["-fallback_scsv"]), "INAPPROPRIATE_FALLBACK")
    good(OURS, OpenSSL(), old(), old(extra=["-fallback_scsv"]))
    good(OURS, OpenSSL(), both, old())


def rows(server, client, kinds):
    what = (("suites", suites), ("groups", groups), ("names and protocols", names), ("key log", keys),
            ("refusals", refusals))
    for name, function in what:
        case(server, client, f"TLS 1.2, {name}", function, server, client)
    case(server, client, "TLS 1.2, certificates", certificates, server, client, kinds)
    if {server.name, client.name} <= {"handfast", "openssl", "gnutls"}:
        case(server, client, "TLS 1.2, finite fields and key transport", fields_and_transport, server, client)


must_be_built()
for peer in (OURS, OpenSSL(), GnuTLS(), Go(), NSS()):
    if peer.missing():
        continue
    for server, client in ((OURS, peer), (peer, OURS)) if peer is not OURS else ((OURS, OURS),):
        rows(server, client, KINDS[peer.name])
        if server is OURS or server.staples:
            case(server, client, "TLS 1.2, OCSP staple", staple, server, client)
if not OpenSSL().missing():
    case(OURS, OpenSSL(), "TLS 1.2, weak suites only", weak_clients)
    case(OURS, OpenSSL(), "TLS 1.2, without extended_master_secret", without_ems)
    case(OURS, OpenSSL(), "TLS 1.2, renegotiation", renegotiation)
    case(OURS, OpenSSL(), "TLS 1.2, fallback", fallback)
tap.main()
