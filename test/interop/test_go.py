#!/usr/bin/env python3
"""Handfast with Go's crypto/tls: X25519MLKEM768 in both roles, much data, and one direction closed first."""
import hashlib

import keylog
import tap
from facts import HYBRID
from matrix import OURS, both, case, everything, hybrid, main
from peer_go import Go
from peers import Options, succeed, went_well, with_defaults
from process import scratch

PEER = Go()
MUCH = 8 << 20


def pattern(size):
    """The same data as pattern() of the program in Go."""
    return b"".join(hashlib.sha256(str(block).encode()).digest() for block in range(size // 32 + 1))[:size]


def upload(chunk):
    """Go sends much to our echo while it receives, closes its direction, and compares what came back."""
    served = OURS.serve(with_defaults(Options(), True), echo=True)
    size = MUCH if chunk > 1000 else 100 * chunk
    connected = PEER.connect(served.port, with_defaults(Options(), False), talk="upload", size=size, chunk=chunk)
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.equal(connected.told["received"], size)


def pipe_to_echo():
    """Our client sends much from its stdin, ends, and receives all of it again from Go's echo."""
    data = pattern(MUCH)
    served = PEER.serve(with_defaults(Options(), True), talk="echo")
    connected = OURS.connect(served.port, with_defaults(Options(), False), interactive=True)
    connected.process.send_in_background(data)
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.true(connected.received == data, f"{len(connected.received)} bytes came back, and not those that were sent")


def answer_after_close():
    """Our client closes its direction first; Go only then sends."""
    served = PEER.serve(with_defaults(Options(), True), talk="after-close", size=MUCH)
    connected = OURS.connect(served.port, with_defaults(Options(), False), interactive=True)
    connected.process.send(b"a question\n")
    connected.process.close()
    connected.finish()
    served.finish()
    went_well(served, connected)
    tap.equal(served.told["received"], len(b"a question\n"))
    tap.true(connected.received == pattern(MUCH), f"{len(connected.received)} bytes of {MUCH} came")


def sending_after_peer_closed():
    """Go closes its direction first; what our client still has to send must arrive."""
    data = pattern(1 << 20)
    served = PEER.serve(with_defaults(Options(), True), talk="half-close")
    connected = OURS.connect(served.port, with_defaults(Options(), False), interactive=True)
    connected.process.send_in_background(data)
    connected.finish()
    served.finish()
    tap.equal(served.told["digest"], hashlib.sha256(data).hexdigest(), str(connected))
    tap.equal(connected.status, 0, str(connected))


def same_secrets(server, client):
    ours, theirs = scratch("keys"), scratch("keys")
    options = {server: Options(), client: Options()}
    options[OURS].keylog, options[PEER].keylog = str(ours), str(theirs)
    succeed(server, options[server], client, options[client], group=HYBRID)
    mine, other = keylog.read(ours), keylog.read(theirs)
    for label in set(keylog.LABELS) & set(other):
        tap.equal(mine[label], other[label], label)
    tap.true(len(other) >= 4, "Go's key log is short")


everything(PEER)
hybrid(PEER)
for size in (17, 16384, 100000):
    case(OURS, PEER, f"echo of what is written in pieces of {size}", upload, size)
case(PEER, OURS, "8 MiB through the pipe and back", pipe_to_echo)
case(PEER, OURS, "answer after our direction is closed", answer_after_close)
case(PEER, OURS, "sending after the peer's direction is closed", sending_after_peer_closed)
both(PEER, "both key logs agree", same_secrets)
main(PEER)
