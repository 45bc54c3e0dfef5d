#!/usr/bin/env python3
"""Writes rfc9258.inc: imported pre-shared keys (RFC 9258, 5.1) computed by the letter of the RFC with nothing
but HMAC and hashes of the standard library, so that they are independent of this code.

    python3 test/vector/rfc9258.py > test/vector/rfc9258.inc"""
import hashlib
import hmac
import struct

KDFS = {"sha256": (1, 32), "sha384": (2, 48)}


def vec16(data):
    return struct.pack(">H", len(data)) + data


def imported_identity(external_identity, context, target):
    return vec16(external_identity) + vec16(context) + struct.pack(">HH", 0x0304, KDFS[target][0])


def expand_label(name, secret, label, context, length):
    label = b"tls13 " + label
    info = struct.pack(">H", length) + bytes([len(label)]) + label + bytes([len(context)]) + context
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(secret, block + info + bytes([counter]), name).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def imported_key(name, epsk, identity, target):
    size = hashlib.new(name).digest_size
    epskx = hmac.new(b"\0" * size, epsk, name).digest()
    return expand_label(name, epskx, b"derived psk", hashlib.new(name, identity).digest(), KDFS[target][1])


def text(data):
    return f'"{data.hex()}"'


def main():
    key = bytes(range(32))
    print("/* Imported pre-shared keys (RFC 9258). Made by rfc9258.py; not edited by hand.\n"
          " * X(hash of the key, key, external identity, context, hash of the suites, identity, imported key) */")
    for name in KDFS:
        for epsk in (key[:16], key, key * 3):
            for external, context in ((b"device-7", b""), (b"a", b"client:alice server:bob"), (b"x" * 40, b"\0")):
                for target in KDFS:
                    identity = imported_identity(external, context, target)
                    print(f"X({name}, {text(epsk)}, {text(external)}, {text(context)}, {target},\n  {text(identity)},\n"
                          f"  {text(imported_key(name, epsk, identity, target))})")


if __name__ == "__main__":
    main()
