"""serve under load and against clients that mean no good: many connections, slow ones, rude ones; and echo."""
import os
import resource
import selectors
import socket
import ssl
import struct
import time

import tap
from tooling import (LIMIT, Serve, certs, connect_json, cpu_seconds, python_client, python_context, read_all, resident_kb,
                     wait_until)


# ---- echo ----


def records_of(stream):
    """Lengths of the records in a stream of bytes."""
    lengths, at = [], 0
    while at < len(stream):
        lengths.append(struct.unpack(">H", stream[at + 3:at + 5])[0])
        at += 5 + lengths[-1]
    return lengths


class MemoryClient:
    """A TLS client whose records can be counted."""

    def __init__(self, port):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = python_context().wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", port), LIMIT)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.raw.sendall(self.outgoing.read())
                self.incoming.write(self.raw.recv(65536))
        self.raw.sendall(self.outgoing.read())

    def send(self, *parts):
        """Each part is one record."""
        for part in parts:
            self.tls.write(part)
        self.raw.sendall(self.outgoing.read())

    def receive(self, total):
        """Data of total bytes, and the lengths of the records that it came in."""
        stream, data = b"", b""
        while len(data) < total:
            part = self.raw.recv(65536)
            tap.true(part, f"the stream ended after {len(data)} of {total} bytes")
            stream += part
            self.incoming.write(part)
            try:
                while True:
                    data += self.tls.read(65536)
            except ssl.SSLWantReadError:
                pass
        return data, records_of(stream)


@tap.test("--echo: each record comes back as one record, of every size")
def echo_records():
    client = MemoryClient(Serve("--echo", "--tickets", "0").port)
    sizes = [1, 2, 15, 16, 17, 1000, 4096, 16383, 16384, 5, 16384, 1]
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]
    client.send(*parts)
    data, lengths = client.receive(sum(sizes))
    tap.equal(data, b"".join(parts))
    tap.equal(lengths, [size + 17 for size in sizes])


@tap.test("--echo to a peer with a small record_size_limit: as many records as it takes")
def echo_limit():
    server = Serve("--echo", "--json")
    done = tap.run([tap.TOOL, "connect", "--quiet", "--ca", certs().ca, "--record-size-limit", "100",
                    f"localhost:{server.port}"], stdin="x" * 5000)
    tap.equal((done.returncode, done.stdout), (0, "x" * 5000), done.stderr)


@tap.test("--echo with --padding: the records are padded")
def echo_padding():
    client = MemoryClient(Serve("--echo", "--tickets", "0", "--padding", "512").port)
    client.send(b"short")
    data, lengths = client.receive(5)
    tap.equal(data, b"short")
    tap.equal(lengths, [512 + 16])


@tap.test("--echo of records that come byte by byte")
def echo_trickle():
    client = MemoryClient(Serve("--echo", "--tickets", "0").port)
    client.tls.write(b"slowly")
    for byte in client.outgoing.read():
        client.raw.sendall(bytes([byte]))
    tap.equal(client.receive(6), (b"slowly", [6 + 17]))


@tap.test("--echo: whoever does not read is held, not buffered")
def echo_unread():
    server = Serve("--echo")
    client = python_client(server.port)
    client.settimeout(1)
    sent = 0
    try:
        while sent < 256 << 20:
            sent += client.send(b"x" * 16384)
    except (TimeoutError, ssl.SSLWantWriteError):
        pass
    tap.true(sent < 64 << 20, f"{sent} bytes went into the void")
    tap.true(resident_kb(server) < 48 * 1024, f"the server holds {resident_kb(server)} kB")


# ---- times ----


def closed_within(raw, least, most):
    """Whether the server closes raw after so many seconds."""
    started = time.monotonic()
    raw.settimeout(most)
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        tap.fail(f"still open after {most} s")
    took = time.monotonic() - started
    tap.true(took >= least, f"closed after {took:.1f} s already")


@tap.test("--handshake-timeout: silence, half a hello, and a hello that trickles")
def handshake_timeout():
    server = Serve("--handshake-timeout", "1")
    for first in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
        raw = socket.create_connection(("127.0.0.1", server.port))
        raw.sendall(first)
        closed_within(raw, 0.8, 5)
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    started = time.monotonic()
    try:
        while time.monotonic() - started < 5:
            raw.sendall(b"\x00")
            time.sleep(0.1)
        tap.fail("a byte every 0.1 s keeps it open")
    except (BrokenPipeError, ConnectionResetError):
        pass
    wait_until(lambda: server.log().count("timeout in the handshake") == 3, "three lines", server)


@tap.test("--idle-timeout: a silent connection is closed with close_notify")
def idle_timeout():
    server = Serve("--idle-timeout", "1")
    started = time.monotonic()
    tap.equal(read_all(python_client(server.port)), b"")  # an end without close_notify would raise
    tap.true(0.8 < time.monotonic() - started < 5)
    server.wait_for("idle for too long")


@tap.test("--idle-timeout: a request that trickles in is not waited for")
def slowloris():
    server = Serve("--idle-timeout", "1")
    client = python_client(server.port)
    started = time.monotonic()
    try:
        while time.monotonic() - started < 6:
            client.sendall(b"X")
            time.sleep(0.1)
        tap.fail("a byte every 0.1 s keeps it open")
    except OSError:
        pass
    tap.true(time.monotonic() - started > 0.8)


@tap.test("connections that are kept busy are not idle")
def busy():
    server = Serve("--idle-timeout", "1")
    client = python_client(server.port)
    for _ in range(12):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        tap.contains(client.recv(65536).decode(), "200 OK")
        time.sleep(0.15)


# ---- many ----


@tap.test("--max-connections: the next one waits until there is room")
def max_connections():
    server = Serve("--max-connections", "3")
    clients = [python_client(server.port) for _ in range(3)]
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.settimeout(0.5)
    try:
        python_client(server.port, sock=raw)
        tap.fail("a fourth was served")
    except TimeoutError:
        pass
    raw.close()
    clients.pop().close()
    code, _ = connect_json(server.port, "--http", "/")
    tap.equal(code, 0)


@tap.test("clients that vanish at every stage leave nothing behind")
def vanishing():
    server = Serve("--quiet")
    tap.equal(connect_json(server.port)[0], 0)
    files = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(files))
    reset = struct.pack("ii", 1, 0)
    for number in range(60):
        raw = socket.create_connection(("127.0.0.1", server.port))
        if number % 2:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        if number % 3:
            context = python_context()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            hello = outgoing.read()
            raw.sendall(hello[:len(hello) if number % 3 == 1 else number])
        raw.close()
    wait_until(lambda: len(os.listdir(files)) == before, "sockets of the gone are closed", server)
    tap.equal(connect_json(server.port)[0], 0)


COUNT = 3000


@tap.test(f"{COUNT} connections at a time, each served, in bounded time and memory")
def many():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 200:
        tap.skip(f"at most {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, COUNT + 200), hard))
    server = Serve("--quiet", "--handshake-timeout", "60")
    idle = resident_kb(server)
    started = time.monotonic()
    clients = Crowd(server.port, COUNT)
    clients.handshake(120)
    shaken = time.monotonic() - started
    per_connection = (resident_kb(server) - idle) / COUNT
    clients.ask(60)
    took = time.monotonic() - started
    print(f"# {COUNT} handshakes in {shaken:.1f} s, answers after {took:.1f} s, server "
          f"{cpu_seconds(server):.2f} s CPU, {per_connection:.1f} kB a connection")
    tap.true(per_connection < 12, f"{per_connection:.1f} kB for each connection")
    clients.close()
    wait_until(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < 40, "all are gone", server, 30)
    tap.equal(server.stop(), 0)


class Crowd:
    """Many TLS clients, driven by one selector."""

    def __init__(self, port, count):
        self.context = python_context()
        self.selector = selectors.DefaultSelector()
        self.clients = []
        for _ in range(count):
            raw = socket.create_connection(("127.0.0.1", port), 30)
            raw.setblocking(False)
            self.clients.append(self.context.wrap_socket(raw, server_hostname="localhost",
                                                         do_handshake_on_connect=False))

    def drive(self, seconds, step):
        """Calls step(client) for each until it returns something true."""
        deadline = time.monotonic() + seconds
        waiting = 0
        for client in self.clients:
            waiting += not self._try(client, step, first=True)
        while waiting:
            tap.true(time.monotonic() < deadline, f"{waiting} of {len(self.clients)} are not served in {seconds} s")
            for key, _ in self.selector.select(1):
                waiting -= self._try(key.fileobj, step, first=False)

    def _try(self, client, step, first):
        try:
            done = bool(step(client))
        except ssl.SSLWantReadError:
            done = False
        if first and not done:
            self.selector.register(client, selectors.EVENT_READ)
        elif not first and done:
            self.selector.unregister(client)
        return done

    def handshake(self, seconds):
        self.drive(seconds, lambda client: client.do_handshake() is None)

    def ask(self, seconds):
        for client in self.clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.drive(seconds, lambda client: client.recv(65536).startswith(b"HTTP/1.1 200 OK"))

    def close(self):
        for client in self.clients:
            client.close()


tap.main()
