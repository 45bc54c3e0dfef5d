"""What the tests of the program share: certificates, a running server, a TLS client of Python's.

Certificates are made by the openssl command line, once for each test file; without it the tests that need
them are skipped.
"""
import json
import os
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import tap

LIMIT = 15  # seconds for anything that takes milliseconds on an idle machine


class Certs:
    """Files in PEM: an authority and leaves that it signed, as attributes and by name."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self.path("ca.pem")
        key_options = ["-pkeyopt", "ec_paramgen_curve:P-256"]
        self._openssl("req", "-x509", "-newkey", "ec", *key_options, "-nodes", "-keyout", self.path("ca.key"),
                      "-subj", "/CN=Test CA", "-days", "30", "-out", self.ca)
        self.issue("ec", "/CN=ec", "DNS:localhost,IP:127.0.0.1,IP:::1", ["ec", *key_options])
        self.issue("rsa", "/CN=rsa", "DNS:localhost,IP:127.0.0.1", ["rsa:2048"])
        self.issue("other", "/CN=other", "DNS:other.test", ["ec", *key_options])
        self.issue("wild", "/CN=wild", "DNS:*.wild.test", ["ec", *key_options])
        self.issue("client", "/CN=client", "DNS:client.test", ["ec", *key_options])
        self.issue("expired", "/CN=expired", "DNS:localhost", ["ec", *key_options], ["-days", "-1"])
        self.issue("hostile", "/CN=ev\x1b[31mil\u202etxt.exe/O=a\x07b".encode(), "DNS:localhost",
                   ["ec", *key_options], [], ["-utf8"])
        self._openssl("pkcs8", "-topk8", "-in", self.key("ec"), "-passout", "pass:sesame", "-out",
                      self.path("ec.locked.key"))
        Path(self.path("sesame.txt")).write_text("sesame\n", encoding="ascii")
        both = Path(self.cert("ec")).read_text(encoding="ascii") + Path(self.key("ec")).read_text(encoding="ascii")
        Path(self.path("both.pem")).write_text(both, encoding="ascii")

    def path(self, name):
        return str(self.directory / name)

    def cert(self, name):
        return self.path(f"{name}.pem")

    def key(self, name):
        return self.path(f"{name}.key")

    def pair(self, name):
        return ["--cert", self.cert(name), "--key", self.key(name)]

    def issue(self, name, subject, names, key, days=("-days", "20"), request=()):
        extensions = self.path("extensions")
        usage = "digitalSignature,keyEncipherment" if key[0].startswith("rsa") else "digitalSignature"
        Path(extensions).write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n"
                                    f"keyUsage={usage}\n", encoding="ascii")
        self._openssl("req", "-newkey", *key, "-nodes", "-keyout", self.key(name), "-subj", subject,
                      *request, "-out", self.path("request"))
        self._openssl("x509", "-req", "-in", self.path("request"), "-CA", self.ca, "-CAkey",
                      self.path("ca.key"), "-CAcreateserial", *days, "-extfile", extensions, "-out",
                      self.cert(name))

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


_certs = None


def certs():
    global _certs
    tap.need("openssl")
    if _certs is None:
        _certs = Certs(tap.directory())
    return _certs


class Serve:
    """A running `handfast serve`. With cert=None the options say what it shows."""

    def __init__(self, *options, cert="ec", listen=("127.0.0.1:0",)):
        command = [tap.TOOL, "serve", *options]
        for address in listen:
            command += ["--listen", address]
        command += certs().pair(cert) if cert else []
        self.process = tap.start(command)
        wait_until(lambda: len(self.addresses()) == len(listen) or self.process.poll() is not None,
                   "the server is not ready", self)
        tap.equal(self.process.poll(), None, f"the server has ended: {self.log()}")
        self.port = self.ports()[0]

    def log(self):
        return self.process.log.read_text(errors="replace")

    def addresses(self):
        return re.findall(r"listening on (\S+)$|\"address\": \"([^\"]+)\"", self.log(), re.M)

    def ports(self):
        return [int((text or json_).rsplit(":", 1)[1]) for text, json_ in self.addresses()]

    def wait_for(self, part):
        wait_until(lambda: part in self.log(), f"{part!r} was not said", self)

    def stop(self, number=15):
        """Ends it by a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


def resident_kb(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, complaint, server=None, seconds=LIMIT):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tap.fail(f"{complaint} within {seconds} s\n{server.log() if server else ''}")
        time.sleep(0.01)


def connect(port, *options, stdin="", host="localhost", ca=True, timeout=LIMIT, **more):
    """Runs `handfast connect` to a server that shows one of our certificates."""
    trust = ["--ca", certs().ca] if ca else []
    return tap.run([tap.TOOL, "connect", *trust, *options, f"{host}:{port}"], stdin=stdin, timeout=timeout,
                   **more)


def connect_json(port, *options, **more):
    done = connect(port, "--json", *options, **more)
    return done.returncode, json.loads(done.stdout)


def python_client(port, alpn=None, name="localhost", sock=None, context=None):
    """A TLS connection made by Python's ssl module."""
    context = context or python_context(alpn)
    return context.wrap_socket(sock or socket.create_connection(("127.0.0.1", port), LIMIT),
                               server_hostname=name, suppress_ragged_eofs=False)


def python_context(alpn=None):
    context = ssl.create_default_context(cafile=certs().ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def read_all(connection):
    """What comes until close_notify."""
    data = b""
    while True:
        part = connection.recv(65536)
        if not part:
            return data
        data += part


def split_answer(data):
    """(status, headers, body) of one HTTP answer at the start of data, and the rest."""
    head, found, rest = data.partition(b"\r\n\r\n")
    tap.true(found, f"no HTTP answer: {data[:200]!r}")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    length = int(headers.get("content-length", 0))
    return int(lines[0].split()[1]), headers, rest[:length], rest[length:]
