"""No division in the compiled code of ML-KEM.

A division takes a time that depends on its operands on many processors. Valgrind, which follows secrets
to branches and addresses (test/unit/native/mlkem768_ct_test.c), does not report it. So we look at the
instructions: what is written as a division by q must have become a multiplication, and there is no
other.
"""
import re
import sys

import tap

# x86: div, idiv, divps, vdivsd ...; Arm: udiv, sdiv, fdiv; RISC-V, POWER: div, divu, rem, ...
DIVISION = re.compile(r"^\s*[0-9a-f]+:\s+((?:v?div|[iusf]div|rem)[a-z0-9.]*)\b")


def divisions(path):
    """(function, instruction) of each division in an object file."""
    dump = tap.run(["objdump", "-d", "--no-show-raw-insn", path])
    tap.equal(dump.returncode, 0, dump.stderr)
    found, function, count = [], "?", 0
    for line in dump.stdout.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
        if head:
            function = head.group(1)
        count += bool(re.match(r"^\s*[0-9a-f]+:\s+\w", line))
        division = DIVISION.match(line)
        if division:
            found.append((function, division.group(1)))
    return found, count


@tap.test("ML-KEM and Keccak are compiled without division")
def no_division():
    cache = (tap.BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
    if re.search(r"^CMAKE_BUILD_TYPE:\w+=Debug$", cache, re.M):
        tap.skip("compiled without optimisation")
    objects = sorted(tap.BUILD.glob("CMakeFiles/hf_native.dir/**/*.o"))
    names = {path.name for path in objects}
    tap.true({"mlkem768.c.o", "mlkem_codec.c.o", "mlkem_ntt.c.o", "keccak.c.o"} <= names,
             f"objects of provider/native: {sorted(names)}")
    instructions = 0
    for path in objects:
        found, count = divisions(path)
        instructions += count
        tap.equal(found, [], path.name)
    tap.true(instructions > 1000, f"only {instructions} instructions seen")


@tap.test("a division would be found")
def division_is_found():
    tap.need("cc")
    source = tap.directory() / "division.c"
    source.write_text("unsigned divide(unsigned a, unsigned b) { return a / b; }\n", encoding="utf-8")
    built = tap.run(["cc", "-O2", "-c", source, "-o", source.with_suffix(".o")])
    tap.equal(built.returncode, 0, built.stderr)
    found, _ = divisions(source.with_suffix(".o"))
    tap.equal([function for function, _ in found], ["divide"])


if __name__ == "__main__":
    sys.exit(tap.main(needs=["objdump"]))
