"""The shim for BoringSSL's test runner without the runner: two shims talk to each other through a relay, and its
configuration is in order."""
import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys

import tap

sys.path.insert(0, str(tap.ROOT / "test/interop"))
from pki import Pki  # noqa: E402  (needs the path above)

SHIM = str(tap.BUILD / "test/bogo/shim")
CONFIG = tap.ROOT / "test/bogo/config.json"
UNIMPLEMENTED = 89
PATIENCE = 60  # seconds, for a slow machine


def accept(listener):
    """The next shim's connection, and the number that it begins with."""
    end = listener.accept()[0]
    end.settimeout(PATIENCE)
    number = b""
    while len(number) < 8:
        part = end.recv(8 - len(number))
        tap.true(part, "the shim closed at once")
        number += part
    return int.from_bytes(number, "little"), end


def relay(one, other):
    """Carries bytes both ways until both ends have closed."""
    chooser = selectors.DefaultSelector()
    chooser.register(one, selectors.EVENT_READ, other)
    chooser.register(other, selectors.EVENT_READ, one)
    while chooser.get_map():
        ready = chooser.select(PATIENCE)
        tap.true(ready, "nothing moves")
        for key, _ in ready:
            data = key.fileobj.recv(65536)
            if data:
                key.data.sendall(data)
            else:
                chooser.unregister(key.fileobj)
                key.data.shutdown(socket.SHUT_WR)


def converse(client_flags, server_flags):
    """Both shims' exit codes and stderr after a connection with each other."""
    pki = Pki.ready()
    identity = pki.server["p256"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        port = str(listener.getsockname()[1])
        start = [["-shim-id", "1", *client_flags],
                 ["-shim-id", "18446744073709551615", "-server", "-cert-file", identity.cert, "-key-file", identity.key,
                  *server_flags]]
        shims = [subprocess.Popen([SHIM, "-port", port, *flags], stderr=subprocess.PIPE, text=True) for flags in start]
        try:
            ends = dict(accept(listener) for _ in shims)
            tap.equal(sorted(ends), [1, 2 ** 64 - 1])
            with ends[1], ends[2 ** 64 - 1]:
                relay(ends[1], ends[2 ** 64 - 1])
            said = [shim.communicate(timeout=PATIENCE)[1] for shim in shims]
        finally:
            for shim in shims:
                shim.kill()
                shim.wait()
    return [shim.returncode for shim in shims], said


CLOSING = ["-shim-writes-first", "-shim-shuts-down", "-check-close-notify"]


def succeeds(client_flags, server_flags):
    codes, said = converse([*CLOSING, *client_flags], ["-check-close-notify", *server_flags])
    tap.equal(codes, [0, 0], said)


for title, ours, theirs in (
        ("TLS 1.3", ["-expect-version", "772", "-expect-cipher", "4865"], ["-expect-version", "772"]),
        ("TLS 1.2", ["-max-version", "771", "-expect-version", "771", "-expect-extended-master-secret"], ["-expect-version", "771"]),
        ("every operation external, bytes one by one", ["-async", "-expect-curve-id", "29", "-curves", "29"], ["-async"]),
        ("a retry, ALPN and a name",
         ["-no-key-shares", "-expect-hrr", "-advertise-alpn", "\x02h2\x03foo", "-expect-alpn", "foo", "-host-name",
          "name.test"],
         ["-expect-hrr", "-select-alpn", "foo", "-expect-advertised-alpn", "\x02h2\x03foo", "-expect-server-name",
          "name.test"])):
    tap.case(f"two shims: {title}", succeeds, ours, theirs)


@tap.test("an expectation that does not hold is said, and fails")
def expectation():
    codes, said = converse([*CLOSING, "-expect-version", "771"], [])
    tap.equal(codes[0], 1, said)
    tap.contains(said[0], "version: got 772, wanted 771")


@tap.test("an error has its name on stderr")
def error():
    codes, said = converse(["-curves", "29"], ["-curves", "23"])
    tap.equal(codes, [1, 1], said)
    tap.contains(said[1], ":NO_COMMON_GROUP:")
    tap.contains(said[0], ":ALERT_handshake_failure:")


@tap.test("what the shim cannot do is a code of its own, and is written down")
def unimplemented():
    log = tap.directory() / "log"
    for flag in (["-no-such-flag"], ["-max-version", "770"]):
        done = subprocess.run([SHIM, "-port", "1", *flag], capture_output=True, text=True, check=False,
                              timeout=PATIENCE, env={**os.environ, "HF_BOGO_LOG": str(log)})
        tap.equal(done.returncode, UNIMPLEMENTED, done.stderr)
    tap.equal(log.read_text(), "-no-such-flag\nTLS 1.0 and 1.1\n")


@tap.test("memory that runs out is a code of its own, until there are no more allocations")
def memory():
    for number, code in (("0", 88), ("1000000", 1)):  # nobody listens there
        done = subprocess.run([str(tap.BUILD / "test/bogo/failing_shim"), "-port", "1"], capture_output=True, text=True,
                              check=False, timeout=PATIENCE, env={**os.environ, "MALLOC_NUMBER_TO_FAIL": number})
        tap.equal(done.returncode, code, done.stderr)


@tap.test("each disabled test has its reason, and each error stands in the list")
def configuration():
    seen = []
    config = json.loads(CONFIG.read_text(), object_pairs_hook=lambda pairs: seen.append(pairs) or dict(pairs))
    for pairs in seen:
        keys = [key for key, _ in pairs]
        tap.equal(keys, sorted(set(keys)), "sorted, each once")
    for glob, reason in config["DisabledTests"].items():
        tap.true(re.search(r"[a-z].*\.$", reason), f"{glob}: {reason!r}")
        tap.true("fail" not in reason.lower(), f"{glob}: that a test fails is no reason")
    errors = set(re.findall(r"^X\((\w+),", (tap.ROOT / "include/handfast/err.def").read_text(), re.M))
    alerts = set(re.findall(r"HF_ALERT_(\w+)", (tap.ROOT / "include/handfast/err.h").read_text())) | {"unknown"}
    for wanted, ours in config["ErrorMap"].items():
        for name in ours:
            known = re.fullmatch(r":(\w+):", name)
            tap.true(known and (known.group(1) in errors or known.group(1)[6:] in alerts
                                or name == wanted), f"{wanted}: {name}")


@tap.test("without the runner's tree make bogo says that it does nothing")
def without():
    done = tap.run([sys.executable, str(tap.ROOT / "script/bogo"), str(tap.BUILD), ""])
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stdout, "SKIP")


if __name__ == "__main__":
    if not shutil.which("openssl"):
        print("1..0 # SKIP openssl not installed")
    else:
        tap.main()
