#!/usr/bin/env python3
"""Makes test/vector/rfc8448.inc from the text of RFC 8448:

    test/vector/rfc8448.py rfc8448.txt >test/vector/rfc8448.inc

One row for each value of the traces in sections 3 to 7, in their order:

    X(section, actor, step, item, bytes in hexadecimal)

Left out is what other rows say again: a handshake record's payload is the messages before it, an "info" is
HkdfLabel over the hash beside it, and steps that the text gives as "same as" have no values. "(empty)" and
"(all zero octets)" become the empty string. Every length that the text states is checked here.
"""
import re
import sys
import textwrap

FURNITURE = re.compile(r"^(Thomson .*\[Page \d+\]|RFC 8448 .*January 2019)$")
ITEM = re.compile(r"^ {6}(\S.*?)(?: \((\d+) octets?\))?:  (.*)$")


def main():
    with open(sys.argv[1], encoding="ascii") as source:
        lines = [line for line in source.read().replace("\f", "").split("\n") if not FURNITURE.match(line)]
    print("/* The values of RFC 8448, sections 3 to 7. Made by rfc8448.py from its text; not edited by hand. */")
    for section, actor, step, item, octets, value in values(lines):
        if item.endswith("info") or (item == "payload" and step == "send handshake record"):
            continue
        data = "" if "(" in value else value.replace(" ", "")
        if not re.fullmatch("([0-9a-f]{2})*", data) or (octets and len(data) != 2 * int(octets)):
            sys.exit(f"section {section}, {step}: {item} is not {octets} bytes in hexadecimal")
        print_row(section, actor, step, item, data)


def values(lines):
    section, actor, step, item = 0, None, None, None
    for line in lines:
        heading = re.match(r"^(\d+)\.  \S", line)
        start = re.match(r"^   \{(client|server)\}  (.*)$", line)
        value = ITEM.match(line)
        if heading or start:
            if item:
                yield item
            item = None
        if heading:
            section, step = int(heading[1]), None
        elif start:
            actor, step = start[1], start[2].rstrip(":.")
        elif step and value:
            if item:
                yield item
            item = [section, actor, step, value[1], value[2], value[3]]
        elif item and re.match(r"^ {9}\S", line):
            item[5] += " " + line.strip()


def print_row(section, actor, step, item, data):
    step = step.replace('"', "'")
    head = f'X({section}, {actor.upper()}, "{step}", "{item}",'
    pieces = textwrap.wrap(data, 92) or [""]
    if len(pieces) == 1 and len(head) + len(data) <= 95:
        print(f'{head} "{data}")')
        return
    print(head)
    for piece in pieces[:-1]:
        print(f'  "{piece}"')
    print(f'  "{pieces[-1]}")')


if __name__ == "__main__":
    main()
