"""handfast explain: recordings told as text, and files that are none."""
import json
import re

import tap
from pages import of_kind

FULL = tap.ROOT / "test" / "recording" / "full.json"
REFUSED = tap.ROOT / "test" / "recording" / "refused.json"


def explain(*arguments, code=0):
    done = tap.run([tap.TOOL, "explain", *map(str, arguments)])
    tap.equal(done.returncode, code, done.stdout + done.stderr)
    return done.stdout if code == 0 else done.stderr


@tap.test("the overview: what was agreed, each message, and how it ended")
def overview():
    text = explain(FULL)
    for part in ("TLS 1.3", "TLS_AES_128_GCM_SHA256", "x25519", "both ends watched", "with its secrets",
                 "alert close_notify", "closed in good order"):
        tap.contains(text, part)
    recording = json.loads(FULL.read_text(encoding="utf-8"))
    lines = text.splitlines()
    for number, message in enumerate(recording["messages"]):
        line = [one for one in lines if re.match(rf" +{number} +[0-9.]+ ", one)]
        tap.equal(len(line), 1, number)
        tap.contains(line[0], message["name"])
        tap.contains(line[0], f"{message['len']} bytes")
    text = explain(REFUSED)
    for part in ("The server failed", "NO_COMMON_GROUP", "this server allows secp384r1", "RFC 9846, 4.2.1",
                 "alert handshake_failure"):
        tap.contains(text, part)


def demo(mode, *arguments):
    path = tap.directory() / f"{mode}.json"
    done = tap.run([tap.TOOL, "demo", "--rtt", "0", "--mode", mode, "--secrets", "--record", str(path)])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    return explain(path, *arguments)


@tap.test("sessions and early data: what was resumed, what went early, and why it was refused")
def resumption():
    resumed = re.compile(r"^  resumed +with the session of an earlier connection$", re.M)
    text = demo("resumed")
    tap.true(resumed.search(text), text)
    tap.absent(text, "early data")
    text = demo("early-data")
    tap.true(resumed.search(text), text)
    tap.true(re.search(r"^  early data +taken \(0-RTT\)$", text, re.M), text)
    rows = [line.split() for line in text.splitlines() if re.match(r" +(\d+ +)?[0-9.]+  ", line)]
    names = [" ".join(row) for row in rows]
    early = next(i for i, name in enumerate(names) if "early data" in name)
    tap.true("ClientHello" in names[early - 1] and "ServerHello" in names[early + 1], names)
    tap.contains(names[early], "22 bytes, early keys")
    text = demo("replay")
    tap.true(resumed.search(text), text)
    tap.true(re.search(r"^  early data +refused \(REPLAYED\): This first flight, or one with the same binder, was seen "
                       r"before\.$", text, re.M), text)
    tap.contains(text, "or does not speak TLS at all.")
    text = demo("psk")
    tap.true(re.search(r"^  pre-shared key +from outside$", text, re.M), text)
    tap.absent(text, "  resumed")
    for mode in ("tls12-ticket", "tls12-id"):
        text = demo(mode)
        tap.true(resumed.search(text), mode)
        tap.true(re.search(r"^  key exchange +none: the secret of the session again$", text, re.M), text)
    tap.absent(demo("tls12"), "  resumed")
    text = demo("static-rsa")
    tap.true(re.search(r"^  key exchange +RSA, no forward secrecy: who gets the server's key reads this connection$", text, re.M), text)


@tap.test("the key schedule of a session and of a key from outside: the import, and the key of the next ticket")
def keys_before():
    demo("psk")
    text = explain(tap.directory() / "psk.json", "--keys")
    tap.equal(text.count("Imported (RFC 9258, 4.1)"), 2, "one for each hash")
    demo("resumed")
    text = explain(tap.directory() / "resumed.json", "--keys")
    tap.absent(text, "Imported")
    tap.true(re.search(r"^ticket_psk = .*\n +The pre-shared key of one ticket\.$", text, re.M), text)
    tap.absent(text, "without an explanation")


@tap.test("one message: fields with names, values and what they are")
def one_message():
    text = explain(FULL, "--message", 0)
    for part in ("#0 ClientHello, client to server", "legacy_version: TLS 1.2 (0x0303)",
                 "supported_versions (extension 43)", "ProtocolVersion: TLS 1.3 (0x0304)", 'HostName: "localhost"',
                 "GREASE", "RFC 9846, 4.3.8"):
        tap.contains(text, part)
    stderr = explain(FULL, "--message", 99, code=1)
    tap.contains(stderr, "the recording has 7 messages")


@tap.test("all bytes, each once and in its place")
def all_bytes():
    recording = json.loads(FULL.read_text(encoding="utf-8"))
    for number, message in enumerate(recording["messages"]):
        text = explain(FULL, "--message", number, "--bytes")
        rows = re.findall(r"^ +(\d+)  ((?:[0-9a-f]{2} )+)", text, re.M)
        shown = bytes.fromhex("".join(row for _, row in rows))
        tap.equal(shown.hex(), message["bytes"], message["name"])
        at = 0
        for offset, row in rows:
            tap.equal(int(offset), at)
            at += len(row) // 3


@tap.test("the proofs are computed again, and one that was forged is found out")
def proofs():
    text = explain(FULL, "--keys")
    tap.contains(text, "Proofs, computed again")
    tap.equal(re.findall(r"#(\d) (\w+) of the (\w+): equal", text), [("5", "Finished", "server"), ("6", "Finished", "client")])
    forged = json.loads(FULL.read_text(encoding="utf-8"))
    digits = forged["messages"][5]["bytes"]
    forged["messages"][5]["bytes"] = digits[:-1] + f"{int(digits[-1], 16) ^ 1:x}"
    path = tap.directory() / "forged.json"
    path.write_text(json.dumps(forged), encoding="utf-8")
    text = explain(path, "--keys")
    tap.contains(text, "#5 Finished of the server: NOT EQUAL")


@tap.test("a resumed session with early data: its flight, who decides, and the binder")
def resumed():
    path = tap.directory() / "resumed.json"
    path.write_text(json.dumps(of_kind("resumed with early data")), encoding="utf-8")
    text = explain(path)
    for part in ("with the session of an earlier connection", "taken (0-RTT)", "EndOfEarlyData"):
        tap.contains(text, part)
    tap.true(re.search(r"ClientHello .*\n +[0-9.]+ +early data .* 2\d bytes, early keys\n +1 ", text), text)
    tap.contains(explain(path, "--keys"), "#0 binder of the client: equal")
    why = explain(path, "--why")
    tap.contains(why, "client, psk: session: the server's choice")
    tap.absent(why, "none was good")


@tap.test("the key schedule, with and without its values")
def keys():
    recording = json.loads(FULL.read_text(encoding="utf-8"))
    text = explain(FULL, "--keys")
    for step in recording["schedule"]["steps"]:
        tap.contains(text, f"{step['id']} = {step['op']}")
        tap.contains(text, step["output"])
    tap.contains(text, "the hash of messages #0 to #1")
    path = tap.directory() / "redacted.json"
    tap.equal(tap.run([tap.TOOL, "demo", "--mode", "full", "--record", str(path)]).returncode, 0)
    text = explain(path, "--keys")
    tap.contains(text, "made without --secrets")
    tap.contains(text, "main_secret = Extract")


@tap.test("decisions with the candidates that lost")
def why():
    text = explain(REFUSED, "--why")
    tap.contains(text, "server, group: none was good")
    tap.true(re.search(r"no +secp384r1: \S+", text), text)
    tap.contains(explain(FULL, "--why"), "Moves of the machines")
    signs = "fits the key and the client's list"
    tap.contains(demo("tls12", "--why"), signs)
    tap.absent(demo("static-rsa", "--why"), signs)  # nothing is signed there


@tap.test("files that are no recording are named for what they are")
def bad_files():
    def written(name, text):
        path = tap.directory() / name
        path.write_text(text, encoding="utf-8")
        return path

    whole = FULL.read_text(encoding="utf-8")
    tap.contains(explain(written("cut.json", whole[:5000]), code=1), "is cut off: it ends after 5000 bytes")
    later = whole.replace('"version": 1,', '"version": 7,', 1)
    tap.contains(explain(written("later.json", later), code=1), "version 7; this program reads version 1")
    tap.contains(explain(written("other.json", '{"log": {}}'), code=1), "is JSON, but not a recording")
    tap.contains(explain(written("text.json", "hello"), code=1), "is not a recording: not JSON")
    tap.contains(explain(written("empty.json", ""), code=1), "is empty")
    tap.contains(explain(tap.directory() / "none.json", code=1), "No such file")
    for shares, part in ((7, "key_shares has a value that it cannot have"),
                         ([{"end": "client", "group": 29, "group_name": "x", "random": "zz", "at_ns": 0}], "key_shares/0/random has"),
                         ([{"end": "nobody", "group": 29, "group_name": "x", "random": "", "at_ns": 0}], "key_shares/0/end has")):
        damaged = dict(json.loads(whole), key_shares=shares)
        tap.contains(explain(written("shares.json", json.dumps(damaged)), code=1), part)
    deep = '{"format": "handfast-recording", "version": 1, "x": ' + "[" * 100000
    tap.contains(explain(written("deep.json", deep), code=1), "is not a recording")


@tap.test("a file of any size: only so much of it is read")
def huge():
    path = tap.directory() / "huge.json"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room
    tap.contains(explain(path, code=1), "File too large")
    done = tap.run([tap.TOOL, "view", path])
    tap.equal((done.returncode, done.stdout), (1, ""))
    tap.contains(done.stderr, "File too large")


@tap.test("hostile text in a recording does nothing to a terminal")
def hostile():
    recording = json.loads(FULL.read_text(encoding="utf-8"))
    evil = "\x1b]0;gone\x07\u202e<script>"

    def poison(value):
        if isinstance(value, dict):
            return {key: evil if isinstance(one, str) and key in ("title", "text", "name", "reason", "detail", "maker",
                                                                 "address", "group_name", "label", "key_log", "id") else poison(one)
                    for key, one in value.items()}
        return [poison(one) for one in value] if isinstance(value, list) else value

    recording["key_shares"] = [{"end": "client", "group": 29, "group_name": evil, "random": "00", "at_ns": 0}]
    path = tap.directory() / "evil.json"
    path.write_text(json.dumps(poison(recording)), encoding="utf-8")
    for options in ((), ("--message", 0), ("--bytes",), ("--keys",), ("--why",)):
        text = explain(path, *options)
        tap.true(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), options)


tap.main()
