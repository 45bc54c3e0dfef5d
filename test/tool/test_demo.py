"""The demo: every mode comes to what it claims, in text, in colour and as JSON; Ctrl-C ends it cleanly."""
import json
import os
import pty
import re
import signal
import termios

import tap

# Of the handshake; then before the client's first data, counted on the wire. The replay has no client.
ROUND_TRIPS = {"full": (1, 1), "post-quantum": (1, 1), "retry": (2, 2), "mutual": (1, 1), "psk": (1, 1),
               "key-update": (1, 1), "resumed": (1, 1), "early-data": (1, 0), "replay": (0, None), "tls12": (2, 2),
               "tls12-ticket": (1, 1), "tls12-id": (1, 1), "static-rsa": (2, 2)}
READABLE = {"tls12", "static-rsa"}  # certificates on the wire
NO_SECRECY = {"static-rsa", "tls12-ticket", "tls12-id"}


def run_json(*options):
    done = tap.run([tap.TOOL, "demo", "--json", *options])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    tap.equal(done.stderr, "")
    told = json.loads(done.stdout)
    tap.true(told["ok"], "all modes are as they should be")
    return {mode["name"]: mode for mode in told["modes"]}


def names_of(mode, end):
    return [message["name"] for message in mode["messages"] if message["from"] == end]


def trips_of(mode):
    return mode["round_trips"], mode["figures"]["round_trips_to_data"]


@tap.test("all modes pass, with the round trips that the specifications promise")
def all_modes():
    modes = run_json("--rtt", "0")
    tap.equal({name: trips_of(mode) for name, mode in modes.items()}, ROUND_TRIPS)
    for name, mode in modes.items():
        tap.true(mode["ok"] and mode["error"] is None, name)
        tap.true(len(mode["checks"]) >= 5 and all(check["ok"] for check in mode["checks"]), name)
        tap.equal(mode["figures"]["to_data_ms"], None)
        if name == "replay":
            continue
        tap.true(all(step["us"] >= 0 for step in mode["steps"]) and mode["total_us"] > 0, name)
        tap.true(mode["bytes_to_server"] > 200 and mode["bytes_to_client"] > 100, name)
        tap.true(mode["figures"]["client_cpu_us"] > 0 and mode["figures"]["server_cpu_us"] > 0, name)


@tap.test("over a long way, the time to the first data is that of its round trips")
def long_way():
    modes = run_json("--rtt", "100ms", "--mode", "full", "--mode", "retry", "--mode", "early-data")
    times = {name: mode["figures"]["to_data_ms"] for name, mode in modes.items()}
    # What the relay holds back cannot come sooner; how much later, the machine's load decides.
    tap.true(times["full"] >= 95 and times["retry"] >= 190, times)
    tap.true(times["early-data"] < times["full"], times)


@tap.test("what the wire shows: certificates, and whose recordings open later")
def figures():
    modes = run_json("--rtt", "0")
    tap.equal({name for name, mode in modes.items() if mode["figures"]["certificate_seen"]}, READABLE)
    modes.pop("replay")
    tap.equal({name for name, mode in modes.items() if not mode["figures"]["forward_secrecy"]}, NO_SECRECY)
    tap.equal([name for name, mode in modes.items() if mode["connection"]["resumed"]], ["resumed", "early-data", "tls12-ticket", "tls12-id"])
    for name in ("resumed", "early-data", "tls12-ticket", "tls12-id"):
        tap.true(modes[name]["bytes_to_client"] < modes["full"]["bytes_to_client"] / 2, "no certificate was sent")


@tap.test("early data is taken once: the same flight sent again is refused, with the reason")
def replay():
    modes = run_json("--rtt", "0", "--mode", "early-data", "--mode", "replay")
    early, again = modes["early-data"]["figures"], modes["replay"]["figures"]
    tap.true(early["early_data_bytes"] > 0 and early["early_data_refused"] is None, early)
    tap.equal((again["early_data_bytes"], again["early_data_refused"]), (0, "REPLAYED"))
    done = tap.run([tap.TOOL, "demo", "--rtt", "0", "--mode", "replay"])
    tap.contains(" ".join(done.stdout.split()), "refused, REPLAYED: This first flight, or one with the same binder, was")
    names = [message["name"] for message in modes["early-data"]["messages"] if message["from"] == "client"]
    tap.equal(names, ["ClientHello", "EndOfEarlyData", "Finished"])


@tap.test("the table: a line for each mode, within the width")
def table():
    done = tap.run([tap.TOOL, "demo", "--rtt", "10ms"])
    tap.equal(done.returncode, 0, done.stderr)
    lines = done.stdout[done.stdout.index("All modes"):].splitlines()
    tap.contains(lines[1], "at 10 ms")
    rows = {line.split()[0]: line for line in lines[2:2 + len(ROUND_TRIPS)]}
    tap.equal(list(rows), list(ROUND_TRIPS))
    tap.true(max(map(len, rows.values())) <= 100, rows)
    for name, (_, trips) in ROUND_TRIPS.items():
        tap.equal(rows[name].split()[1], "-" if trips is None else str(trips))
        tap.equal("readable" in rows[name], name in READABLE)
        tap.equal(" NO " in rows[name], name in NO_SECRECY)
    tap.contains(done.stdout, "WARNING: never use this.")


@tap.test("a way there and back that cannot be")
def bad_rtt():
    for value in ("fast", "", "-1", "2001ms", "30s"):
        done = tap.run([tap.TOOL, "demo", "--rtt", value])
        tap.equal(done.returncode, 1, value)
        tap.contains(done.stderr, f"--rtt {value}: expected a time from 0ms to 2000ms")


@tap.test("the messages of each mode, their keys and their sizes")
def messages():
    modes = run_json("--rtt", "0")
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


@tap.test("TLS 1.2 is explained by its own rules")
def explained_12():
    for mode, places in (("tls12", ("RFC 5246, 7.4.2", "RFC 5246, 7.4.9", "RFC 5246, 7.1")),
                         ("tls12-ticket", ("RFC 5246, 7.4.9", "RFC 5246, 7.1"))):
        done = tap.run([tap.TOOL, "demo", "--mode", mode, "--explain", "--rtt", "0"])
        tap.equal(done.returncode, 0, done.stderr)
        for place in places:
            tap.true(place in done.stdout, f"{mode}: {place}\n{done.stdout}")
        for other in ("RFC 9846, 4.5", "RFC 9846, E.4", "means nothing", "shares:", "both ends may send data"):
            tap.true(other not in done.stdout, f"{mode}: {other}\n{done.stdout}")
        last = [line for line in done.stdout.splitlines() if "Finished" in line or "the handshake is done" in line]
        tap.true("the handshake is done" in last[-1], done.stdout)
        tap.equal("◀─" in last[-2], mode == "tls12", "whose Finished is the last")


@tap.test("ASCII where the locale asks for it")
def ascii_only():
    done = tap.run([tap.TOOL, "demo", "--explain", "--rtt", "2ms"], env={**os.environ, "LC_ALL": "C"})
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
