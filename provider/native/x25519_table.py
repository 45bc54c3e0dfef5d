#!/usr/bin/env python3
"""Writes x25519_table.c: multiples of Ed25519's base point, for X25519 public keys.

Entry [i][j] is (j + 1) * 256^i * B as (y + x, y - x, 2 d x y), reduced, as four little-endian words each.
"""
from pathlib import Path

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Y = 4 * pow(5, -1, P) % P


def recover_x(y):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return P - x if x % 2 else x


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    return x, y


def words(number):
    return ", ".join(f"0x{number >> 64 * k & 2**64 - 1:016x}" for k in range(4))


def main():
    base = (recover_x(Y), Y)
    out = ["/* Made by x25519_table.py, which says what it is. Do not edit. */",
           "#if defined(__SIZEOF_INT128__)", "", '#include "x25519_impl.h"', "",
           "/* clang-format off */",
           "const uint64_t x25519_table[32][8][3][4] = {"]
    for _ in range(32):
        out.append("    {")
        point = base
        for _ in range(8):
            x, y = point
            niels = [(y + x) % P, (y - x) % P, 2 * D * x * y % P]
            out += ["        {" + (",\n         ".join("{" + words(n) + "}" for n in niels)) + "},"]
            point = add(point, base)
        out.append("    },")
        for _ in range(8):
            base = add(base, base)
    out += ["};", "/* clang-format on */", "", "#endif", ""]
    Path(__file__).with_suffix(".c").write_text("\n".join(out))


if __name__ == "__main__":
    main()
