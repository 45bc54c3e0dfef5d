"""The flags of serve, each against connect."""
import json
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import tap
from tooling import LIMIT, Serve, certs, connect, connect_json, python_client, read_all, split_answer, wait_until


def page(server, *options, **more):
    """Asks for the page's JSON; returns what connect tells."""
    code, told = connect_json(server.port, "--http", "/json", *options, **more)
    return code, told


def agreed(server_options, client_options, expected):
    server = Serve(*server_options)
    code, told = page(server, *client_options)
    tap.equal(code, 0, told)
    for key, value in expected.items():
        tap.equal(told["connection"][key], value, key)


for title, server_options_, client_options_, expected_ in [
    ("defaults", [], [], {"version": "TLS 1.3", "group": "X25519MLKEM768", "post_quantum": True, "alpn": None,
                          "server_name": "localhost", "retried": False, "client_certificate": False}),
    ("--tls", ["--tls", "1.3"], ["--tls", "1.3"], {"version": "TLS 1.3"}),
    ("--ciphers of the server", ["--ciphers", "TLS_AES_256_GCM_SHA384"], [], {"cipher_suite": "TLS_AES_256_GCM_SHA384"}),
    ("--ciphers of the client", [], ["--ciphers", "TLS_CHACHA20_POLY1305_SHA256"],
     {"cipher_suite": "TLS_CHACHA20_POLY1305_SHA256"}),
    ("--groups of the server, with a retry", ["--groups", "secp384r1"], [], {"group": "secp384r1", "retried": True}),
    ("--groups of the client", ["--groups", "x25519,secp521r1"], ["--groups", "secp521r1"],
     {"group": "secp521r1", "retried": False}),
    ("--key-shares", [], ["--groups", "x25519,secp256r1", "--key-shares", "secp256r1"], {"retried": False}),
    ("--key-shares \"\"", [], ["--key-shares", ""], {"retried": True}),
    ("--sigalgs", ["--sigalgs", "ecdsa_secp256r1_sha256"], [], {"signature": "ecdsa_secp256r1_sha256"}),
    ("--alpn", ["--alpn", "h2,http/1.1"], ["--alpn", "http/1.1"], {"alpn": "http/1.1"}),
    ("--stateless-retry", ["--stateless-retry"], [], {"retried": True, "group": "X25519MLKEM768"}),
    ("--compress-certs brotli", ["--compress-certs", "zlib,brotli"], ["--compress-certs", "brotli"],
     {"certificate_compression": "brotli"}),
    ("--compress-certs zlib", ["--compress-certs", "zlib"], ["--compress-certs", "zstd,zlib"],
     {"certificate_compression": "zlib"}),
    ("--record-size-limit of the server", ["--record-size-limit", "1000"], ["--record-size-limit", "64"],
     {"peer_record_size_limit": 1000}),
    ("--padding", ["--padding", "512"], ["--padding", "256"], {"version": "TLS 1.3"}),
    ("--no-grease", [], ["--no-grease"], {"version": "TLS 1.3"}),
    ("--require-ems at both ends", ["--require-ems", "--tls", "1.2"], ["--require-ems"], {"version": "TLS 1.2"}),
    ("--fallback to what the server can", ["--tls", "1.2"], ["--tls", "1.2", "--fallback"], {"version": "TLS 1.2"}),
]:
    tap.case(title, agreed, server_options_, client_options_, expected_)


@tap.test("--fallback below what the server can is a downgrade")
def fallback():
    code, told = page(Serve(), "--tls", "1.2", "--fallback")
    tap.equal((code, told["error"]["name"]), (4, "ALERT_RECEIVED"), told["error"])
    tap.true("inappropriate_fallback" in json.dumps(told["error"]), told["error"])


@tap.test("certificates by name: exact, wildcard, default")
def names():
    server = Serve(*certs().pair("ec"), *certs().pair("other"), *certs().pair("wild"), cert=None)
    for asked, shown in (("localhost", "CN=ec"), ("other.test", "CN=other"), ("a.wild.test", "CN=wild")):
        code, told = page(server, "--sni", asked)
        tap.equal((code, told["chain"][0]["subject"]), (0, shown), asked)
    _, told = page(server, "--sni", "nobody.test", "--insecure")
    tap.equal(told["chain"][0]["subject"], "CN=ec", "the first is the default")
    _, told = page(server, "--sni", "none", "--insecure")
    tap.equal((told["chain"][0]["subject"], told["connection"]["server_name"]), ("CN=ec", None))


@tap.test("two certificates for one name: by what the client can verify")
def by_algorithm():
    server = Serve(*certs().pair("ec"), *certs().pair("rsa"), cert=None)
    for sigalgs, shown in (("ecdsa_secp256r1_sha256", "CN=ec"),
                           ("rsa_pss_rsae_sha256,ecdsa_secp256r1_sha256", None),
                           ("rsa_pss_rsae_sha256,rsa_pkcs1_sha256", "CN=rsa")):
        options = ["--sigalgs", sigalgs] + ([] if shown != "CN=rsa" else ["--insecure"])
        code, told = page(server, *options)
        tap.equal(code, 0, told["error"])
        if shown:
            tap.equal(told["chain"][0]["subject"], shown, sigalgs)


@tap.test("--strict-sni refuses unknown names")
def strict():
    server = Serve("--strict-sni")
    tap.equal(page(server)[0], 0)
    code, told = page(server, "--sni", "nobody.test")
    tap.equal((code, told["error"]["alert"]), (4, "unrecognized_name"))
    server.wait_for("refused: No certificate of this server is for the name")


@tap.test("--client-auth require")
def require():
    server = Serve("--client-auth", "require", "--client-ca", certs().ca)
    code, told = page(server, *certs().pair("client"))
    tap.equal((code, told["connection"]["client_signature"]), (0, "ecdsa_secp256r1_sha256"))
    tap.contains(told["http"]["body"], '"client_certificate": true')
    tap.contains(connect(server.port, "--http", "/", *certs().pair("client")).stdout, "client, believed")
    server.wait_for(", client client, ")
    code, told = page(server)
    tap.equal((code, told["error"]["alert"]), (4, "certificate_required"))
    done = connect(server.port, "--http", "/")
    tap.equal(done.returncode, 4, "also where the alert comes after our Finished")
    tap.contains(done.stderr, "the server refused this client")


def why_believed(server_options, connections):
    """What a server with these options writes down of why it believed each of some connections."""
    pattern = tap.directory() / "believed-%n.json"
    server = Serve("--client-auth", "require", "--client-ca", certs().ca, "--record", str(pattern), *server_options)
    reasons = []
    for number in range(1, connections + 1):
        tap.equal(page(server, *certs().pair("client"))[0], 0)
        path = Path(str(pattern).replace("%n", str(number)))
        wait_until(lambda path=path: path.exists() and path.read_text().endswith("}\n"), f"no {path}", server)
        decisions = json.loads(path.read_text())["decisions"]
        reasons += [candidate["reason"] for decision in decisions if decision["about"] == "certificate"
                    for candidate in decision["candidates"]]
        path.unlink()
    return reasons


@tap.test("a client's chain is believed again, unless --no-chain-cache")
def chain_cache():
    known, again = "trusted through 'Test CA'", "believed before, trusted through 'Test CA'"
    tap.equal(why_believed([], 3), [known, again, again])
    tap.equal(why_believed(["--no-chain-cache"], 2), [known, known])


@tap.test("what was believed is not believed under other authorities")
def cache_and_reload():
    authorities = tap.directory() / "authorities.pem"
    authorities.write_bytes(Path(certs().ca).read_bytes())
    server = Serve("--client-auth", "require", "--client-ca", str(authorities))
    tap.equal([page(server, *certs().pair("client"))[0] for _ in range(2)], [0, 0])
    authorities.write_bytes(Path(certs().cert("rsa")).read_bytes())
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("reloaded certificates: 1")
    code, told = page(server, *certs().pair("client"))
    tap.true(code == 4 and told["error"]["alert"] in ("unknown_ca", "certificate_required"), told["error"])


@tap.test("--client-auth request")
def request():
    server = Serve("--client-auth", "request", "--client-ca", certs().ca)
    for options, shown in (([], "false"), (certs().pair("client"), "true")):
        code, told = page(server, *options)
        tap.equal(code, 0, told["error"])
        tap.contains(told["http"]["body"], f'"client_certificate": {shown}')


@tap.test("a client certificate of nobody's authority is refused")
def stranger():
    other = Serve("--client-auth", "require", "--client-ca", certs().cert("rsa"))
    code, told = page(other, *certs().pair("client"))
    tap.true(code == 4 and told["error"]["alert"] in ("unknown_ca", "certificate_required"), told["error"])


@tap.test("--psk without certificates, with them, and a wrong key")
def psk():
    key = "00112233445566778899aabbccddeeff" * 2
    server = Serve("--psk", f"a:b:{key}", cert=None)
    code, told = page(server, "--psk", f"a:b:{key}")
    tap.equal((code, told["connection"]["psk"], told["chain"]), (0, True, []))
    code, told = page(server, "--psk", f"a:b:{key[:-2]}00")
    tap.equal((code, told["error"]["alert"]), (4, "decrypt_error"))
    code, told = page(server, "--psk", f"stranger:{key}")
    tap.equal((code, told["error"]["alert"]), (4, "unknown_psk_identity"))
    weak = Serve("--psk", f"me:{key}", "--psk-modes", "psk_ke,psk_dhe_ke", cert=None)
    for modes, group in (("psk_ke", None), ("psk-dhe-ke,psk-ke", None), ("psk_dhe_ke", "X25519MLKEM768")):
        code, told = page(weak, "--psk", f"me:{key}", "--psk-modes", modes)
        tap.equal((code, told["connection"]["psk"], told["connection"]["group"]), (0, True, group), modes)
    code, told = page(server, "--psk", f"a:b:{key}", "--psk-modes", "psk_ke")
    tap.equal(code, 4, "never unless both ends ask for it")
    done = tap.run([tap.TOOL, "connect", "--psk", f"me:{key}", "--psk-modes", "psk_ke", f"127.0.0.1:{weak.port}"], stdin="")
    tap.contains(done.stderr, "warning: psk_ke has no forward secrecy")
    tap.contains(done.stderr, "NO forward secrecy")
    both = Serve("--psk", f"me:{key}", "--psk-hash", "384", "--psk-raw")
    code, told = page(both, "--psk", f"me:{key}", "--psk-hash", "384", "--psk-raw")
    tap.equal((code, told["connection"]["psk"], told["connection"]["cipher_suite"]),
              (0, True, "TLS_AES_256_GCM_SHA384"))
    code, told = page(both)
    tap.equal((code, told["connection"]["psk"]), (0, False))


@tap.test("a pre-shared key is imported: for suites of both hashes, in its context, and not as it is")
def psk_imported():
    key = "00112233445566778899aabbccddeeff"
    server = Serve("--psk", f"me:{key}", "--psk-context", "server=s", cert=None)
    for suite in ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"):
        code, told = page(server, "--psk", f"me:{key}", "--psk-context", "server=s", "--ciphers", suite)
        tap.equal((code, told["connection"]["psk"], told["connection"]["cipher_suite"]), (0, True, suite))
    for other in (["--psk-context", "server=t"], ["--psk-raw"], []):
        code, told = page(server, "--psk", f"me:{key}", *other)
        tap.equal((code, told["error"]["alert"]), (4, "unknown_psk_identity"))


@tap.test("--ocsp staples what the file holds, and checks that there is a certificate for it")
def ocsp():
    staple = Path(certs().path("staple.der"))
    staple.write_bytes(bytes.fromhex("30030a0101"))
    code, told = page(Serve("--ocsp", staple))
    tap.equal((code, told["stapled_ocsp_bytes"]), (0, 5))
    tap.equal(page(Serve())[1]["stapled_ocsp_bytes"], 0)
    done = tap.run([tap.TOOL, "serve", "--psk", "a:" + "00" * 16, "--ocsp", staple])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "there is no --cert for it")


@tap.test("--passphrase-file opens an encrypted key")
def passphrase():
    options = ["--cert", certs().cert("ec"), "--key", certs().path("ec.locked.key")]
    server = Serve(*options, "--passphrase-file", certs().path("sesame.txt"), cert=None)
    tap.equal(page(server)[0], 0)
    done = tap.run([tap.TOOL, "serve", *options, "--passphrase-file", certs().ca])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "passphrase")


@tap.test("key and certificate in one file")
def one_file():
    tap.equal(page(Serve("--cert", certs().path("both.pem"), cert=None))[0], 0)


def cannot_serve(options, *parts):
    done = tap.run([tap.TOOL, "serve", "--listen", "127.0.0.1:0", *options])
    tap.equal((done.returncode, done.stdout), (1, ""), done.stderr)
    for part in parts:
        tap.contains(done.stderr, part)
    tap.true(len(done.stderr.splitlines()) <= 2, done.stderr)


@tap.test("bad certificates and keys are told in a sentence")
def bad_files():
    c = certs()
    Path(c.path("noise.pem")).write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                         encoding="ascii")
    Path(c.path("empty.pem")).write_text("", encoding="ascii")
    cannot_serve(["--cert", c.cert("ec")], "--cert", "ec.pem", "there is no --key for it")
    cannot_serve(["--cert", c.cert("ec"), "--key", c.key("rsa")], "ec.pem", "rsa.key", "does not belong")
    cannot_serve(["--cert", c.cert("ec"), "--key", c.cert("ec")], "--key", "ec.pem", "private key")
    cannot_serve(["--cert", c.path("nowhere.pem"), "--key", c.key("ec")], "nowhere.pem", "No such file")
    cannot_serve(["--cert", c.path("noise.pem"), "--key", c.key("ec")], "noise.pem")
    cannot_serve(["--cert", c.path("empty.pem"), "--key", c.key("ec")], "empty.pem", "empty")
    cannot_serve(c.pair("expired"), "expired.pem", "expired", "Renew")
    cannot_serve([*c.pair("ec"), "--cert", c.cert("rsa")], "rsa.pem", "there is no --key for it")
    cannot_serve(["--cert", c.cert("ec"), "--key", c.path("ec.locked.key")], "ec.locked.key", "passphrase")


@tap.test("an expired certificate is served when that is wanted")
def expired():
    server = Serve("--allow-expired", cert="expired")
    code, told = page(server)
    tap.equal((code, told["error"]["name"]), (5, "CERTIFICATE_EXPIRED"))


@tap.test("a port in use")
def port_in_use():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = tap.run([tap.TOOL, "serve", "--listen", f"127.0.0.1:{port}", *certs().pair("ec")])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, f"--listen 127.0.0.1:{port}: address already in use")
    tap.contains(done.stderr, "Choose another port")


@tap.test("several listeners, IPv4 and IPv6")
def listeners():
    server = Serve(listen=("127.0.0.1:0", "127.0.0.1:0", "[::1]:0"))
    ports = server.ports()
    tap.equal(len(set(ports)), 3)
    for port, host in zip(ports, ("127.0.0.1", "127.0.0.1", "[::1]")):
        code, _ = connect_json(port, "--http", "/", "--sni", "localhost", host=host)
        tap.equal(code, 0, host)


@tap.test("without --cert a throw-away authority is made, told, and removed")
def throwaway():
    server = Serve(cert=None)
    authority = re.search(r"^throw-away authority (\S+)$", server.log(), re.M).group(1)
    tap.true(os.path.exists(authority))
    for host in ("localhost", "127.0.0.1"):
        code, told = connect_json(server.port, "--http", "/", "--ca", authority, host=host, ca=False)
        tap.equal((code, len(told["chain"])), (0, 2), host)
    tap.equal(connect_json(server.port, host="localhost", ca=False)[1]["error"]["name"], "CERTIFICATE_UNKNOWN_CA")
    tap.equal(server.stop(), 0)
    tap.true(not os.path.exists(os.path.dirname(authority)), "removed at the end")


@tap.test("--keylog and SSLKEYLOGFILE: a new file is the owner's alone, an old one is added to")
def keylog():
    path = Path(certs().path("serve.keys"))
    server = Serve("--keylog", path)
    page(server)
    wait_until(lambda: path.read_text(encoding="ascii").count("\n") >= 4, "lines in the key log", server)
    tap.equal(stat.S_IMODE(path.stat().st_mode), 0o600)
    first = path.read_text(encoding="ascii")
    for line in first.splitlines():
        tap.true(re.fullmatch(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line), line)
    other = Path(certs().path("connect.keys"))
    other.write_text("# kept\n", encoding="ascii")
    os.chmod(other, 0o640)
    connect(server.port, env={**os.environ, "SSLKEYLOGFILE": str(other)})
    tap.equal(stat.S_IMODE(other.stat().st_mode), 0o640)
    second = other.read_text(encoding="ascii")
    tap.true(second.startswith("# kept\n"))
    wait_until(lambda: path.read_text(encoding="ascii").count("\n") >= 8, "lines of both", server)
    logged = path.read_text(encoding="ascii")[len(first):]
    tap.equal(set(second.splitlines()[1:]), set(logged.splitlines()), "both ends log the same secrets")


@tap.test("SIGHUP reads the certificates again and drops nobody")
def reload():
    c = certs()
    cert, key = Path(c.path("live.pem")), Path(c.path("live.key"))

    def install(name):
        cert.write_bytes(Path(c.cert(name)).read_bytes())
        key.write_bytes(Path(c.key(name)).read_bytes())

    install("ec")
    server = Serve("--cert", cert, "--key", key, "--echo", cert=None)
    old = tap.start([tap.TOOL, "connect", "--quiet", "--ca", c.ca, f"localhost:{server.port}"], stdin=-1)
    old.stdin.write(b"before\n")
    old.stdin.flush()
    tap.wait_for_log(old, "before")
    install("rsa")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("reloaded certificates: 1")
    tap.equal(connect_json(server.port)[1]["chain"][0]["subject"], "CN=rsa")
    key.write_text("broken", encoding="ascii")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for("the certificates stay as they were")
    tap.equal(connect_json(server.port)[1]["chain"][0]["subject"], "CN=rsa")
    old.stdin.write(b"after\n")
    old.stdin.close()
    tap.wait_for_log(old, "after")
    tap.equal(old.wait(10), 0)


def stopped(number):
    server = Serve()
    tap.equal(page(server)[0], 0)
    tap.equal(server.stop(number), 0)
    tap.contains(server.log(), "stopped: 1 handshakes completed, 0 not")


tap.case("SIGTERM ends it in good order", stopped, signal.SIGTERM)
tap.case("Ctrl-C ends it in good order", stopped, signal.SIGINT)


@tap.test("a terminal that goes away ends it")
def terminal_gone():
    child, terminal = pty.fork()
    if child == 0:
        os.execv(tap.TOOL, [tap.TOOL, "serve", "--listen", "127.0.0.1:0", *certs().pair("ec")])
    seen = b""
    while b"listening on" not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    tap.equal(os.waitstatus_to_exitcode(status), 0)


@tap.test("--json: one object a line; --quiet: nothing about connections")
def output():
    import json
    server = Serve("--json")
    page(server)
    page(server, "--groups", "ffdhe2048")
    wait_until(lambda: server.log().count('"connection"') == 2, "two connections", server)
    lines = [json.loads(line) for line in server.log().splitlines()]
    tap.equal([line["event"] for line in lines], ["listening on", "connection", "connection"])
    tap.equal((lines[1]["connected"], lines[1]["requests"], lines[1]["end"], lines[1]["error"]),
              (True, 1, "closed", None))
    tap.equal((lines[2]["connected"], lines[2]["end"], lines[2]["error"]["name"]),
              (False, "refused", "NO_COMMON_GROUP"))
    quiet = Serve("--quiet")
    page(quiet)
    tap.equal(quiet.stop(), 0)
    tap.equal(len(quiet.log().splitlines()), 1, quiet.log())


@tap.test("a client that leaves without close_notify between two requests")
def without_a_word():
    server = Serve()
    client = python_client(server.port)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    client.recv(65536)
    client.close()
    server.wait_for(", 1 request, closed without close_notify\n")


@tap.test("a failed handshake is told with both ends' offers")
def refusal():
    server = Serve("--groups", "secp384r1")
    connect(server.port, "--groups", "x25519")
    server.wait_for("refused: The two ends have no key exchange group in common.")
    tap.contains(server.log(), "x25519")
    tap.contains(server.log(), "secp384r1")


def browse(server, path="/"):
    connection = python_client(server.port)
    connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode())
    _, headers, body, _ = split_answer(read_all(connection))
    found = re.search(r'<script type="application/json" id="recording">(.*?)</script>', body.decode(), re.S)
    return headers, json.loads(found.group(1)) if found else None


@tap.test("/ is the page of the very connection that asks, without secrets")
def own_page():
    server = Serve()
    headers, page = browse(server)
    tap.contains(headers["content-type"], "text/html")
    tap.equal(headers["content-security-policy"], "frame-ancestors 'none'")
    tap.equal((page["kind"], page["lab"], len(page["recordings"])), ("connection", False, 1))
    recording = page["recordings"][0]
    tap.equal(recording["summary"]["server_name"], "localhost")
    tap.equal(recording["end"]["kind"], "connected")
    tap.equal([step["id"] for step in recording["schedule"]["steps"] if step["output"] is not None], [])


@tap.test("--lab: the page has the secrets of its connection; what is written to files has them only with --secrets")
def lab():
    path = tap.directory() / "lab.json"
    server = Serve("--lab", "--record", str(path))
    _, page = browse(server)
    tap.true(page["lab"])
    tap.equal([step["id"] for step in page["recordings"][0]["schedule"]["steps"] if step["output"] is None], [])
    tap.contains(server.log(), "lab: the page of a connection shows its secrets")
    server.stop()
    tap.equal(json.loads(path.read_text(encoding="utf-8"))["secrets"], False)


@tap.test("--lab listens on loopback only")
def lab_elsewhere():
    for address in ("0.0.0.0:0", "[::]:0", "*:0", "10.0.0.1:0"):
        done = tap.run([tap.TOOL, "serve", "--lab", "--listen", "127.0.0.1:0", "--listen", address, *certs().pair("ec")])
        tap.equal(done.returncode, 1, address)
        tap.contains(done.stderr, "--lab shows secrets")
    Serve("--lab", listen=("127.0.0.2:0", "[::1]:0", "localhost:0"))


@tap.test("an empty host is both families, whatever the system's default for IPv6 is")
def both_families():
    inside = ["unshare", "--user", "--map-root-user", "--net", "sh", "-ec",
              "ip link set lo up; echo 1 > /proc/sys/net/ipv6/bindv6only; exec \"$@\"", "sh"]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode != 0:
        tap.skip("no network namespace of IPv6 can be made here")
    asks = "import socket; [socket.create_connection((host, 8443), 5).close() for host in ('::1', '127.0.0.1')]"
    script = """import subprocess, sys
with subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE) as server:
    server.stdout.readline()
    done = subprocess.run([sys.executable, "-c", sys.argv[1]])
    server.terminate()
sys.exit(done.returncode)
"""
    done = subprocess.run([*inside, sys.executable, "-c", script, asks, tap.TOOL, "serve", "--listen", ":8443",
                           *certs().pair("ec")], capture_output=True, text=True, timeout=LIMIT, check=False)
    tap.equal(done.returncode, 0, done.stderr)


@tap.test("/last-failures: the latest first, so many at most, and no secrets")
def failures():
    server = Serve("--groups", "secp384r1")
    tap.equal(browse(server, "/last-failures")[1]["recordings"], [])
    for _ in range(9):
        connect(server.port, "--groups", "x25519")
    connect(server.port, "--alpn", "h9", "--groups", "secp521r1")
    wait_until(lambda: server.log().count("refused") == 10, "ten refusals", server)
    _, page = browse(server, "/last-failures?x")
    tap.equal((page["kind"], len(page["recordings"])), ("failures", 8))
    tap.equal([recording["end"]["kind"] for recording in page["recordings"]], ["failed"] * 8)
    tap.contains(page["recordings"][0]["errors"][0]["detail"], "secp521r1")
    tap.contains(page["recordings"][7]["errors"][0]["detail"], "x25519")
    tap.equal(page["recordings"][0]["secrets"], False)


tap.main()
