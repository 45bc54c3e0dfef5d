#!/usr/bin/env python3
"""Handfast with itself, over real sockets: what few or no peers can do."""
import tap
from matrix import OURS, PSK, case, everything, good, hybrid, main
from peers import PKI, Options, succeed


def record_limits(server_limit, client_limit):
    served, connected = succeed(OURS, Options(record_limit=server_limit), OURS, Options(record_limit=client_limit))
    tap.equal(served.facts.peer_limit, client_limit or 0, "the limit that our server was told")
    # A server answers only an offer (RFC 8449, 4).
    tap.equal(connected.facts.peer_limit, (server_limit or 16385) if client_limit else 0,
              "the limit that our client was told")


everything(OURS)
hybrid(OURS)
for method in ("zlib", "brotli", "zstd"):
    good(OURS, OURS, f"certificate compressed with {method}",
         Options(compression=[method], identity=PKI.server["rsa"]), Options(compression=["brotli", "zlib", "zstd"]),
         compression=method)
good(OURS, OURS, "certificate compression, only the server has it", Options(compression=["zlib"]), Options(),
     compression="")
good(OURS, OURS, "certificate compression, nothing in common", Options(compression=["zlib"]),
     Options(compression=["zstd"]), compression="")
good(OURS, OURS, "a certificate longer than a record, compressed",
     Options(compression=["zstd"], identity=PKI.long), Options(compression=["zstd"]), compression="zstd")
for limits in ((None, None), (64, None), (None, 64), (64, 64), (16385, 1000), (1000, 16385)):
    case(OURS, OURS, f"record_size_limit {limits[0]} and {limits[1]}", record_limits, *limits)
for padding in ("1", "255", "16384"):
    extra = ["--padding", padding]
    good(OURS, OURS, f"padding to {padding}", Options(extra=extra), Options(extra=extra))
good(OURS, OURS, "external PSK of SHA-384", Options(psk=PSK, extra=["--psk-hash", "384"]),
     Options(psk=PSK, extra=["--psk-hash", "384"]), psk=True, suite="TLS_AES_256_GCM_SHA384")
for suite in ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
    good(OURS, OURS, f"external PSK imported, {suite}", Options(psk=PSK, psk_imported=True, suites=[suite]),
         Options(psk=PSK, psk_imported=True), psk=True, suite=suite)
good(OURS, OURS, "no GREASE", Options(), Options(extra=["--no-grease"]))
main(OURS)
