#!/usr/bin/env python3
"""Headless Chromium loads our server's page. What was negotiated is told by the page itself, by our log and
by the browser's own."""
import html
import re

import keylog
import tap
from facts import HYBRID
from isolate import isolate
from matrix import OURS, case, good, main
from peer_chromium import Chromium
from peers import PKI, Options, meet, succeed, with_sessions
from process import scratch

PEER = Chromium()


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page.decode(errors="replace")))


def post_quantum(kind, signature):
    """The newest that both have, without any setting."""
    served, browser = succeed(OURS, Options(identity=PKI.server[kind]), PEER, Options(), group=HYBRID,
                              signature=signature, sni="localhost", retried=False)
    page = text_of(browser.received)
    for fact in ("TLS 1.3", "X25519MLKEM768", served.facts.suite, signature, "localhost"):
        tap.contains(page, fact, "the page tells the connection's facts")


def compressed(method):
    """Chromium takes brotli."""
    served, _ = succeed(OURS, Options(compression=[method], identity=PKI.server["rsa"]), PEER, Options())
    tap.equal(served.facts.compression, method, "compression of the certificate")


def untrusted():
    served, browser = meet(OURS, Options(identity=PKI.stranger), PEER, Options())

    def judge():
        tap.equal(served.facts.alert_received, "certificate_unknown")
        tap.equal(served.facts.error, "ALERT_RECEIVED")
        tap.absent(text_of(browser.received), "TLS_", "a page came although nobody vouches for it")
    with_sessions(served, browser, judge)


def same_secrets():
    ours, theirs = scratch("keys"), scratch("keys")
    succeed(OURS, Options(keylog=str(ours)), PEER, Options(keylog=str(theirs)), group=HYBRID)
    mine = ours.read_text(encoding="ascii").split("\n")
    other = keylog.read(theirs)
    tap.true(len(other) >= 4, "the browser's key log is short")
    for label in set(keylog.LABELS) & set(other):
        tap.true(f"{label} {' '.join(other[label])}" in [line.lower().replace(label.lower(), label) for line in mine],
                 f"{label} differs")


isolate()
case(OURS, PEER, "page over X25519MLKEM768, ECDSA", post_quantum, "p256", "ecdsa_secp256r1_sha256")
case(OURS, PEER, "page over X25519MLKEM768, RSA", post_quantum, "rsa", "rsa_pss_rsae_sha256")
for group in ("x25519", "secp256r1", "secp384r1"):
    good(OURS, PEER, f"page over {group}", Options(groups=[group]), Options(), group=group,
         retried=group != "x25519")
good(OURS, PEER, "HelloRetryRequest with a cookie", Options(cookie=True), Options(), group=HYBRID, retried=True)
good(OURS, PEER, "ALPN", Options(alpn=["http/1.1"]), Options(), alpn="http/1.1")
case(OURS, PEER, "certificate compressed with brotli", compressed, "brotli")
case(OURS, PEER, "server's authority is unknown", untrusted)
case(OURS, PEER, "both key logs agree", same_secrets)
main(PEER)
