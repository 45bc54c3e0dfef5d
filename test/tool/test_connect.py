"""connect: the pipe, what it explains, how it fails, and that nothing a peer writes reaches the terminal alive."""
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import termios
import threading
import time

import tap
from tooling import LIMIT, Serve, certs, connect, connect_json, wait_until


def peer(behave, cert="ec", alpn=None):
    """A TLS server of Python's: behave(connection) is run for one client. Returns its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs().cert(cert), certs().key(cert))
    if alpn:
        context.set_alpn_protocols(alpn)
    return raw_peer(lambda raw: behave(context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)))


def raw_peer(behave):
    """A TCP server: behave(socket) is run for one client. Returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(LIMIT)

    def serve():
        raw, _ = listener.accept()
        with raw, listener:
            raw.settimeout(LIMIT)
            try:
                behave(raw)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def start(port, *options, **streams):
    return subprocess.Popen([tap.TOOL, "connect", "--ca", certs().ca, *options, f"localhost:{port}"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **streams)


@tap.test("--ipv4 and --ipv6: the other kind of address is not tried")
def families():
    four, six = Serve(), Serve(listen=("[::1]:0",))
    for option, good, host, other, other_host in (("--ipv4", four, "127.0.0.1", six, "[::1]"),
                                                  ("--ipv6", six, "[::1]", four, "127.0.0.1")):
        tap.equal(connect_json(good.port, option, host=host)[0], 0, option)
        code, told = connect_json(other.port, option, host=other_host)
        tap.equal(code, 2, told)


def clear_then_tls(talk, tls=True):
    """Says each answer in the clear, hearing a line before each but the first; then TLS, if so, in which it says "hi"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs().cert("ec"), certs().key("ec"))
    heard = []

    def behave(raw):
        for i, answer in enumerate(talk):
            if i > 0:
                heard.append(raw.recv(200).decode("ascii"))
            raw.sendall(answer)
        if tls:
            with context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False) as connection:
                connection.sendall(b"hi")
                connection.unwrap()
        else:
            while raw.recv(200):  # until the client goes
                pass

    return raw_peer(behave), heard


@tap.test("--starttls: TLS is asked for in the clear, as each protocol does it")
def starttls():
    for protocol, talk, asked in (
            ("smtp", [b"220-a\r\n220 b\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\n"], ["EHLO localhost\r\n", "STARTTLS\r\n"]),
            ("imap", [b"* OK ready\r\n", b"* BYTES\r\na OK go\r\n"], ["a STARTTLS\r\n"]),
            ("pop3", [b"+OK ready\r\n", b"+OK go\r\n"], ["STLS\r\n"]),
            ("ftp", [b"220 ready\r\n", b"234 go\r\n"], ["AUTH TLS\r\n"])):
        port, heard = clear_then_tls(talk)
        done = connect(port, "--starttls", protocol)
        tap.equal((done.returncode, done.stdout, heard), (0, "hi", asked), f"{protocol}: {done.stderr}")
        port, heard = clear_then_tls(talk)
        done = tap.run([tap.TOOL, "certs", "--ca", certs().ca, "--starttls", protocol, f"localhost:{port}"])
        tap.equal((done.returncode, heard), (0, asked), f"{protocol}: {done.stderr}")


@tap.test("--starttls: a server that says no, more than it should, or nothing")
def starttls_refused():
    for talk, words in (([b"220 a\r\n", b"250 a\r\n", b"454 not\x1b[31m now\r\n"], "it says '454 not"),
                        ([b"220 a\r\n", b"250 a\r\n", b"220 go\r\n250 injected\r\n"], "goes on in the clear"),
                        ([b"HTTP/1.1 400 Bad Request\r\n"], "it says 'HTTP/1.1 400"),
                        ([b"220 a\r\n", b"250 a\r\n"], "no answer in time")):
        patience = ["--timeout", "1"] if words == "no answer in time" else []
        done = connect(clear_then_tls(talk, tls=False)[0], "--starttls", "smtp", *patience)
        tap.equal(done.returncode, 2, done.stderr)
        tap.contains(done.stderr, words)
        tap.absent(done.stderr, "\x1b")
    port = raw_peer(lambda raw: (raw.sendall(b"220 a\r\n"), raw.recv(200)))  # and closes, with nothing left to read
    tap.contains(connect(port, "--starttls", "smtp").stderr, "it closed the connection")
    tap.contains(connect(Serve().port, "--starttls", "smtp", "--timeout", "1").stderr, "no answer in time")


@tap.test("--sigalgs-cert: said in the hello, apart from the signatures of the handshake")
def certificate_signatures():
    done = connect(Serve().port, "--explain", "--sigalgs-cert", "rsa_pkcs1_sha256")
    tap.contains(done.stderr, "signature_algorithms_cert")
    tap.absent(connect(Serve().port, "--explain").stderr, "signature_algorithms_cert")


# ---- the pipe ----


@tap.test("a pipe both ways, of any bytes, larger than any buffer")
def large():
    data = os.urandom(1 << 20) * 24
    done = connect(Serve("--echo").port, "--quiet", stdin=data, timeout=60)
    tap.equal((done.returncode, done.stderr), (0, b""))
    tap.equal(len(done.stdout), len(data))
    tap.true(done.stdout == data, "the same bytes")


@tap.test("a pipe whose two ends are both always full does not stall")
def full_both_ways():
    command = [tap.TOOL, "connect", "--quiet", "--ca", certs().ca, f"localhost:{Serve('--echo').port}"]
    done = tap.run(["sh", "-c", 'head -c 300000000 /dev/zero | "$@" | wc -c', "sh", *command], timeout=60)
    tap.equal((done.stdout.strip(), done.stderr), ("300000000", ""))


@tap.test("stdin may be a file, /dev/null, closed; a closed stdout is an error")
def inputs():
    server = Serve("--echo")
    path = certs().path("input")
    with open(path, "wb") as out:
        out.write(b"0123456789" * 100000)
    command = [tap.TOOL, "connect", "--quiet", "--ca", certs().ca, f"localhost:{server.port}"]
    with open(path, "rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, timeout=LIMIT, check=False)
    tap.equal((done.returncode, len(done.stdout)), (0, 1000000), done.stderr)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
    tap.equal((done.returncode, done.stdout), (0, b""), done.stderr)
    done = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, timeout=LIMIT, check=False)
    tap.equal((done.returncode, done.stdout), (0, b""), done.stderr)
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], input=b"x", capture_output=True, timeout=LIMIT,
                          check=False)
    tap.equal(done.returncode, 8, done.stderr)
    tap.contains(done.stderr.decode(), "standard output: Bad file descriptor")


@tap.test("stdout may be a file")
def output_file():
    path = certs().path("output")
    with open(path, "wb") as out:
        done = subprocess.run([tap.TOOL, "connect", "--quiet", "--ca", certs().ca,
                               f"localhost:{Serve('--echo').port}"],
                              input=b"x" * 300000, stdout=out, stderr=subprocess.PIPE, timeout=LIMIT, check=False)
    tap.equal((done.returncode, os.path.getsize(path)), (0, 300000), done.stderr)


@tap.test("the pipes that we were given stay blocking for others")
def flags_stay():
    read_end, write_end = os.pipe()
    process = subprocess.Popen([tap.TOOL, "connect", "--quiet", "--ca", certs().ca,
                                f"localhost:{Serve('--echo').port}"], stdin=read_end, stdout=subprocess.DEVNULL)
    time.sleep(0.2)
    tap.true(os.get_blocking(read_end), "while it runs")
    os.close(write_end)
    tap.equal(process.wait(LIMIT), 0)
    tap.true(os.get_blocking(read_end), "after it")
    os.close(read_end)


@tap.test("half close: the end of stdin is told, what the peer still sends arrives")
def half_close():
    def behave(connection):
        data = b""
        while True:
            try:
                part = connection.recv(100)
            except ssl.SSLZeroReturnError:
                break
            if not part:
                break
            data += part
        time.sleep(0.2)
        connection.sendall(b"you said " + data)
        connection.unwrap()

    done = connect(peer(behave), "--quiet", stdin="hello")
    tap.equal((done.returncode, done.stdout), (0, "you said hello"), done.stderr)


@tap.test("the other half: the peer closes its direction first, ours goes on")
def peer_half_close():
    got = []

    def behave(connection):
        connection.sendall(b"that was all")
        try:
            # Python's unwrap waits for the answer, so the data after it is what it complains about.
            connection.unwrap()
        except ssl.SSLError as error:
            got.append(str(error))

    process = start(peer(behave), "--quiet")
    tap.equal(process.stdout.read(12), b"that was all")
    time.sleep(0.1)
    process.stdin.write(b"and ours")
    process.stdin.close()
    tap.equal(process.wait(LIMIT), 0, process.stderr.read())
    wait_until(lambda: got, "the peer sees data after its close_notify")
    tap.contains(got[0].lower(), "application data after close notify")


@tap.test("a slow reader of stdout holds the peer, not our memory")
def slow_reader():
    server = Serve("--echo")
    process = start(server.port, "--quiet")
    threading.Thread(target=feed, args=(process, 64 << 20), daemon=True).start()
    time.sleep(1)
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    process.kill()
    process.wait()
    tap.true(resident < 48 * 1024, f"connect holds {resident} kB")


def feed(process, size):
    try:
        for _ in range(size >> 16):
            process.stdin.write(b"x" * 65536)
    except OSError:
        pass


@tap.test("a reader that has enough (| head) ends it silently")
def enough():
    server = Serve("--echo")
    process = start(server.port, "--quiet")
    process.stdin.write(b"line\n" * 1000)
    process.stdin.flush()
    process.stdout.read(5)
    process.stdout.close()
    try:
        for _ in range(100):
            process.stdin.write(b"line\n" * 1000)
            process.stdin.flush()
            time.sleep(0.01)
    except BrokenPipeError:
        pass
    tap.equal(process.wait(LIMIT), 8)
    tap.equal(process.stderr.read(), b"")


# ---- what is told ----


@tap.test("the explanation: facts, chain, verdict, times, on stderr")
def explanation():
    done = connect(Serve("--alpn", "h2").port, "--alpn", "h2", stdin="")
    tap.equal((done.returncode, done.stdout), (0, ""))
    for part in ("TLS 1.3", "X25519MLKEM768 (safe from quantum computers)", "ecdsa_secp256r1_sha256", "h2",
                 "0  CN=ec", "localhost, 127.0.0.1, ::1", "issued by  CN=Test CA", "days left", "ECDSA P-256",
                 "believed: leads to an authority of --ca, is for localhost", "in 1 round trip"):
        tap.contains(done.stderr, part)
    tap.absent(done.stderr, "\x1b")


@tap.test("--explain draws and tells; --secrets only when asked")
def explain():
    server = Serve()
    done = connect(server.port, "--explain")
    for part in ("ClientHello", "─▶│ clear", "│◀─", "handshake keys", "RFC 9846, 4.5.2", "verify_chain",
                 "the server's choice", "C13_READ_FINISHED"):
        tap.contains(done.stderr, part)
    tap.absent(done.stderr, "TRAFFIC_SECRET")
    done = connect(server.port, "--secrets")
    tap.true(re.search(r"CLIENT_TRAFFIC_SECRET_0 +[0-9a-f]{64}", done.stderr), done.stderr)
    code, told = connect_json(server.port, "--explain", "--secrets")
    tap.equal((code, told["messages"][0]["name"]), (0, "ClientHello"))
    tap.true(any(item["label"] == "EXPORTER_SECRET" for item in told["secrets"]))
    tap.true(any(item["about"] == "peer's certificate" for item in told["decisions"]))


@tap.test("--json is the whole of stdout, also when it fails")
def as_json():
    server = Serve()
    code, told = connect_json(server.port)
    tap.equal((code, told["ok"], told["error"], told["connected"]), (0, True, None, True))
    tap.equal((told["host"], told["port"], told["address"]), ("localhost", server.port, f"127.0.0.1:{server.port}"))
    tap.true(told["times_us"]["handshake"] > 0 and told["round_trips"] == 1)
    tap.equal((told["verdict"]["checked"], told["verdict"]["accepted"]), (True, True))
    tap.equal(told["offers"]["server"]["groups"], [])
    tap.equal(told["offers"]["client"]["key_shares"][-2:], ["X25519MLKEM768", "x25519"])
    done = connect(server.port, "--json", "--groups", "ffdhe3072")
    tap.equal((done.returncode, done.stderr), (4, ""))
    told = json.loads(done.stdout)
    tap.equal((told["ok"], told["error"]["alert"], told["connected"]), (False, "handshake_failure", False))


@tap.test("IPv6 in brackets and bare; an address is verified as one")
def ipv6():
    server = Serve(listen=("[::1]:0",))
    done = connect(server.port, host="[::1]")
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stderr, f"[::1]:{server.port}")
    code, told = connect_json(server.port, host="[::1]")
    tap.equal((code, told["connection"]["server_name"]), (0, None))


@tap.test("--sni, --verify-name, --insecure, --time-at")
def identity():
    server = Serve()
    for options, code, name in [
        (["--sni", "none"], 0, None),
        (["--sni", "other.test"], 5, "CERTIFICATE_NAME"),
        (["--sni", "other.test", "--verify-name", "localhost"], 0, None),
        (["--sni", "other.test", "--insecure"], 0, None),
        (["--time-at", "1000000000"], 5, "CERTIFICATE_NOT_YET_VALID"),
        (["--time-at", "4000000000"], 5, "CERTIFICATE_EXPIRED"),
    ]:
        got, told = connect_json(server.port, *options)
        tap.equal((got, told["error"] and told["error"]["name"]), (code, name), options)
        if options == ["--time-at", "1000000000"]:
            tap.contains(told["error"]["sentence"], "This machine's clock looks wrong")
            tap.equal(told["error"]["fix"], "Set the clock of this machine.")
    done = connect(server.port, "--insecure", ca=False)
    tap.contains(done.stderr, "NOT verified (--insecure)")
    tap.equal(connect(server.port, ca=False).returncode, 5)


@tap.test("hostile names in certificates and protocols are inert")
def hostile():
    server = Serve("--alpn", "\x1b[2Jevil", cert="hostile")
    for options in (["--explain"], ["--explain", "--json"]):
        done = connect(server.port, "--alpn", "\x1b[2Jevil", *options)
        tap.equal(done.returncode, 0, done.stderr)
        told = done.stdout + done.stderr
        tap.contains(told, "ev\\x1b[31mil" if "--json" not in options else "ev\\\\x1b[31mil")
        tap.contains(told, "202e")
        for character in told:
            tap.true(character == "\n" or (character >= " " and character not in "\x7f\u202e"), repr(character))
    tap.absent(server.log(), "\x1b")


# ---- failures ----


def fails(port, code, *parts, options=(), **more):
    done = connect(port, *options, **more)
    tap.equal(done.returncode, code, done.stderr)
    for part in parts:
        tap.contains(done.stderr, part)
    return done


@tap.test("nobody there")
def unreachable():
    fails(tap.free_port(), 2, "cannot connect to localhost", "connection refused", "what to do")
    fails(443, 2, "cannot find no-such-host.invalid", host="no-such-host.invalid")


@tap.test("the next address is tried when the first does not answer")
def next_address():
    # localhost is both ::1 and 127.0.0.1; the server listens on one of them.
    for listen in ("127.0.0.1:0", "[::1]:0"):
        if listen.startswith("[") and not any(
                entry[4][0] == "::1" for entry in socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM)):
            continue
        fails(Serve(listen=(listen,)).port, 0, "at " + listen[:-2])


@tap.test("a server that does not speak TLS")
def plain_http():
    port = raw_peer(lambda raw: (raw.recv(10), raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), time.sleep(0.2)))
    fails(port, 3, "not TLS", "another protocol", "Check the port")


@tap.test("a server that hangs up")
def hangs_up():
    fails(raw_peer(lambda raw: raw.recv(10)), 4, "closed the connection during the handshake")


@tap.test("a server that says nothing")
def silent():
    started = time.monotonic()
    fails(raw_peer(lambda raw: time.sleep(5)), 2, "did not finish the handshake in 1 s", options=["--timeout", "1"])
    tap.true(time.monotonic() - started < 4)


@tap.test("a server of TLS 1.2 only")
def old_server():
    def behave(raw):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs().cert("ec"), certs().key("ec"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.wrap_socket(raw, server_side=True)

    fails(raw_peer(behave), 4, "alert protocol_version (70)", "we offered", "TLS 1.3", options=["--tls", "1.3"])


@tap.test("TLS 1.2, by wish and because the other end has no more")
def tls12():
    for ours, theirs in (("1.2", "1.2-1.3"), ("1.2-1.3", "1.2"), ("1.2", "1.2")):
        server = Serve("--tls", theirs)
        done = connect(server.port, "--tls", ours, "--explain", "--http", "/")
        tap.equal(done.returncode, 0, done.stderr)
        tap.contains(done.stderr, "TLS 1.2")
        tap.contains(done.stderr, "in 2 round trips")
        tap.contains(done.stderr, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
        tap.contains(done.stderr, "the client's half of the key exchange")


@tap.test("RSA key transport: only by name, and never without a warning")
def key_transport():
    suite = "TLS_RSA_WITH_AES_128_GCM_SHA256"
    server = Serve("--tls", "1.2", "--ciphers", suite, cert="rsa")
    done = connect(server.port, "--ciphers", suite, "--explain", "--http", "/")
    tap.equal(done.returncode, 0, done.stderr)
    for part in ("handfast: warning: RSA key transport has no forward secrecy", "NO forward secrecy", suite):
        tap.contains(done.stderr, part)
    done = fails(server.port, 4, "handshake_failure", options=["--tls", "1.2"])
    tap.true("warning" not in done.stderr, done.stderr)


@tap.test("an alert: who refused whom, and what we offered")
def alert():
    done = fails(Serve("--groups", "secp384r1").port, 4, "The server refused the handshake", "handshake_failure (40)",
                 "the server refused this client", "we offered", "ffdhe2048", "Widen", "RFC 9846, 6.2",
                 options=["--groups", "ffdhe2048"])
    tap.true(len(done.stderr.splitlines()) < 30, done.stderr)


@tap.test("the stream is cut off after the handshake")
def truncated():
    def behave(connection):
        connection.sendall(b"part of the tru")
        connection.shutdown(socket.SHUT_RDWR)

    done = fails(peer(behave), 6, "without close_notify")
    tap.equal(done.stdout, "part of the tru")


@tap.test("bytes are changed on the way")
def tampered():
    server = Serve("--echo")

    def behave(raw):
        flights = 0
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            while True:
                for ready in select.select([raw, onward], [], [], LIMIT)[0]:
                    data = bytearray(ready.recv(65536))
                    if not data:
                        return
                    flights += ready is raw
                    if ready is onward and flights > 1:  # the handshake is over
                        data[5] ^= 1
                    (raw if ready is onward else onward).sendall(data)

    done = fails(raw_peer(behave), 6, "could not be decrypted", options=["--quiet"], stdin="hello")
    tap.equal(done.stdout, "")


@tap.test("--quiet fails in one sentence")
def quiet():
    done = fails(Serve().port, 5, options=["--quiet", "--sni", "other.test"])
    tap.true(len(done.stderr.splitlines()) <= 2, done.stderr)


# ---- signals ----


@tap.test("Ctrl-C in the pipe, while connecting, and in the handshake: 130 and silence")
def interrupted():
    server = Serve("--echo")
    idle = server.port
    stuck = raw_peer(lambda raw: time.sleep(3))
    for port in (idle, stuck):
        process = start(port)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        tap.equal(process.wait(LIMIT), 130)
        tap.absent(process.stderr.read().decode(), "handfast connect:")
    server.wait_for("0 records, closed\n")  # with close_notify, that is
    process = start(idle)
    time.sleep(0.3)
    process.terminate()
    tap.equal(process.wait(LIMIT), 143)


@tap.test("Ctrl-C on a terminal leaves it as it was")
def terminal():
    port = Serve("--echo").port
    child, controlling = pty.fork()
    if child == 0:
        os.execv(tap.TOOL, [tap.TOOL, "connect", "--ca", certs().ca, f"localhost:{port}"])
    before = termios.tcgetattr(controlling)
    seen = b""
    while b"times" not in seen:
        seen += os.read(controlling, 65536)
    os.write(controlling, b"typed\n")
    while seen.count(b"typed") < 2:  # the terminal's echo, and the server's
        seen += os.read(controlling, 65536)
    os.write(controlling, b"\x03")
    _, status = os.waitpid(child, 0)
    tap.equal(os.waitstatus_to_exitcode(status), 130)
    tap.equal(termios.tcgetattr(controlling), before)
    os.close(controlling)


tap.main()
