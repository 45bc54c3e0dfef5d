"""connect: sessions kept and offered again, early data, and why either was not taken. The server is openssl's or
Python's, so that nothing here is judged by our own."""
import json
import os
import re
import stat
import subprocess
import time
from pathlib import Path

import tap
from tooling import certs, connect, connect_json, wait_until

EARLY = b"early and once\n"


class Peer:
    """openssl s_server: what it is sent stands in its output."""

    def __init__(self, *options, cert="ec"):
        tap.need("openssl")
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certs().cert(cert), "-key",
                   certs().key(cert), *options]
        self.process = tap.start(command, stdin=subprocess.PIPE)  # its end would end the server
        wait_until(lambda: re.search(r"^ACCEPT .*:(\d+)$", self.log(), re.M), "openssl is not ready", self)
        self.port = int(re.search(r"^ACCEPT .*:(\d+)$", self.log(), re.M).group(1))

    def log(self):
        return self.process.log.read_text(errors="replace")

    def wait_for(self, part, times=1):
        wait_until(lambda: self.log().count(part) >= times, f"{part!r} was not said {times} times", self)


def early_peer(*options):
    return Peer("-early_data", "-max_early_data", "1000", *options)


def early_file(data=EARLY):
    path = Path(certs().path("early"))
    path.write_bytes(data)
    return str(path)


def session_file(name="session"):
    path = Path(certs().path(name))
    path.unlink(missing_ok=True)
    return path


def fetch(port, path, *options):
    """Writes a session of the server to path."""
    done = connect(port, "--quiet", "--session-out", str(path), *options)
    tap.equal(done.returncode, 0, done.stderr)


def reason_of(told):
    return told["resumption"]["reason"]["name"]


# ---- further connections ----


@tap.test("--resume: each further connection is resumed, told as text and as JSON")
def further():
    peer = Peer()
    done = connect(peer.port, "--resume", "2")
    tap.equal((done.returncode, done.stdout), (0, ""), done.stderr)
    tap.contains(done.stderr, "no: there was no session yet")
    for number in (2, 3):
        tap.true(re.search(rf"^connection {number} of 3 at 127.0.0.1:{peer.port}\n  resumed +TLS 1.3, .*; 1 round trip",
                           done.stderr, re.M), done.stderr)
    tap.equal(done.stderr.count("CN=ec"), 1)
    code, told = connect_json(peer.port, "--resume", "2")
    tap.equal((code, told["ok"]), (0, True))
    tap.equal([(turn["number"], turn["resumed"]) for turn in told["connections"]], [(1, False), (2, True), (3, True)])
    tap.equal(told["connections"][0]["reason"]["name"], "NO_TICKET")
    tap.true(all(turn["sessions_received"] > 0 for turn in told["connections"]), told["connections"])
    tap.true(told["resumption"]["resumed"] and told["resumption"]["reason"] is None, told["resumption"])
    tap.equal((told["connection"]["resumed"], told["chain"]), (True, []))


@tap.test("--resume: stdin and stdout belong to the last connection")
def pipe_of_the_last():
    peer = Peer("-rev")
    done = connect(peer.port, "--resume", "2", "--quiet", stdin="olleh\n")
    tap.equal((done.returncode, done.stdout, done.stderr), (0, "hello\n", ""))


@tap.test("--resume with --http: each asks, the last answer is printed")
def pages():
    peer = Peer("-www")
    done = connect(peer.port, "--resume", "1", "--http", "/", "--quiet")
    tap.equal((done.returncode, done.stderr), (0, ""))
    tap.equal(done.stdout.count("<HTML>"), 1)
    tap.contains(done.stdout, "Reused, TLSv1.3")


@tap.test("--resume with every suite, so with both hashes")
def suites():
    peer = Peer()
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        code, told = connect_json(peer.port, "--ciphers", suite, "--resume", "1")
        tap.equal((code, told["connection"]["resumed"], told["connection"]["cipher_suite"]), (0, True, suite))


@tap.test("TLS 1.2: a session is good for more than one connection, by ticket and by identifier")
def version12():
    for flags, lifetime in (([], 7200), (["-no_ticket"], 86400)):
        peer = Peer("-tls1_2", *flags)
        path = session_file()
        code, told = connect_json(peer.port, "--resume", "3", "--session-out", str(path))
        tap.equal(code, 0, told["error"])
        tap.equal([turn["resumed"] for turn in told["connections"]], [False, True, True, True])
        tap.equal([turn["round_trips"] for turn in told["connections"]], [2, 1, 1, 1])
        tap.equal({turn["version"] for turn in told["connections"]}, {"TLS 1.2"})
        tap.equal((told["session_out"]["version"], told["session_out"]["lifetime_s"]), ("TLS 1.2", lifetime))
        for _ in range(2):
            code, told = connect_json(peer.port, "--session-in", str(path), "--tls", "1.2-1.3")
            tap.equal((code, told["connection"]["resumed"], told["verdict"]["checked"]), (0, True, False))
        code, told = connect_json(peer.port, "--session-in", str(path), "--early-data", early_file())
        early = told["resumption"]["early_data"]
        tap.equal((code, told["resumption"]["resumed"], early["sent"], early["reason"]["name"]),
                  (10, True, 0, "EARLY_DISABLED"))


@tap.test("a server without sessions: full each time, and exit code 10 says so")
def no_sessions():
    peer = Peer("-num_tickets", "0")
    code, told = connect_json(peer.port, "--resume", "2")
    tap.equal((code, told["ok"], told["exit_code"]), (10, False, 10))
    tap.equal([turn["reason"]["name"] for turn in told["connections"]], ["NO_TICKET"] * 3)
    tap.contains(told["error"]["sentence"], "2 of 2 connections were not resumed (NO_TICKET)")
    tap.true(told["error"]["fix"], "what to do")
    path = session_file()
    done = connect(peer.port, "--quiet", "--session-out", str(path))
    tap.equal(done.returncode, 10)
    tap.contains(done.stderr, "no session came that can be kept, and nothing was written")
    tap.true(not path.exists(), "nothing was written")


@tap.test("the first connection that fails is the last")
def fails():
    peer = Peer("-naccept", "2")
    code, told = connect_json(peer.port, "--resume", "5")
    tap.equal((code, told["ok"], told["error"]["exit_code"]), (2, False, 2))
    tap.equal([turn["connected"] for turn in told["connections"]], [True, True, False])


@tap.test("--explain and --record go on with further connections")
def explained():
    peer = Peer()
    path = certs().path("resumed.json")
    done = connect(peer.port, "--resume", "1", "--explain", "--record", path)
    tap.equal(done.returncode, 0, done.stderr)
    tap.equal(done.stderr.count("the hellos\n"), 2)
    tap.contains(done.stderr, "pre_shared_key")
    recording = json.loads(Path(path).read_text(encoding="utf-8"))
    tap.true("pre_shared_key" in json.dumps(recording), "the last one is recorded")


# ---- files ----


@tap.test("--session-out, --session-in: private, whole, and with a warning")
def files():
    peer = early_peer()
    path = session_file()
    path.write_text("something older")
    path.chmod(0o644)
    done = connect(peer.port, "--session-out", str(path))
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stderr, "SECRET")
    tap.contains(done.stderr, "takes 1000 bytes early")
    tap.equal(stat.S_IMODE(path.stat().st_mode), 0o600)
    tap.equal([entry for entry in os.listdir(path.parent) if entry.startswith("session.")], [])
    before = path.read_bytes()
    code, told = connect_json(peer.port, "--session-in", str(path), "--session-out", str(path))
    tap.equal((code, told["resumption"]["resumed"]), (0, True))
    tap.equal((told["session_out"]["secret"], told["session_out"]["server_name"]), (True, "localhost"))
    tap.true(path.read_bytes() != before, "a new one took its place")
    path.chmod(0o640)
    done = connect(peer.port, "--session-in", str(path))
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stderr, "others can read this file")


@tap.test("--export: the keying material that openssl has, in both versions")
def exported():
    for version in ("1.3", "1.2"):
        peer = Peer("-keymatexport", "EXPERIMENTAL probe", "-keymatexportlen", "32")
        code, told = connect_json(peer.port, "--tls", version, "--export", "EXPERIMENTAL probe")
        tap.equal(code, 0, told)
        peer.wait_for("Keying material: ")
        theirs = re.search(r"Keying material: ([0-9A-F]+)", peer.log()).group(1).lower()
        tap.equal(told["exported"], theirs, version)
        done = connect(peer.port, "--tls", version, "--export", "EXPERIMENTAL probe")
        tap.true(re.search(r"^  exported +[0-9a-f]{64}$", done.stderr, re.M), done.stderr)


@tap.test("--reverify: a session outlives a change of trust, and its chain is judged and shown")
def reverified():
    for version in ("1.3", "1.2"):
        peer = Peer()
        more = ("--tls", version, "--ca", certs().cert("rsa"))
        for options, resumed in (((), False), (("--reverify",), True)):
            path = session_file()
            fetch(peer.port, path, "--tls", version, *options)
            code, told = connect_json(peer.port, "--session-in", str(path), *more, *options)
            tap.equal(told["resumption"]["resumed"], resumed, (version, options, told["resumption"]))
            tap.equal(code, 0 if resumed else 10, told["error"])
        tap.equal([one["subject"] for one in told["chain"]], ["CN=ec"], told["chain"])
        done = connect(peer.port, "--session-in", str(path), "--reverify", "--explain", *more)
        tap.equal(done.returncode, 0, done.stderr)
        tap.contains(done.stderr, "whose certificate was believed; it was judged again")
        fetch(peer.port, path, "--tls", version)
        code, told = connect_json(peer.port, "--session-in", str(path), "--tls", version, "--reverify")
        tap.equal((code, reason_of(told)), (10, "PEER_UNPROVEN"))


@tap.test("--session-out where nothing can be written")
def cannot_write():
    peer = Peer()
    for path in ("/nowhere/session", certs().path(""), "/dev/null"):
        done = connect(peer.port, "--quiet", "--session-out", path)
        tap.equal(done.returncode, 1, path)
        tap.contains(done.stderr, f"--session-out {path}: cannot be written: ")
    tap.absent(peer.log(), "BEGIN SSL SESSION", "that is said before anything is done")


@tap.test("--session-in of a file that is none")
def foreign_files():
    peer = Peer()
    path = session_file()
    fetch(peer.port, path)
    whole = path.read_bytes()
    openssl = b"-----BEGIN SSL SESSION PARAMETERS-----\nAAAA\n"
    rows = [(whole[:30], "cut off"), (whole[:-1], "damaged"), (whole[:-1] + bytes([whole[-1] ^ 1]), "damaged"),
            (whole.replace(b"session 1", b"session 9"), "another version"), (openssl, "only openssl reads"),
            (Path(certs().ca).read_bytes(), "a PEM file"), (b"\0" * 100, "not a file that --session-out wrote"),
            (b"", "the file is empty")]
    for content, part in rows:
        path.write_bytes(content)
        done = connect(peer.port, "--session-in", str(path))
        tap.equal(done.returncode, 1, part)
        tap.contains(done.stderr, part)
    done = connect(peer.port, "--session-in", "/nowhere/session")
    tap.equal(done.returncode, 1)
    code, told = connect_json(peer.port, "--session-in", certs().ca)
    tap.equal((code, told["ok"], told["exit_code"]), (1, False, 1))
    tap.contains(told["error"]["sentence"], "a PEM file")


@tap.test("sessions that do not fit are not offered, each with its reason")
def not_offered():
    peer = Peer()
    path = session_file()
    fetch(peer.port, path)
    later = str(int(time.time()) + 4 * 3600)
    earlier = str(int(time.time()) - 30)
    rows = [("EXPIRED", ["--time-at", later]), ("FROM_THE_FUTURE", ["--time-at", earlier, "--insecure"]),
            ("SERVER_NAME_DIFFERS", ["--verify-name", "127.0.0.1"]),
            ("SUITE_DIFFERS", ["--ciphers", "AES-256-GCM"]), ("VERSION_DIFFERS", ["--tls", "1.2"])]
    for reason, options in rows:
        code, told = connect_json(peer.port, "--session-in", str(path), *options)
        tap.equal((code, told["connected"], told["resumption"]["resumed"]), (10, True, False), reason)
        tap.equal(reason_of(told), reason)
    peer = Peer("-alpn", "h2,http/1.1")
    fetch(peer.port, path, "--alpn", "h2")
    done = connect(peer.port, "--session-in", str(path), "--alpn", "http/1.1")
    tap.contains(done.stderr, "ALPN_DIFFERS: The application protocol is not that of the session.")
    fetch(peer.port, path, "--insecure")
    code, told = connect_json(peer.port, "--session-in", str(path))
    tap.equal((code, reason_of(told)), (10, "PEER_UNPROVEN"))


@tap.test("a session that another server does not know is declined by it")
def another_server():
    path = session_file()
    fetch(Peer().port, path)
    code, told = connect_json(Peer().port, "--session-in", str(path))
    tap.equal((code, told["connected"], reason_of(told)), (10, True, "DECLINED"))
    tap.true(told["chain"], "a full handshake took its place")


# ---- early data ----


@tap.test("--early-data: accepted by every further connection")
def early_accepted():
    peer = early_peer()
    code, told = connect_json(peer.port, "--resume", "2", "--early-data", early_file())
    tap.equal(code, 0, told["error"])
    early = [turn["early_data"] for turn in told["connections"]]
    accepted = {"bytes": len(EARLY), "sent": len(EARLY), "accepted": True, "reason": None, "resent": 0}
    tap.equal(early, [None, accepted, accepted])
    peer.wait_for(EARLY.decode().strip(), 2)
    path = session_file()
    fetch(peer.port, path)
    done = connect(peer.port, "--session-in", str(path), "--early-data", early_file())
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stderr, f"{len(EARLY)} bytes, accepted")
    peer.wait_for(EARLY.decode().strip(), 3)


@tap.test("--early-data with what stdin says behind it, in order")
def early_then_stdin():
    peer = early_peer()
    path = session_file()
    fetch(peer.port, path)
    done = connect(peer.port, "--quiet", "--session-in", str(path), "--early-data", early_file(b"first,"),
                   stdin="second\n")
    tap.equal(done.returncode, 0, done.stderr)
    peer.wait_for("first,")
    peer.wait_for("second")
    tap.true(peer.log().index("first,") < peer.log().index("second"), peer.log())


@tap.test("early data that is refused is not sent again, but for --resend-early")
def early_refused():
    issuer = early_peer()
    path = session_file()
    fetch(issuer.port, path)
    other = early_peer()
    done = connect(other.port, "--session-in", str(path), "--early-data", early_file(), stdin="the end\n")
    tap.equal(done.returncode, 10, done.stderr)
    for part in ("refused with the session", "sent again          no"):
        tap.contains(done.stderr, part)
    other.wait_for("the end")
    tap.absent(other.log(), EARLY.decode().strip())
    code, told = connect_json(other.port, "--session-in", str(path), "--early-data", early_file(), "--resend-early")
    tap.equal(code, 10)  # the session was not resumed all the same
    early = told["resumption"]["early_data"]
    tap.equal((early["accepted"], early["resent"], early["reason"]["name"]), (False, len(EARLY), "DECLINED"))
    other.wait_for(EARLY.decode().strip())


@tap.test("a HelloRetryRequest ends early data, not the session")
def early_retried():
    # With its anti-replay on, openssl takes the session for used by the first of the two hellos.
    peer = early_peer("-groups", "P-384", "-no_anti_replay")
    path = session_file()
    fetch(peer.port, path)
    code, told = connect_json(peer.port, "--session-in", str(path), "--early-data", early_file(), "--resend-early")
    early = told["resumption"]["early_data"]
    tap.equal((code, told["connection"]["retried"], told["resumption"]["resumed"]), (0, True, True), told["error"])
    tap.equal((early["sent"], early["reason"]["name"], early["resent"]), (len(EARLY), "RETRIED", len(EARLY)))
    peer.wait_for(EARLY.decode().strip())


@tap.test("more early data than the session allows is not begun")
def early_too_large():
    peer = early_peer()
    path = session_file()
    fetch(peer.port, path)
    code, told = connect_json(peer.port, "--session-in", str(path), "--early-data", early_file(b"x" * 1001))
    early = told["resumption"]["early_data"]
    tap.equal((code, told["resumption"]["resumed"]), (10, True))
    tap.equal((early["sent"], early["accepted"], early["reason"]["name"]), (0, False, "TOO_LARGE"))
    fetch(peer.port, path)
    code, told = connect_json(peer.port, "--session-in", str(path), "--early-data", early_file(b"x" * 1000))
    tap.equal((code, told["resumption"]["early_data"]["accepted"]), (0, True), told["error"])


@tap.test("a session that allows no early data")
def early_disabled():
    peer = Peer()
    path = session_file()
    fetch(peer.port, path)
    code, told = connect_json(peer.port, "--session-in", str(path), "--early-data", early_file())
    tap.equal((code, told["resumption"]["resumed"]), (10, True))
    tap.equal(told["resumption"]["early_data"]["reason"]["name"], "EARLY_DISABLED")
    tap.contains(told["error"]["sentence"], "early data was not taken (EARLY_DISABLED)")


def refused(options, part):
    done = tap.run([tap.TOOL, "connect", *options, "localhost:1"])
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, part)


for title_, options_, part_ in [
    ("early data without a session", ["--early-data", "f"], "early data needs a session"),
    ("early data and a page", ["--early-data", "f", "--resume", "1", "--http", "/"], "one connection carries one"),
    ("nothing to send again", ["--resend-early", "--resume", "1"], "there is no early data"),
    ("an early file that is not there", ["--early-data", "/nowhere/f", "--resume", "1"], "--early-data /nowhere/f"),
    ("no connection at all", ["--resume", "0"], "--resume 0: expected a number from 1"),
    ("too many connections", ["--resume", "1001"], "--resume 1001: expected a number from 1"),
]:
    tap.case(f"refused: {title_}", refused, options_, part_)


tap.main()
