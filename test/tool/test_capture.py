"""handfast explain --pcap: captures of other programs' connections, opened with their key log, and all that may be
wrong with a capture."""
import re
import shutil
import subprocess
import time

import pcap
import recordings
import tap
from tooling import LIMIT, certs, wait_until

NAMES13 = ["ClientHello", "ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify", "Finished",
           "Finished"]
_made = {}


def openssl(*options, server=(), cert="ec"):
    """One connection of openssl's client to openssl's server: what each sent, and the path of the key log."""
    key = (options, tuple(server), cert)
    if key not in _made:
        log = tap.directory() / f"openssl{len(_made)}.log"
        port = tap.free_port()
        peer = tap.start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certs().cert(cert), "-key",
                          certs().key(cert), "-num_tickets", "1", "-rev", *server])
        wait_until(lambda: "ACCEPT" in peer.log.read_text(errors="replace") or peer.poll() is not None,
                   "openssl does not serve")
        relay = pcap.Recorder(port)
        client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", "-servername",
                                 "localhost", "-CAfile", certs().ca, "-keylogfile", str(log), "-quiet",
                                 "-no_ign_eof", *options], input=b"hello\n", capture_output=True, timeout=LIMIT,
                                check=False)
        tap.true(relay.done.wait(LIMIT), client.stderr)
        tap.true(log.exists(), client.stderr)
        peer.terminate()
        peer.wait(LIMIT)
        _made[key] = (relay.log, log)
    return _made[key]


def write(packets, name="capture.pcap", cut=0, **options):
    capture = pcap.Capture(**options)
    for packet in packets:
        capture.add(packet)
    return capture.write(tap.directory() / name, cut)


def explain(path, *options, code=0):
    done = tap.run([tap.TOOL, "explain", "--pcap", str(path), *map(str, options)])
    tap.equal(done.returncode, code, done.stdout + done.stderr)
    return done.stdout if code == 0 else done.stderr


def record(path, *options):
    out = tap.directory() / "capture.json"
    explain(path, "--record", out, *options)
    return recordings.load(out)


@tap.test("openssl with openssl, opened by the key log: the same secrets, all of it recomputed")
def opened():
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        log, keys = openssl("-tls1_3", "-ciphersuites", suite)
        path = write(pcap.relayed(log))
        recording = record(path, "--keylog", keys, "--secrets")
        tap.equal([message["name"] for message in recording["messages"]][:7], NAMES13)
        tap.contains([message["name"] for message in recording["messages"]], "NewSessionTicket")
        tap.equal(recording["summary"]["cipher_suite_name"], suite)
        tap.equal(recording["summary"]["server_name"], "localhost")
        tap.equal(recording["source"], "pcap")
        tap.true(not any(end["observed"] for end in recording["ends"].values()))
        theirs = recordings.read_key_log(keys)
        mine = recordings.key_log(recording)
        tap.equal({label: mine[label] for label in theirs}, theirs)
        tap.true(recordings.recompute(recording) >= 15)
        tap.equal(recordings.finished_holds(recording), 2)
        tap.true(all(item["opened"] for item in recording["records"]))


@tap.test("as text: what is asked for, and no secret without --secrets")
def text():
    log, keys = openssl("-tls1_3")
    path = write(pcap.relayed(log))
    overview = explain(path, "--keylog", keys)
    for part in ("neither end watched", "192.0.2.1:40000 to 192.0.2.2:443", "EncryptedExtensions", "redacted"):
        tap.contains(overview, part)
    secrets = recordings.read_key_log(keys)
    hidden, shown = explain(path, "--keylog", keys, "--keys"), explain(path, "--keylog", keys, "--keys", "--secrets")
    for secret in secrets.values():
        tap.absent(hidden, secret)
    tap.contains(shown, secrets["SERVER_HANDSHAKE_TRAFFIC_SECRET"])


@tap.test("without a key log: what travels in the clear, the rest stays closed")
def closed():
    log, _ = openssl("-tls1_3")
    recording = record(write(pcap.relayed(log)))
    tap.equal([message["name"] for message in recording["messages"]], ["ClientHello", "ServerHello"])
    tap.true(any(not item["opened"] for item in recording["records"]))
    tap.equal(recording["end"]["kind"], "unfinished")


@tap.test("packets in any order, twice, in pieces of one byte, with wrapped sequence numbers: the same recording")
def disorder():
    log, keys = openssl("-tls1_3")
    want = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
    connection = pcap.Connection(starts=(2**32 - 100, 2**32 - 700))
    small = connection.open()
    for end, data in log:
        small += connection.send(end, data, size=1)
    plain = pcap.relayed(log)
    twice = [packet for packet in plain for _ in (1, 2)]
    swapped = list(plain)
    for at in range(3, len(swapped) - 3, 2):
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    for name, packets in (("small", small), ("twice", twice), ("swapped", swapped)):
        got = record(write(packets), "--keylog", keys, "--secrets")
        tap.equal([message["bytes"] for message in got["messages"] if message["from"] == "server"],
                  [message["bytes"] for message in want["messages"] if message["from"] == "server"], name)
        tap.equal(sorted(recordings.key_log(got).items()), sorted(recordings.key_log(want).items()), name)


@tap.test("Ethernet with and without VLAN tags, raw IP, loopback, cooked; IPv4 and IPv6 with extension headers")
def links():
    log, keys = openssl("-tls1_3")

    def names(packets, **options):
        return [message["name"] for message in record(write(packets, **options), "--keylog", keys)["messages"]][:7]

    for options in ({}, {"vlan": 1}, {"vlan": 2}, {"link": "raw"}, {"link": "null"}, {"link": "sll"}, {"link": "sll2"}):
        tap.equal(names(pcap.relayed(log), **options), NAMES13, options)
    six = pcap.Connection("2001:db8::1", "2001:db8::2")
    six.ip = lambda end, payload: pcap.Connection.ip(six, end, payload, extension=bytes([60, 6, 0, 1, 4, 0, 0, 0, 0]))
    packets = six.open()
    for end, data in log:
        packets += six.send(end, data)
    tap.equal(names(packets), NAMES13)
    tap.contains(explain(write(packets)), "[2001:db8::1]:40000 to [2001:db8::2]:443")
    stderr = explain(write(pcap.relayed(log), link="wifi"), code=1)
    tap.contains(stderr, "a link layer that is not read here")


@tap.test("bytes that were lost: no picture, but which and how many")
def losses():
    log, keys = openssl("-tls1_3")
    packets = pcap.relayed(log)
    with_data = [number for number, packet in enumerate(packets) if len(packet) > 40]
    first_of_server = with_data[1]
    without = packets[:first_of_server] + packets[first_of_server + 1:]
    stderr = explain(write(without), "--keylog", keys, code=1)
    lost = len(packets[first_of_server]) - 40
    # What comes first decides: either the server's bytes have a gap, or it never began.
    tap.true(re.search(rf"has lost {lost} bytes of what the server sent, after its first 0", stderr), stderr)
    stderr = explain(write(packets, snap=200), "--keylog", keys, code=1)
    tap.contains(stderr, "not captured whole (snap length)")
    stderr = explain(write(packets[with_data[0] + 1:]), "--keylog", keys, code=1)
    tap.contains(stderr, "holds no TLS connection from its start")
    fragmented = pcap.Connection()
    pieces = fragmented.open() + [fragmented.ip(0, b"\x00" * 64, fragment=0x2000)]
    stderr = explain(write(pieces), code=1)
    tap.contains(stderr, "fragments of IP are not put together")


@tap.test("a file that ends early is read as far as it goes")
def cut():
    log, keys = openssl("-tls1_3")
    packets = pcap.relayed(log)
    recording = record(write(packets, cut=10), "--keylog", keys)
    tap.equal([message["name"] for message in recording["messages"]][:7], NAMES13)
    with_data = [number for number, packet in enumerate(packets) if len(packet) > 40]
    recording = record(write(packets[:with_data[0] + 1]))
    tap.equal([message["name"] for message in recording["messages"]], ["ClientHello"])


@tap.test("several connections: they are listed, and --stream chooses")
def several():
    first, keys = openssl("-tls1_3")
    second, _ = openssl("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384")
    connections = [pcap.Connection(ports=(40001, 443)), pcap.Connection(ports=(40002, 443))]
    flows = []
    for connection, log in zip(connections, (first, second)):
        flow = connection.open()
        for end, data in log:
            flow += connection.send(end, data)
        flows.append(flow)
    mixed = [packet for pair in zip(*flows) for packet in pair] + max(flows, key=len)[min(map(len, flows)):]
    path = write(mixed)
    stderr = explain(path, code=1)
    tap.contains(stderr, "holds 2 TLS connections")
    tap.contains(stderr, "--stream 2   192.0.2.1:40002 to 192.0.2.2:443, localhost")
    tap.equal(len(record(path, "--stream", 1, "--keylog", keys)["messages"]) >= 7, True)
    tap.contains(explain(path, "--stream", 3, code=1), "holds 2 TLS connections")
    stderr = explain(path, "--stream", 2, "--keylog", keys, code=1)
    tap.contains(stderr, "does not have this connection")
    again = connections[0].__class__(ports=(40001, 443), starts=(77777, 88888))
    reused = flows[0] + again.open()
    for end, data in second:
        reused += again.send(end, data)
    tap.contains(explain(write(reused), code=1), "holds 2 TLS connections")


@tap.test("key logs: of another connection, with a wrong secret, or none at all")
def key_logs():
    log, keys = openssl("-tls1_3")
    _, other = openssl("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384")
    path = write(pcap.relayed(log))
    stderr = explain(path, "--keylog", other, code=1)
    random = re.search(r"^\S+ (\S+)", keys.read_text(encoding="ascii").splitlines()[-1]).group(1)
    tap.contains(stderr, f"no line has the client random {random}")
    tap.contains(stderr, "it has lines for 1 others")
    wrong = tap.directory() / "wrong.log"
    lines = keys.read_text(encoding="ascii").splitlines()
    wrong.write_text("\n".join(re.sub(r"[0-9a-f]$", lambda m: "0" if m.group() != "0" else "1", line)
                               for line in lines), encoding="ascii")
    tap.contains(explain(path, "--keylog", wrong, code=1), "does not open: the secret is another one")
    empty = tap.directory() / "empty.log"
    empty.write_text("# nothing\n", encoding="ascii")
    tap.contains(explain(path, "--keylog", empty, code=1), "no line of a key log")
    both = tap.directory() / "both.log"
    both.write_text(other.read_text() + keys.read_text(), encoding="ascii")
    tap.contains(explain(path, "--keylog", both), "EncryptedExtensions")


@tap.test("files that are no captures, and options that do not fit")
def refused():
    path = tap.directory() / "none.pcap"
    path.write_text("hello, this is text", encoding="ascii")
    tap.contains(explain(path, code=1), "is not a capture")
    tap.contains(explain(tap.directory() / "missing.pcap", code=1), "cannot be opened: No such file")
    path.write_bytes(write([]).read_bytes())
    tap.contains(explain(path, code=1), "0 packets")
    done = tap.run([tap.TOOL, "explain"])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "name a recording, or a capture")
    done = tap.run([tap.TOOL, "explain", "x.json", "--keylog", "y"])
    tap.contains(done.stderr, "--keylog is for captures")


@tap.test("a retried handshake and a key update")
def more_of_tls13():
    log, keys = openssl("-tls1_3", "-groups", "X25519:P-384", server=("-groups", "P-384"))
    recording = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
    tap.equal([message["name"] for message in recording["messages"]][:4],
              ["ClientHello", "HelloRetryRequest", "ClientHello", "ServerHello"])
    tap.true(recording["summary"]["retried"] and recording["summary"]["round_trips"] == 2)
    tap.equal(recordings.finished_holds(recording), 2)


def resumed(*options, early=None, again=()):
    """The second of two connections of openssl's client to openssl's server, which resumes the session of the first."""
    session, log = tap.directory() / "session.pem", tap.directory() / "resumed.log"
    for stale in (session, log):
        stale.unlink(missing_ok=True)
    port = tap.free_port()
    peer = tap.start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certs().cert("ec"), "-key", certs().key("ec"),
                      "-num_tickets", "1", "-early_data"], stdin=subprocess.PIPE)
    wait_until(lambda: "ACCEPT" in peer.log.read_text(errors="replace") or peer.poll() is not None, "openssl does not serve")
    client = ["openssl", "s_client", "-servername", "localhost", "-CAfile", certs().ca, *options]
    first = subprocess.Popen([*client, "-connect", f"127.0.0.1:{port}", "-sess_out", str(session)], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: session.exists() and session.stat().st_size > 0, "openssl's client gets no session")
    first.communicate(b"Q\n", LIMIT)
    relay = pcap.Recorder(port)
    if early is not None:
        path = tap.directory() / "early.txt"
        path.write_bytes(early)
        client += ["-early_data", str(path)]
    second = tap.start([*client, "-connect", f"127.0.0.1:{relay.port}", "-sess_in", str(session), "-keylogfile", str(log), *again],
                       stdin=subprocess.PIPE)
    wait_until(lambda: "Verify return code" in second.log.read_text(errors="replace") or second.poll() is not None,
               "openssl's client does not resume")
    second.stdin.write(b"hello\n")
    second.stdin.close()
    tap.true(relay.done.wait(LIMIT), second.log.read_text(errors="replace"))
    peer.terminate()
    peer.wait(LIMIT)
    return relay.log, log, second.log.read_text(errors="replace")


@tap.test("a resumed session, with early data under every suite, opened by the key log")
def resumption():
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        log, keys, told = resumed("-tls1_3", "-ciphersuites", suite, early=b"before the handshake is over\n")
        tap.contains(told, "Early data was accepted")
        recording = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
        names = [message["name"] for message in recording["messages"]]
        tap.equal(names[:6], ["ClientHello", "ServerHello", "EncryptedExtensions", "Finished", "EndOfEarlyData", "Finished"])
        tap.true(recording["summary"]["psk"] and recording["summary"]["early_data"], recording["summary"])
        early = [item for item in recording["records"] if item["level"] == "early"]
        tap.equal([(item["type_name"], item["opened"]) for item in early],
                  [("application_data", True), ("handshake", True)])
        tap.equal(early[0]["plain_len"], len(b"before the handshake is over\n"))
        theirs = recordings.read_key_log(keys)
        tap.equal({label: recordings.key_log(recording)[label] for label in theirs}, theirs)
        tap.contains(theirs, "CLIENT_EARLY_TRAFFIC_SECRET")
        recordings.recompute(recording)
        tap.equal(recordings.finished_holds(recording), 2)
        tap.equal({recording["protections"][item["protection"]]["cipher_suite_name"] for item in early}, {suite})


@tap.test("early data that the server refuses: told as early data, and the rest opens")
def refused_early_data():
    log, keys, told = resumed("-tls1_3", early=b"nobody hears this\n", again=("-ciphersuites", "TLS_AES_128_GCM_SHA256"))
    tap.contains(told, "Early data was rejected")
    recording = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
    tap.true(not recording["summary"]["early_data"] and not recording["summary"]["psk"], recording["summary"])
    early = [item for item in recording["records"] if item["level"] == "early"]
    tap.equal([(item["opened"], item["plain_len"]) for item in early], [(True, len(b"nobody hears this\n"))])
    tap.equal(recording["protections"][early[0]["protection"]]["cipher_suite_name"], "TLS_AES_256_GCM_SHA384")
    tap.equal(recording["summary"]["cipher_suite_name"], "TLS_AES_128_GCM_SHA256")
    tap.equal([message["name"] for message in recording["messages"]].count("Finished"), 2)


@tap.test("a resumed session of TLS 1.2: an abbreviated handshake, opened by the key log")
def resumption12():
    log, keys, told = resumed("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
    tap.contains(told, "Reused")
    recording = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
    names = [message["name"] for message in recording["messages"]]
    tap.equal([name for name in names if name != "NewSessionTicket"], ["ClientHello", "ServerHello", "Finished", "Finished"])
    tap.equal(recordings.key_log(recording)["CLIENT_RANDOM"], recordings.read_key_log(keys)["CLIENT_RANDOM"])
    tap.true(recordings.recompute(recording) >= 1)


@tap.test("TLS 1.2: AEAD suites with the key log's master secret")
def tls12():
    for cert, suite in (("ec", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("ec", "ECDHE-ECDSA-CHACHA20-POLY1305"),
                        ("rsa", "ECDHE-RSA-AES256-GCM-SHA384")):
        log, keys = openssl("-tls1_2", "-cipher", suite, cert=cert)
        recording = record(write(pcap.relayed(log)), "--keylog", keys, "--secrets")
        names = [message["name"] for message in recording["messages"]]
        tap.equal([name for name in names if name != "NewSessionTicket"],
                  ["ClientHello", "ServerHello", "Certificate", "ServerKeyExchange", "ServerHelloDone",
                   "ClientKeyExchange", "Finished", "Finished"])
        tap.equal(recording["summary"]["version_name"], "TLS 1.2")
        tap.equal(recording["summary"]["round_trips"], 2)
        tap.true(recording["summary"]["group_name"], recording["summary"])
        tap.equal(recordings.key_log(recording)["CLIENT_RANDOM"],
                  recordings.read_key_log(keys)["CLIENT_RANDOM"])
        tap.true(recordings.recompute(recording) >= 2)


@tap.test("the server's RSA key opens what was encrypted to it, and tells why it opens nothing else")
def rsa_key():
    key = certs().key("rsa")
    for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384"):
        log, keys = openssl("-tls1_2", "-cipher", suite, server=("-cipher", suite), cert="rsa")
        path = write(pcap.relayed(log))
        recording = record(path, "--rsa-key", key, "--secrets")
        tap.true(recording["summary"]["cipher_suite_name"].startswith("TLS_RSA_WITH_AES_"), recording["summary"])
        names = [message["name"] for message in recording["messages"]]
        tap.equal(names.count("Finished"), 2)
        steps = {step["id"]: step["output"] for step in recording["schedule"]["steps"]}
        tap.equal(steps["master_secret"], recordings.read_key_log(keys)["CLIENT_RANDOM"])
        recordings.recompute(recording)
        stderr = explain(path, "--rsa-key", certs().key("ec"), code=1)
        tap.contains(stderr, "this is no RSA key")
        other = tap.directory() / "other.key"
        subprocess.run(["openssl", "genrsa", "-out", str(other), "2048"], check=True, capture_output=True)
        # Some versions of libcrypto answer a wrong key with random bytes instead of a failure.
        tap.true(re.search(r"was not encrypted to this key|does not open",
                           explain(path, "--rsa-key", other, code=1)), "another server's key")
    log, _ = openssl("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384", cert="rsa")
    stderr = explain(write(pcap.relayed(log)), "--rsa-key", key, code=1)
    tap.contains(stderr, "cannot open this connection (TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)")
    tap.contains(stderr, "forward secrecy")
    log, _ = openssl("-tls1_3", cert="rsa")
    stderr = explain(write(pcap.relayed(log)), "--rsa-key", key, code=1)
    tap.contains(stderr, "cannot open this connection (TLS 1.3)")


@tap.test("suites without an AEAD are named as closed, not guessed at")
def cbc():
    log, keys = openssl("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA", server=("-cipher", "ECDHE-RSA-AES128-SHA"),
                        cert="rsa")
    recording = record(write(pcap.relayed(log)), "--keylog", keys)
    tap.contains(recording["notes"][0]["text"], "not opened here")
    tap.equal([message["name"] for message in recording["messages"]].count("Finished"), 0)


@tap.test("a real capture on loopback")
def real():
    tap.need("dumpcap")
    port, path, keys = tap.free_port(), tap.directory() / "real.pcapng", tap.directory() / "real.log"
    dump = tap.start([shutil.which("dumpcap"), "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(path)])
    deadline = time.monotonic() + 5
    while "File: " not in dump.log.read_text(errors="replace"):
        if dump.poll() is not None or time.monotonic() > deadline:
            tap.skip("loopback cannot be captured here")
        time.sleep(0.02)
    server = tap.start([tap.TOOL, "serve", "--listen", f"127.0.0.1:{port}", *certs().pair("ec"), "--keylog", str(keys)])
    wait_until(lambda: "listening on" in server.log.read_text(errors="replace"), "the server is not ready")
    done = tap.run([tap.TOOL, "connect", "--ca", certs().ca, "--http", "/", "--quiet", f"localhost:{port}"])
    tap.equal(done.returncode, 0, done.stderr)
    time.sleep(0.5)  # until the last packets have gone through the kernel's ring
    dump.terminate()
    dump.wait(LIMIT)
    recording = record(path, "--keylog", keys, "--secrets")
    tap.equal([message["name"] for message in recording["messages"]][:7], NAMES13)
    recordings.recompute(recording)


tap.main()
