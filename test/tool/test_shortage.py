"""serve when something runs short: descriptors, disk, readers of its log, time to end. And what it counts."""
import json
import os
import resource
import signal
import socket
import subprocess
import time

import tap
from storm import open_files
from tooling import LIMIT, Serve, certs, connect_json, python_client, read_all, split_answer, wait_until, cpu_seconds

ASK = b"GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(client):
    client.sendall(ASK)
    return split_answer(client.recv(65536))[0]


def serve_with(before, *options, **files):
    """A server whose log goes elsewhere, after before() in its process. It and its port, which is a free one."""
    port = tap.free_port()
    process = tap.start([tap.TOOL, "serve", "--listen", f"127.0.0.1:{port}", *certs().pair("ec"), *options],
                        preexec_fn=before, **files)
    tap.wait_for_port(port, process)
    return process, port


@tap.test("no descriptor is left: others wait, it is said once, nothing spins, and it goes on when some are back")
def descriptors():
    server = Serve()
    old = python_client(server.port)
    tap.equal(ask(old), 200)
    files = open_files(server)
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[1]
    highest = max(int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd"))
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (highest + 4, hard))
    many = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    server.wait_for("connections have to wait: Too many open files")
    tap.true(open_files(server) <= highest + 4)
    before, started = cpu_seconds(server), time.monotonic()
    while time.monotonic() - started < 1.5:
        tap.equal(ask(old), 200, "who is here is served")
        time.sleep(0.05)
    tap.true(cpu_seconds(server) - before < 0.7, f"{cpu_seconds(server) - before} s of CPU in 1.5 s")
    tap.equal(server.log().count("have to wait"), 1)
    for raw in many[:19]:
        raw.close()
    late = python_client(server.port, sock=many[19])
    tap.equal(ask(late), 200, "the one that waited is served")
    late.close()
    old.close()
    wait_until(lambda: open_files(server) == files - 1, "all descriptors are back", server)
    server.process.send_signal(signal.SIGUSR1)
    server.wait_for("nothing could be taken in: ")
    tap.absent(server.log(), "nothing could be taken in: 0")
    tap.equal(server.stop(), 0)


@tap.test("a disk that is full: the key log ends, the server does not, and says it")
def full_disk():
    path = certs().path("full.keys")
    process, port = serve_with(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700)), "--keylog", path,
                               stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for _ in range(4):
        tap.equal(connect_json(port, "--http", "/json")[0], 0)
    process.terminate()
    told = process.communicate(timeout=LIMIT)[1].decode()
    tap.equal((process.returncode, os.path.getsize(path)), (0, 700), told)
    tap.equal(told.count("the key log could not be written, lines are missing: File too large"), 1, told)


@tap.test("a log on a full device stops nothing")
def full_log():
    with open("/dev/full", "wb") as full:
        process, port = serve_with(None, "--log-requests", stdout=full, stderr=full)
        tap.equal([connect_json(port, "--http", "/json")[0] for _ in range(3)], [0, 0, 0])
        process.terminate()
        tap.equal(process.wait(LIMIT), 0)


@tap.test("a log that nobody reads stops nothing: the lines that it does not take are counted and told")
def log_unread():
    reader, writer = os.pipe()
    process, port = serve_with(None, "--json", "--log-requests", stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    client = python_client(port)
    for _ in range(40):
        client.sendall(ASK * 20)
        left = 20
        while left:
            left -= client.recv(1 << 20).count(b"HTTP/1.1 200 OK")
    log = os.read(reader, 1 << 20)
    process.send_signal(signal.SIGUSR1)
    lines = []
    while not any(line.get("event") == "counts" for line in lines):
        log += os.read(reader, 1 << 20)
        lines = [json.loads(line) for line in log.split(b"\n")[:-1] if line.startswith(b"{") and line.endswith(b"}")]
    lost = [line["lost"] for line in lines if line.get("event") == "log"]
    counts = next(line for line in lines if line.get("event") == "counts")
    requests = sum(line.get("event") == "request" for line in lines)
    tap.true(lost and lost[0] > 0, "that lines were lost is told")
    tap.equal((counts["lost_lines"], counts["open"], counts["completed"]), (lost[0], 1, 1))
    tap.true(800 - lost[0] - 1 <= requests <= 800 - lost[0] + 1, f"{requests} requests told, {lost[0]} lost of 800")
    os.close(reader)
    client.close()
    process.terminate()
    tap.equal(process.wait(LIMIT), 0)


@tap.test("a log whose disk fills up within a line: what follows, when there is room again, is on lines of its own")
def log_torn():
    path = certs().path("torn.log")
    with open(path, "wb") as log:
        process, port = serve_with(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 1 << 20)), "--json",
                                   "--log-requests", stdout=log, stderr=subprocess.DEVNULL)
    for _ in range(4):
        tap.equal(connect_json(port, "--http", "/json")[0], 0)
    wait_until(lambda: os.path.getsize(path) == 300, "the disk is full")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    tap.equal(connect_json(port, "--http", "/json")[0], 0)
    process.terminate()
    tap.equal(process.wait(LIMIT), 0)
    with open(path, "rb") as log:
        lines = log.read().split(b"\n")
    torn = [line for line in lines[:-1] if not line.endswith(b"}")]
    told = [json.loads(line) for line in lines[:-1] if line not in torn]
    tap.equal((len(torn), lines[-1]), (1, b""), lines)
    tap.true(any(line.get("event") == "log" and line["lost"] > 0 for line in told), lines)


@tap.test("--max-handshake: a client that says more than it allows is refused")
def handshake_bytes():
    server = Serve("--max-handshake", "1024")
    code, told = connect_json(server.port, "--groups", "x25519", "--http", "/json")
    tap.equal(code, 0, told)
    code, told = connect_json(server.port, "--groups", "X25519MLKEM768,x25519", "--http", "/json")
    tap.equal((code, told["error"]["alert"]), (4, "handshake_failure"))
    server.wait_for("too many bytes in the handshake")
    server.process.send_signal(signal.SIGUSR1)
    server.wait_for("too long: 1")


@tap.test("--max-handshake: no less than a large client certificate and a large ClientHello need by default")
def handshake_bytes_usual():
    server = Serve("--client-auth", "require", "--client-ca", certs().ca)
    tap.equal(connect_json(server.port, *certs().pair("client"), "--http", "/json")[0], 0)


@tap.test("SIGUSR1 tells what became of all")
def counts():
    server = Serve("--groups", "x25519", "--handshake-timeout", "1", "--idle-timeout", "1")
    tap.equal(connect_json(server.port, "--http", "/json")[0], 0)
    connect_json(server.port, "--groups", "secp256r1")
    slow = socket.create_connection(("127.0.0.1", server.port))
    idle = python_client(server.port)
    wait_until(lambda: "timeout in the handshake" in server.log() and "idle for too long" in server.log(),
               "both have ended", server)
    server.process.send_signal(signal.SIGUSR1)
    server.wait_for("came: 4, handshakes completed: 2, resumed: 0, handshakes failed: 2, too slow: 1, too long: 0, "
                    "idle for too long: 1, ")
    slow.close()
    idle.close()
    tap.equal(server.stop(), 0)


def small_window(server):
    """A client that takes in little at a time."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", server.port))
    return python_client(server.port, sock=raw)


@tap.test("SIGTERM: a request under way is answered; nobody new comes in")
def drain():
    server = Serve("--quiet")
    half = python_client(server.port)
    half.sendall(ASK[:20])
    idle = python_client(server.port)
    server.process.terminate()
    tap.equal(read_all(idle), b"", "who asks nothing hears close_notify")
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
        tap.fail("somebody new was let in")
    except ConnectionRefusedError:
        pass
    tap.equal(server.process.poll(), None, "it waits for the one that asks")
    half.sendall(ASK[20:])
    status, headers, _, _ = split_answer(read_all(half))
    tap.equal((status, headers["connection"]), (200, "close"))
    tap.equal(server.process.wait(LIMIT), 0)


@tap.test("the last answer comes whole to one that reads slowly")
def slow_reader():
    client = small_window(Serve("--quiet"))
    page = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
    count = 7  # several times what the kernel keeps for a socket
    client.sendall((page + b"\r\n") * (count - 1) + page + b"Connection: close\r\n\r\n")
    data, looked = bytearray(), 0
    while part := client.recv(65536):  # an end without close_notify raises
        data += part
        if len(data) - looked >= 300000:
            looked = len(data)
            time.sleep(0.4)
    rest = bytes(data)
    for number in range(count):
        status, headers, body, rest = split_answer(rest)
        tap.equal((status, len(body)), (200, int(headers["content-length"])), f"answer {number}")
    tap.equal(rest, b"")


@tap.test("SIGTERM: --drain-timeout ends what does not end; a second SIGTERM ends it at once")
def drain_timeout():
    for options, signals in ((("--drain-timeout", "1"), 1), (("--drain-timeout", "600"), 2)):
        server = Serve(*options)
        half = python_client(server.port)
        half.sendall(ASK[:20])
        raw = socket.create_connection(("127.0.0.1", server.port))
        wait_until(lambda server=server: open_files(server) > 12, "both are in", server)
        for number in range(signals):
            server.process.terminate()
            if number == 0:
                time.sleep(0.3)
                tap.equal(server.process.poll(), None, "it waits for them at first")
        tap.equal(server.process.wait(LIMIT), 0)
        raw.close()
        half.close()


tap.main()
