"""Sessions and early data of one server: what is resumed, what is taken early, what is done with it."""
import base64
import os
import re
import signal
import subprocess
from pathlib import Path

import tap
from early import (GET, POST, Server, new_session, read_until_closed, record_flight, record_types, resume, s_client,
                   seed_file, send_flight)
from tooling import certs, python_client, read_all, split_answer, wait_until

EARLY = ("--max-early-data", "16384")


# ---- sessions ----


@tap.test("a server resumes by itself, and tells so in its line, on its page and as JSON")
def resumed():
    server = Server()
    session = new_session(server)
    said = resume(server, session, stdin=GET.format("/json"))
    tap.contains(said, "Reused, TLSv1.3")
    tap.contains(said, '"resumed": true')
    tap.contains(said, '"resume_reason": null')
    tap.contains(resume(server, session, stdin=GET.format("/")), "handshake           resumed")
    first, *later = server.connections(3)
    tap.equal((first["resumed"], first["resume_reason"]), (False, "NO_TICKET"))
    tap.equal([(line["resumed"], line["resume_reason"]) for line in later], [(True, None)] * 2)


@tap.test("--tickets: so many, or none and no resumption")
def tickets():
    for count in (0, 1, 5):
        server = Server("--tickets", str(count))
        said = s_client(server.port, "-msg", stdin=GET.format("/"))
        tap.equal(said.count("NewSessionTicket"), count)
        server.stop()
    server = Server()
    session = new_session(server)
    other = Server("--tickets", "0")
    tap.contains(resume(other, session, stdin=GET.format("/")), "in full (DISABLED)")


@tap.test("--ticket-lifetime: after it the handshake is a full one, and says why")
def lifetime():
    server = Server("--ticket-lifetime", "1")
    session = new_session(server)
    said = []

    def is_old():
        said.append(resume(server, session, stdin=GET.format("/")))
        return "Reused" not in said[-1]

    wait_until(is_old, "the session is too old")
    # The client may see to it first, and then offers none.
    tap.true(re.search(r"in full \((EXPIRED|NO_TICKET)\)", said[-1]), said[-1])


@tap.test("a session of another server is refused, with the reason")
def strange():
    session = new_session(Server())
    tap.contains(resume(Server(), session, stdin=GET.format("/")), "in full (KEY_UNKNOWN): ")


# ---- early data and what is asked with it ----


def early_case(method, policy, expected):
    """One request in early data; expected: (status, whether it was answered early)."""
    server = Server(*EARLY, "--early-policy", policy)
    said = resume(server, new_session(server), early=method.format("/it"))
    tap.contains(said, "Early data was accepted")
    status, early = expected
    tap.contains(said, f"HTTP/1.1 {status} ")
    told = server.requests()[-1]
    tap.equal((told["path"], told["status"], told["early"]), ("/it", status, early))
    line = server.connections(2)[-1]
    tap.equal((line["connected"], line["end"], line["early_data"], line["requests"], line["early_requests"]),
              (True, "closed", True, 1, int(early)))


OPTIONS = GET.replace("GET", "OPTIONS")
HEAD = GET.replace("GET", "HEAD")
BROWSER = GET.replace("\r\nConn", "\r\nAccept: text/html\r\nConn")
RELAYED = POST.replace("\r\nConn", "\r\nEarly-Data: 1\r\nConn")
for title, arguments in [
    ("GET, answered at once", (GET, "safe", (200, True))),
    ("HEAD, answered at once", (HEAD, "safe", (200, True))),
    ("OPTIONS, answered at once", (OPTIONS, "safe", (204, True))),
    ("the page of a browser waits: it shows the handshake", (BROWSER, "safe", (200, False))),
    ("POST waits for the handshake's end", (POST, "safe", (200, False))),
    ("GET with --early-policy 425", (GET, "425", (200, True))),
    ("POST with --early-policy 425", (POST, "425", (425, True))),
    ("GET with --early-policy wait", (GET, "wait", (200, False))),
    ("POST that was early elsewhere (RFC 8470, 5.2)", (RELAYED, "safe", (425, True))),
    ("DELETE is refused as always", (GET.replace("GET", "DELETE"), "safe", (405, True))),
]:
    tap.case(f"early data: {title}", early_case, *arguments)


@tap.test("requests one after the other: what is behind one that waits, waits too")
def order():
    server = Server(*EARLY)
    said = resume(server, new_session(server), early=GET.replace("close", "keep-alive").format("/1")
                  + POST.replace("close", "keep-alive").format("/2") + GET.format("/3"))
    tap.equal(said.count("HTTP/1.1 200 OK"), 3)
    told = [(event["path"], event["early"]) for event in server.requests()[1:]]
    tap.equal(told, [("/1", True), ("/2", False), ("/3", False)])


@tap.test("a request that begins early and ends after the handshake is not early")
def straddles():
    server = Server(*EARLY)
    whole = POST.format("/half")
    said = resume(server, new_session(server), early=whole[:-2], stdin=whole[-2:])
    tap.contains(said, "HTTP/1.1 200 OK")
    tap.equal(server.requests()[-1]["early"], False)


@tap.test("RFC 8470, 5.2: a request that says Early-Data is refused after the handshake too, when it is not safe")
def relayed_late():
    server = Server()
    client = python_client(server.port)
    client.sendall(RELAYED.format("/late").encode())
    tap.equal(split_answer(read_all(client))[0], 425)
    client = python_client(server.port)
    client.sendall(RELAYED.replace("POST", "GET").replace("\r\nContent-Length: 4", "").replace("body", "")
                   .format("/late").encode())
    tap.equal(split_answer(read_all(client))[0], 200)


@tap.test("--echo of early data, at once and with --early-policy wait")
def echo():
    lengths = {}
    for policy in ("safe", "wait"):
        server = Server("--echo", "--handshake-timeout", "1", *EARLY, "--early-policy", policy)
        path = Path(certs().path("echo." + policy))
        client = tap.start(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost",
                            "-tls1_3", "-sess_out", path], stdin=subprocess.PIPE)
        wait_until(lambda found=path: found.exists() and found.stat().st_size > 0, "a session")
        tap.stop(client)
        # Nobody ends this handshake: what comes back beyond the server's flight is the echo.
        lengths[policy] = len(record_types(read_until_closed(send_flight(server.port, record_flight(path, "hello")))))
    tap.equal(lengths["safe"], lengths["wait"] + 1, "records")


# ---- attacks ----


@tap.test("the same first flight twice: the second is told to be a replay, and its request is not executed")
def replay():
    server = Server(*EARLY, "--handshake-timeout", "2")
    session = new_session(server)
    flight = record_flight(session, GET.format("/once"))
    for _ in range(3):
        raw = send_flight(server.port, flight)
        tap.equal(record_types(raw.recv(65536))[0], 22, "a ServerHello comes all the same")
        raw.close()
    server.connections(4)
    tap.equal([event["path"] for event in server.requests()], ["/first", "/once"])
    tap.equal([line["early_reason"] for line in server.connections()[1:]], [None, "REPLAYED", "REPLAYED"])


@tap.test("a flight that is held back for too long is not believed")
def held_back():
    server = Server(*EARLY, "--early-window", "1")
    flight = record_flight(new_session(server), GET.format("/old"))
    reasons = []

    def is_refused():
        send_flight(server.port, flight).close()
        reasons.append(server.connections(len(reasons) + 2)[-1]["early_reason"])
        return reasons[-1] == "AGE_SKEW"

    wait_until(is_refused, "the flight is too old", server)
    tap.true(len([event for event in server.requests() if event["path"] == "/old"]) <= 1)


@tap.test("early data that never ends: the handshake's time is up, and only what is safe was done")
def never_ended():
    server = Server(*EARLY, "--handshake-timeout", "1")
    session = new_session(server)
    for request in (GET.format("/safe"), POST.format("/unsafe"), GET.format("/part")[:-2]):
        read_until_closed(send_flight(server.port, record_flight(session, request)))
    server.connections(4)
    tap.equal([event["path"] for event in server.requests()], ["/first", "/safe"])
    tap.equal({line["end"] for line in server.connections()[1:]}, {"timeout in the handshake"})


def allow_more(session):
    """Makes the client believe that 32767 bytes are allowed instead of 16384: INTEGERs of the same length."""
    text = Path(session).read_text(encoding="ascii")
    body = re.search(r"-----BEGIN SSL SESSION PARAMETERS-----(.*?)-----END", text, re.S).group(1)
    der = base64.b64decode(body)
    tap.equal(der.count(b"\x02\x02\x40\x00"), 1, "max_early_data in the session")
    der = der.replace(b"\x02\x02\x40\x00", b"\x02\x02\x7f\xff")
    lines = base64.encodebytes(der).decode()
    Path(session).write_text(f"-----BEGIN SSL SESSION PARAMETERS-----\n{lines}-----END SSL SESSION PARAMETERS-----\n",
                             encoding="ascii")


@tap.test("more early data than the session allows ends the connection")
def too_much():
    server = Server(*EARLY)
    session = new_session(server)
    allow_more(session)
    said = resume(server, session, early=POST.replace("4", "20000").replace("body", "x" * 20000).format("/much"))
    tap.absent(said, "200 OK")
    line = server.connections(2)[-1]
    tap.equal((line["end"], line["error"]["name"], line["requests"]), ("refused", "EARLY_DATA_TOO_MUCH", 0))


@tap.test("early data that is refused is read over: the handshake and what follows are as ever")
def skipped():
    seed = seed_file()
    first = Server(*EARLY, "--ticket-seed", seed, "--anti-replay", "local")
    session = new_session(first)
    second = Server("--ticket-seed", seed)
    said = resume(second, session, early="x" * 16000, stdin=GET.format("/after"))
    tap.contains(said, "Early data was rejected")
    tap.contains(said, "Reused, TLSv1.3")
    tap.contains(said, "HTTP/1.1 200 OK")
    tap.equal(second.connections(1)[-1]["early_reason"], "EARLY_DISABLED")
    # What the session allows is more than this server takes: less is not enough, and all of it is read over.
    small = Server("--max-early-data", "16383", "--ticket-seed", seed, "--anti-replay", "local")
    said = resume(small, session, early="x" * 16384, stdin=GET.format("/after"))
    tap.contains(said, "HTTP/1.1 200 OK")
    tap.equal(small.connections(1)[-1]["early_reason"], "EARLY_LIMIT")
    # A register that has only just begun cannot know what was before it.
    third = Server(*EARLY, "--ticket-seed", seed, "--anti-replay", "local")
    said = resume(third, session, early=GET.format("/early"), stdin=GET.format("/after"))
    tap.contains(said, "Early data was rejected")
    tap.equal(third.connections(1)[-1]["early_reason"], "STORE_STARTING")
    tap.equal([event["path"] for event in third.requests()], ["/after"])


@tap.test("with a HelloRetryRequest early data is refused, and the handshake goes on")
def retried():
    server = Server(*EARLY, "--groups", "x25519")
    session = new_session(server)
    said = resume(server, session, "-groups", "P-384:X25519", early=GET.format("/early"), stdin=GET.format("/after"))
    tap.contains(said, "Early data was rejected")
    tap.contains(said, "HTTP/1.1 200 OK")
    line = server.connections(2)[-1]
    tap.equal((line["retried"], line["early_reason"], line["early_requests"]), (True, "RETRIED", 0))


# ---- seeds ----


@tap.test("handfast seed: a file for its owner, never overwritten; --advance keeps what is alive")
def seed_verb():
    path = seed_file("seed.verb", "--period", "60")
    tap.equal(os.stat(path).st_mode & 0o777, 0o600)
    before = Path(path).read_text(encoding="ascii")
    tap.true(re.fullmatch(r"handfast-seed-1 60 \d+ [0-9a-f]{64}\n", before), before)
    tap.equal(tap.run([tap.TOOL, "seed", "--out", path]).returncode, 1)
    tap.equal(Path(path).read_text(encoding="ascii"), before)
    tap.true(tap.run([tap.TOOL, "seed"]).stdout.startswith("handfast-seed-1 3600 "))
    # A seed of long ago: its past is erased, and both still open the same.
    old = certs().path("seed.old")
    begin = int(before.split()[2]) - 500
    Path(old).write_text(before.replace(before.split()[2], str(begin)), encoding="ascii")
    os.chmod(old, 0o600)
    with open(old, "rb") as descriptor:
        done = tap.run([tap.TOOL, "seed", "--advance", "fd:0", "--ticket-lifetime", "120"],
                       stdin=descriptor.read().decode())
    tap.equal(done.returncode, 0, done.stderr)
    tap.true(begin < int(done.stdout.split()[2]) <= int(before.split()[2]), done.stdout)
    server = Server("--ticket-seed", old, "--ticket-lifetime", "120")
    tap.equal(tap.run([tap.TOOL, "seed", "--advance", old, "--ticket-lifetime", "120"]).returncode, 0)
    tap.equal(os.stat(old).st_mode & 0o777, 0o600)
    tap.equal(Path(old).read_text(encoding="ascii"), done.stdout)
    other = Server("--ticket-seed", old, "--ticket-lifetime", "120")
    tap.contains(resume(other, new_session(server), stdin=GET.format("/")), "Reused")


@tap.test("seeds that do not do are refused at the start, each with its reason")
def bad_seeds():
    good = Path(seed_file("seed.good")).read_text(encoding="ascii")
    period = good.split()[2]
    for text, mode, part in [
        ("no seed\n", 0o600, "this is no seed"),
        ("", 0o600, "there is nothing in it"),
        (good[:-10], 0o600, "the seed is damaged"),
        (good.replace(period, str(int(period) + 2)), 0o600, "begins in the future"),
        (good.replace(" 3600 ", " 1 ").replace(period, "5"), 0o600, "periods old"),
        (good, 0o644, "other users can read or change it (mode 644)"),
        (good, 0o660, "other users can read or change it (mode 660)"),
    ]:
        path = Path(certs().path("seed.bad"))
        path.write_text(text, encoding="ascii")
        path.chmod(mode)
        done = tap.run([tap.TOOL, "serve", "--listen", "127.0.0.1:0", "--ticket-seed", path, *certs().pair("ec")])
        tap.equal(done.returncode, 1, done.stderr)
        tap.contains(done.stderr, part)
        tap.absent(done.stderr, good.split()[3])


@tap.test("a seed from the environment and from a descriptor")
def other_places():
    path = seed_file("seed.places")
    text = Path(path).read_text(encoding="ascii")
    server = Server("--ticket-seed", path)
    os.environ["HF_TEST_SEED"] = text
    from_environment = Server("--ticket-seed", "env:HF_TEST_SEED")
    del os.environ["HF_TEST_SEED"]
    session = new_session(server)
    tap.contains(resume(from_environment, session, stdin=GET.format("/")), "Reused")


@tap.test("SIGHUP reads the seed again: the new keys seal, those of before still open; a bad seed changes nothing")
def reload():
    path = Path(seed_file("seed.reload"))
    server = Server("--ticket-seed", path)
    before = new_session(server, "session.before")
    path.write_text(Path(seed_file("seed.next")).read_text(encoding="ascii"), encoding="ascii")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for('"event": "reloaded ticket seed:"')
    other = Server("--ticket-seed", path)
    after = new_session(server, "session.after")
    tap.contains(resume(server, before, stdin=GET.format("/")), "Reused")
    tap.contains(resume(other, after, stdin=GET.format("/")), "Reused")
    tap.contains(resume(other, before, stdin=GET.format("/")), "in full (KEY_UNKNOWN)")
    path.write_text("garbage\n", encoding="ascii")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("this is no seed")
    tap.contains(resume(server, after, stdin=GET.format("/")), "Reused")
    tap.contains(resume(other, new_session(server), stdin=GET.format("/")), "Reused")


def refused(arguments, part):
    done = tap.run([tap.TOOL, "serve", "--listen", "127.0.0.1:0", *certs().pair("ec"), *arguments])
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, part)


for title, arguments, part in [
    ("--tickets 0 with a seed", ["--tickets", "0", "--ticket-seed", "x"], "--tickets 0 turns resumption off"),
    ("a period beside a seed", ["--ticket-seed", "x", "--ticket-period", "5"], "a seed has its own period"),
    ("periods that are too short", ["--ticket-period", "1"], "at most 100 periods"),
    ("a policy without early data", ["--early-policy", "425"], "no early data is taken without --max-early-data"),
    ("an unknown policy", [*EARLY, "--early-policy", "425 "], "no such choice"),
    ("an unknown guard", [*EARLY, "--anti-replay", "remote"], "no such choice"),
    ("a shared seed and nobody named", [*EARLY, "--ticket-seed", "x"], "each would take a replay once"),
    ("a seed that is not there", ["--ticket-seed", "/nowhere/seed"], "No such file"),
    ("a variable that is not set", ["--ticket-seed", "env:HF_NOT_SET"], "the variable is not set"),
]:
    tap.case(f"refused: {title}", refused, arguments, part)


tap.main(needs=["openssl"])
