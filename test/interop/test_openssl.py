#!/usr/bin/env python3
"""Handfast with openssl s_client and s_server."""
import re
import time

import keylog
import tap
from facts import SUITES
from matrix import OURS, PSK, both, case, everything, good, main
from peer_openssl import OpenSSL
from peers import PKI, Options, chat, refuse, succeed, went_well, with_defaults
from process import bytes_when, scratch
from relay import Relay, without_change_cipher_spec

PEER = OpenSSL()


# ---- key updates, in the middle of a conversation ----


def key_updates_asked_by_client():
    """K asks for our update as well, k does not."""
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    connected = PEER.connect(served.port, with_defaults(Options(), False), interactive=True)
    echo(connected, [b"first", b"K", b"second", b"k", b"third", b"K", b"fourth"])
    connected.process.close()
    finish(served, connected)
    tap.equal((connected.facts.updates_sent, connected.facts.updates_received), (3, 2), "openssl's key updates")
    tap.equal((served.facts.updates_received, served.facts.updates_sent), (3, 2), "our key updates")


def key_updates_asked_by_server():
    served = PEER.serve(with_defaults(Options(), True), interactive=True)
    connected = OURS.connect(served.port, with_defaults(Options(), False), interactive=True)
    chat(served, connected, [b"hello from s_server", b"K", b"second", b"k", b"third"],
         [b"hello from us", b"again from us"])
    went_well(served, connected)
    tap.equal((served.facts.updates_sent, served.facts.updates_received), (2, 1), "openssl's key updates")


def echo(connected, lines):
    """Sends each line and waits until it has come back; single letters are commands."""
    for line in lines:
        connected.process.send(line + b"\n")
        if len(line) > 1:
            connected.process.wait_for(re.escape(line.decode()))
        else:
            time.sleep(0.05)  # letters are commands only at the start of what is read at once


def finish(served, connected, **wanted):
    connected.finish()
    served.finish()
    went_well(served, connected, **wanted)


# ---- pre-shared keys from outside ----


def psk(server, client):
    wanted = {"psk": True, "signature": "", "suite": SUITES[0]}
    succeed(server, Options(psk=PSK), client, Options(psk=PSK), **wanted)


def psk_with_retry(server, client):
    succeed(server, Options(psk=PSK, groups=["secp384r1"]), client,
             Options(psk=PSK, groups=["x25519", "secp384r1"], shares=["x25519"]), psk=True, retried=True,
             group="secp384r1")


def psk_unknown_but_certificate(server, client):
    """The server does not know the key's name and shows its certificate instead."""
    theirs = Options(psk=("somebody", PSK[1]), identity=PKI.server["p256"])
    succeed(server, theirs, client, Options(psk=PSK), psk=False, signature="ecdsa_secp256r1_sha256")


def psk_wrong_key():
    refuse(OURS, with_defaults(Options(psk=PSK), True), PEER, Options(psk=(PSK[0], "ff" * 16)), by="server",
           alert="decrypt_error", error="PSK_BINDER")


def psk_unknown():
    refuse(OURS, Options(psk=PSK), PEER, Options(psk=("nobody", PSK[1])), by="server",
           alert="unknown_psk_identity", error="PSK_UNKNOWN")


# ---- secrets ----


def same_secrets(server, client):
    """Both ends' key logs hold the same secrets."""
    ours, theirs = scratch("keys"), scratch("keys")
    options = {server: Options(), client: Options()}
    options[OURS].keylog, options[PEER].keylog = str(ours), str(theirs)
    succeed(server, options[server], client, options[client])
    mine, other = keylog.read(ours), keylog.read(theirs)
    tap.equal(sorted(mine), sorted(keylog.LABELS), "labels of our key log")
    for label in keylog.LABELS:
        tap.equal(mine[label], other[label], label)


# ---- bytes on the way ----


def cookie():
    """s_server's stateless retry takes no change_cipher_spec between the hellos, so it is left out."""
    served = PEER.serve(with_defaults(Options(cookie=True), True), interactive=True)
    with Relay(served.port, without_change_cipher_spec) as relay:
        connected = OURS.connect(relay.port, with_defaults(Options(), False), interactive=True)
        chat(served, connected, [b"hello from s_server"], [b"hello from us"])
        went_well(served, connected, retried=True)


def much_data():
    """4 MiB to our echo and back through s_client, sent in records of every size up to the largest."""
    data = bytes(range(256)) * (4 << 12)
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    options = Options(extra=["-nocommands", "-quiet"])
    connected = PEER.connect(served.port, with_defaults(options, False), interactive=True)
    connected.process.send(data)
    back = bytes_when(connected.process.out_path, len(data))
    tap.true(back == data, "what came back is not what was sent")
    connected.process.stop()


def small_records():
    """s_server sends its page in records of 512 bytes, some padded."""
    for extra in (["-max_send_frag", "512"], ["-record_padding", "1000"]):
        succeed(PEER, Options(extra=extra), OURS, Options())
        succeed(OURS, Options(), PEER, Options(extra=extra))


# ---- the rest ----


def after_handshake():
    """s_server asks for a certificate in the middle of the conversation."""
    asking = Options(extra=["-verify", "3", "-CAfile", PKI.ca])
    served = PEER.serve(with_defaults(asking, True), interactive=True)
    options = Options(identity=PKI.client["p256"], extra=["--post-auth"])
    connected = OURS.connect(served.port, with_defaults(options, False), interactive=True)
    chat(served, connected, [b"hello from s_server", b"c", b"and after"], [b"hello from us"])
    went_well(served, connected)
    tap.equal(served.facts.client_signature, "ecdsa_secp256r1_sha256")


# ---- certificates of clients ----


def empty_list_of_authorities():
    """s_server -no_ca_names sends a list without a name, which RFC 9846, 4.3.4 does not allow."""
    refuse(PEER, Options(client_auth="request", extra=["-no_ca_names"]), OURS, Options(), by="client",
           alert="decode_error", error="DECODE_EXTENSION")


def algorithms_asked(scheme, kind):
    """Our client signs as it is asked to."""
    succeed(PEER, Options(client_auth="require", extra=["-client_sigalgs", scheme]), OURS,
            Options(identity=PKI.client[kind]), client_certificate=True, client_signature=scheme)


def algorithms_that_do_not_fit():
    """... and shows nothing when its key cannot."""
    extra = ["-client_sigalgs", "ecdsa_secp256r1_sha256"]
    succeed(PEER, Options(client_auth="request", extra=extra), OURS, Options(identity=PKI.client["rsa"]),
            client_certificate=False)


# ---- bad ends ----


def cut_by_server():
    """s_server's Q closes the socket without close_notify: our pipe must not pass that for the end."""
    served = PEER.serve(with_defaults(Options(), True), interactive=True)
    connected = OURS.connect(served.port, with_defaults(Options(), False), interactive=True)
    connected.process.send(b"hello\n")
    served.process.wait_for("^hello$")
    served.process.send(b"Q\n")
    connected.finish()
    tap.true(connected.status != 0, f"exit code 0\n{connected}")
    tap.contains(connected.process.err().decode(), "without close_notify")
    served.finish()


def cut_by_client():
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    connected = PEER.connect(served.port, with_defaults(Options(), False), interactive=True)
    connected.process.send(b"hello\n")
    connected.process.wait_for("^hello$")
    connected.process.process.kill()
    served.finish()
    tap.equal(served.facts.error, "TRUNCATED", str(served))


everything(PEER)
for row in ((OURS, PEER), (PEER, OURS)):
    good(*row, "no middlebox compatibility", Options(middlebox=False), Options(middlebox=False))
    good(*row, "no SNI", Options(), Options(sni=None), sni="")
case(OURS, PEER, "key updates, asked and unasked", key_updates_asked_by_client)
case(PEER, OURS, "key updates, asked and unasked", key_updates_asked_by_server)
both(PEER, "external PSK", psk)
both(PEER, "external PSK after HelloRetryRequest", psk_with_retry)
both(PEER, "external PSK unknown, certificate instead", psk_unknown_but_certificate)
case(OURS, PEER, "external PSK with another key", psk_wrong_key)
case(OURS, PEER, "external PSK unknown, no certificate", psk_unknown)
both(PEER, "both key logs agree", same_secrets)
case(PEER, OURS, "HelloRetryRequest with a cookie", cookie)
case(OURS, PEER, "4 MiB echoed", much_data)
case(OURS, PEER, "small and padded records, both ways", small_records)
case(PEER, OURS, "empty list of authorities", empty_list_of_authorities)
for scheme, kind in (("rsa_pss_rsae_sha512", "rsa"), ("rsa_pss_pss_sha384", "rsapss"), ("ed448", "ed448")):
    case(PEER, OURS, f"client is asked to sign with {scheme}", algorithms_asked, scheme, kind)
case(PEER, OURS, "client is asked to sign with what its key cannot", algorithms_that_do_not_fit)
good(PEER, OURS, "20 tickets", Options(extra=["-num_tickets", "20"]), Options())
good(OURS, PEER, "extensions that nobody knows", Options(), Options(extra=["-serverinfo", "60000,65000"]))
good(OURS, PEER, "max_fragment_length", Options(), Options(extra=["-maxfraglen", "512"]))
good(OURS, PEER, "ALPN with 1500 protocols", Options(alpn=["number-1499"]),
     Options(alpn=[f"number-{n}" for n in range(1500)]), alpn="number-1499")
case(PEER, OURS, "connection cut without close_notify", cut_by_server)
case(OURS, PEER, "connection cut without close_notify", cut_by_client)
case(PEER, OURS, "certificate asked for after the handshake", after_handshake)
main(PEER)
