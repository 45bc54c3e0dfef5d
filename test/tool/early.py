"""What the tests of resumption and early data share: OpenSSL's client as a client that resumes, its first
flights recorded before any server has seen them, and what a server wrote of its connections.
"""
import contextlib
import json
import socket
import subprocess
from pathlib import Path

import tap
from tooling import LIMIT, Serve, certs, wait_until

GET = "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
POST = "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"


class Server(Serve):
    """A server that tells of each connection and request as JSON."""

    def __init__(self, *options, **more):
        told = [] if "--echo" in options else ["--log-requests"]
        super().__init__("--json", *told, *options, **more)

    def events(self, kind):
        """The objects of this kind, as far as their lines are whole."""
        whole = self.log().rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [event for event in found if event["event"] == kind]

    def connections(self, count=0):
        """What was told of connections that have ended: waits until there are so many."""
        wait_until(lambda: len(self.events("connection")) >= count, f"{count} connections have ended", self)
        return self.events("connection")

    def requests(self, count=0):
        wait_until(lambda: len(self.events("request")) >= count, f"{count} requests were answered", self)
        return self.events("request")


def s_client(port, *options, stdin="", timeout=LIMIT):
    """Runs OpenSSL's client until the server closes; returns all that it says."""
    done = tap.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-CAfile",
                    certs().ca, "-tls1_3", "-ign_eof", *options], stdin=stdin, timeout=timeout)
    return done.stdout + done.stderr


def new_session(server, name="session", *options):
    """A session of this server, in a file."""
    path = certs().path(name)
    said = s_client(server.port, "-sess_out", path, *options, stdin=GET.format("/first"))
    tap.contains(said, "HTTP/1.1 200 OK")
    return path


def resume(server, session, *options, early=None, stdin=""):
    """Offers the session, with early data or without. Returns what the client said."""
    if early is not None:
        options = (*options, "-early_data", write("early", early))
    return s_client(server.port, "-sess_in", session, *options, stdin=stdin)


def write(name, text):
    path = certs().path(name)
    with open(path, "w", encoding="ascii", newline="") as file:
        file.write(text)
    return path


def record_flight(session, early, name="flight"):
    """The first flight of a client that offers the session and sends early data: nobody has answered it."""
    return record(lambda port: ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost",
                                "-tls1_3", "-sess_in", session, "-early_data", write(name, early)])


def record_own_flight(session, early, name="flight"):
    """The same of our own client, which tells the age of the ticket to the millisecond."""
    return record(lambda port: [tap.TOOL, "connect", "--ca", certs().ca, "--sni", "localhost", "--verify-name",
                                "localhost", "--session-in", session, "--early-data", write(name, early),
                                f"127.0.0.1:{port}"])


def record(command):
    """What the client that command(port) starts sends before it is answered, up to its early data."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(LIMIT)
        with subprocess.Popen(command(listener.getsockname()[1]), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
            raw, _ = listener.accept()
            raw.settimeout(LIMIT)
            flight = b""
            while 23 not in record_types(flight):
                part = raw.recv(65536)
                tap.true(part, "the client ended without early data")
                flight += part
            raw.close()
            client.wait(LIMIT)
    return flight


def record_types(stream):
    """The types of the whole records in a stream."""
    types, at = [], 0
    while len(stream) >= at + 5:
        at, start = at + 5 + int.from_bytes(stream[at + 3:at + 5], "big"), at
        if at <= len(stream):
            types.append(stream[start])
    return types


def send_flight(port, flight):
    """Sends a recorded flight; returns the connection, which goes on as the server likes."""
    raw = socket.create_connection(("127.0.0.1", port), LIMIT)
    raw.sendall(flight)
    return raw


def read_until_closed(raw):
    """All that comes until the server closes, politely or not."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := raw.recv(65536):
            data += part
    return data


def seed_file(name="seed", *options):
    """A new seed in a file."""
    path = certs().path(name)
    Path(path).unlink(missing_ok=True)
    done = tap.run([tap.TOOL, "seed", "--out", path, *options])
    tap.equal(done.returncode, 0, done.stderr)
    return path
