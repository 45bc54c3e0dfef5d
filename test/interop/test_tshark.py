#!/usr/bin/env python3
"""tshark, an independent reader, decrypts captured connections with our key logs, of either role."""
import re
import subprocess
import time

import tap
from facts import HYBRID
from isolate import is_isolated, isolate
from matrix import OURS
from peer_handfast import must_be_built
from peer_openssl import OpenSSL
from peers import Options, chat, meet, went_well, with_defaults
from process import Process, scratch

OPENSSL = OpenSSL()


class Capture:
    """What goes over loopback while the block runs."""

    def __init__(self):
        self.path = scratch("pcapng")

    def __enter__(self):
        self.process = Process(["dumpcap", "-q", "-i", "lo", "-f", "tcp", "-w", self.path])
        if not self.process.wait_for(r"^File: ", must=False):
            tap.skip(f"loopback cannot be captured here: {self.process.text().strip()}")
        return self

    def __exit__(self, *_):
        time.sleep(0.3)  # until the last packets have gone through the kernel's ring
        self.process.stop()

    def read(self, port, keys=None):
        """What tshark sees of each TLS record, one line each, and the application data as text."""
        command = ["tshark", "-r", str(self.path), "-d", f"tcp.port=={port},tls", "-Y", "tls", "-T", "fields",
                   "-e", "_ws.col.Info", "-e", "tls.handshake.type", "-e", "tls.app_data", "-e", "data.data"]
        command += ["-o", f"tls.keylog_file:{keys}"] if keys else []
        follow = ["-z", f"follow,tls,ascii,0"]
        done = subprocess.run([*command, *follow], capture_output=True, text=True, errors="replace", check=False)
        tap.equal(done.returncode, 0, done.stderr)
        return done.stdout


def decrypted(capture, port, keys, parts):
    """The parts can be read with the key log, and cannot without."""
    dark, clear = capture.read(port), capture.read(port, keys)
    for part in parts:
        tap.absent(dark, part, "readable without keys")
        tap.contains(clear, part, "readable with our key log")
    tap.true(re.search(r"Encrypted Extensions", clear), f"the handshake is not decrypted:\n{clear}")
    tap.true(re.search(r"Finished", clear), f"the handshake is not decrypted:\n{clear}")


@tap.test("our client's key log opens a connection to openssl")
def client_log():
    keys = scratch("keys")
    with Capture() as capture:
        served, connected = meet(OPENSSL, Options(), OURS, Options(keylog=str(keys)))
    went_well(served, connected)
    decrypted(capture, served.port, keys, ["GET / HTTP/1.1", "Ciphers supported in s_server binary"])


@tap.test("our server's key log opens a connection from openssl, after HelloRetryRequest")
def server_log():
    keys = scratch("keys")
    with Capture() as capture:
        served, connected = meet(OURS, Options(keylog=str(keys), groups=["secp384r1"]), OPENSSL,
                                 Options(groups=["x25519", "secp384r1"]))
    went_well(served, connected, retried=True)
    decrypted(capture, served.port, keys, ["GET / HTTP/1.0"])


@tap.test("our key log opens our own connection over X25519MLKEM768, from either end")
def own_log():
    client_keys, server_keys = scratch("keys"), scratch("keys")
    with Capture() as capture:
        served, connected = meet(OURS, Options(keylog=str(server_keys)), OURS, Options(keylog=str(client_keys)))
    went_well(served, connected, group=HYBRID)
    for keys in (client_keys, server_keys):
        decrypted(capture, served.port, keys, ["GET / HTTP/1.1", "HTTP/1.1 200 OK"])


@tap.test("our client's key log opens what comes after key updates both ways")
def after_updates():
    keys = scratch("keys")
    with Capture() as capture:
        served = OPENSSL.serve(with_defaults(Options(), True), interactive=True)
        connected = OURS.connect(served.port, with_defaults(Options(keylog=str(keys)), False), interactive=True)
        chat(served, connected, [b"from the server", b"K", b"after the update"], [b"from the client"])
    went_well(served, connected)
    decrypted(capture, served.port, keys, ["from the client", "after the update"])


isolate()
if not is_isolated():
    print("# no network namespace: other loopback traffic is captured too, and ignored")
must_be_built()
tap.main(needs=["tshark", "dumpcap", "openssl"])
