"""The demo: every mode comes to what it claims, in text, in colour and as JSON; Ctrl-C ends it cleanly."""
import json
import os
import pty
import re
import signal
import termios

import tap

ROUND_TRIPS = {"full": 1, "post-quantum": 1, "retry": 2, "mutual": 1, "psk": 1, "key-update": 1}


def run_json(*options):
    done = tap.run([tap.TOOL, "demo", "--json", *options])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    tap.equal(done.stderr, "")
    return {mode["name"]: mode for mode in json.loads(done.stdout)["modes"]}


def names_of(mode, end):
    return [message["name"] for message in mode["messages"] if message["from"] == end]


@tap.test("all modes pass")
def all_modes():
    modes = run_json()
    tap.equal({name: mode["round_trips"] for name, mode in modes.items()}, ROUND_TRIPS)
    for name, mode in modes.items():
        tap.true(mode["ok"] and mode["error"] is None, name)
        tap.true(len(mode["checks"]) >= 6 and all(check["ok"] for check in mode["checks"]), name)
        tap.true(all(step["us"] >= 0 for step in mode["steps"]) and mode["total_us"] > 0, name)
        tap.true(mode["bytes_to_server"] > 200 and mode["bytes_to_client"] > 200, name)


@tap.test("the messages of each mode, their keys and their sizes")
def messages():
    modes = run_json()
    full = modes["full"]
    tap.equal(names_of(full, "client"), ["ClientHello", "Finished"])
    tap.equal(names_of(full, "server"),
              ["ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"])
    tap.equal([message["keys"] for message in full["messages"]], ["clear"] * 2 + ["handshake keys"] * 5)
    tap.equal([message["bytes"] for message in full["messages"] if message["name"] == "Finished"], [36, 36])
    tap.equal(names_of(modes["retry"], "client"), ["ClientHello", "ClientHello", "Finished"])
    tap.equal(names_of(modes["retry"], "server")[0], "HelloRetryRequest")
    tap.equal(names_of(modes["mutual"], "client"), ["ClientHello", "Certificate", "CertificateVerify", "Finished"])
    tap.true("CertificateRequest" in names_of(modes["mutual"], "server"))
    tap.equal(names_of(modes["psk"], "server"), ["ServerHello", "EncryptedExtensions", "Finished"])
    tap.true(names_of(modes["key-update"], "client")[-1] == names_of(modes["key-update"], "server")[-1] == "KeyUpdate")
    tap.true(modes["post-quantum"]["messages"][0]["bytes"] > 1200, "an ML-KEM-768 share")
    for mode in modes.values():
        for message in mode["messages"]:
            tap.true(message["explanation"] and re.match(r"RFC \d+, [\d.]+$", message["place"]), message["name"])


@tap.test("the text draws two columns and no colour into a pipe")
def text():
    done = tap.run([tap.TOOL, "demo", "--mode", "full"])
    tap.equal(done.returncode, 0)
    tap.absent(done.stdout, "\x1b")
    arrows = [line for line in done.stdout.splitlines() if "▶│" in line or "│◀" in line]
    tap.true(len(arrows) >= 9, done.stdout)
    tap.equal({line.index("│") for line in arrows}, {9})
    tap.equal(len({line.rindex("│") for line in arrows}), 1)
    lines = [line for line in done.stdout.splitlines() if tap.TOOL not in line]
    tap.true(max(map(len, lines)) <= 100)
    for part in ("ServerHello", "RFC 9846, 4.2.3", "handshake keys", "1 round trip", "What to try next"):
        tap.contains(done.stdout, part)


@tap.test("ASCII where the locale asks for it")
def ascii_only():
    done = tap.run([tap.TOOL, "demo", "--explain"], env={**os.environ, "LC_ALL": "C"})
    tap.equal(done.returncode, 0)
    tap.true(done.stdout.isascii(), [line for line in done.stdout.splitlines() if not line.isascii()])


@tap.test("--explain tells the decisions of both ends, --secrets the secrets")
def explain():
    done = tap.run([tap.TOOL, "demo", "--mode", "retry", "--explain"])
    tap.equal(done.returncode, 0)
    for part in ("the client decided", "the server decided", "no share of a group that both like", "verify_chain"):
        tap.contains(done.stdout, part)
    tap.absent(done.stdout, "HANDSHAKE_TRAFFIC_SECRET")
    done = tap.run([tap.TOOL, "demo", "--mode", "full", "--secrets"])
    for label in ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"):
        tap.true(re.search(rf"{label} +[0-9a-f]{{64}}\n", done.stdout), label)


def on_terminal(environment):
    """Runs one mode on a terminal of its own; returns its output."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(environment)
        os.execv(tap.TOOL, [tap.TOOL, "demo", "--mode", "full"])
    output = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    tap.equal(os.waitstatus_to_exitcode(status), 0)
    return output.decode()


@tap.test("colour on a terminal, unless NO_COLOR or a dumb one says otherwise")
def colour():
    tap.contains(on_terminal({"TERM": "xterm"}), "\x1b[36m")
    tap.absent(on_terminal({"TERM": "xterm", "NO_COLOR": "1"}), "\x1b")
    tap.absent(on_terminal({"TERM": "dumb"}), "\x1b")


@tap.test("Ctrl-C ends it with 130 and a terminal as it was")
def interrupted():
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execv(tap.TOOL, [tap.TOOL, "demo"])
    before = termios.tcgetattr(terminal)
    os.write(terminal, b"\x03")
    while True:
        try:
            if not os.read(terminal, 65536):
                break
        except OSError:
            break
    _, status = os.waitpid(child, 0)
    tap.equal(termios.tcgetattr(terminal), before)
    os.close(terminal)
    # Between two modes nothing has to be put in order, and the signal itself ends it; a fast one was done before.
    tap.true(os.waitstatus_to_exitcode(status) in (0, 130, -signal.SIGINT), status)


tap.main()
