"""serve while 2,000 connections are served and others do to it, at every place of every kind of connection, what
peers should not do."""
import os
import signal
import socket
import time
from pathlib import Path

import tap
from storm import COUNT, Crowd, open_files, open_sockets, rage, raise_files, storm_server
from tooling import certs, connect_json, cpu_seconds, resident_kb, wait_until

SEED = int(os.environ.get("HF_STORM_SEED", "1"))
ROUNDS = 2
MARGIN_KB = 1024  # of what a malloc may keep from round to round


def served_and_left(server, seed, rounds, meanwhile=lambda: None):
    """A crowd comes, the storm rages some times, the crowd leaves. Returns the resident memory after each
    round, the crowd's counters and the storm's."""
    crowd = Crowd(server, seed=seed)
    resident, raged = [], {}
    for number in range(rounds):
        before = crowd.report()["exchanges"]
        raged = rage(server, seed + number, meanwhile)
        wait_until(lambda: open_files(server) < COUNT + 40, "the rude have gone", server, 30)
        resident.append(resident_kb(server))
        told = crowd.report()
        tap.true(told["exchanges"] - before > COUNT, f"the crowd was served meanwhile: {told}")
    return resident, crowd.ended("leave"), raged


class Certificate:
    """Files that a running server reads again at SIGHUP: good ones of two kinds, and broken ones, in turns."""

    TURNS = ("rsa", "broken", "ec")

    def __init__(self):
        self.cert, self.key = Path(certs().path("storm.pem")), Path(certs().path("storm.key"))
        self.reloads = 0
        self.install("ec")

    def options(self):
        return ["--cert", self.cert, "--key", self.key]

    def install(self, name):
        if name == "broken":
            self.cert.write_text("broken", encoding="ascii")
            return
        self.cert.write_bytes(Path(certs().cert(name)).read_bytes())
        self.key.write_bytes(Path(certs().key(name)).read_bytes())

    def reload(self, server):
        """While handshakes are under way. The next one shows the new certificate, or the old one if that is broken."""
        name = self.TURNS[self.reloads % len(self.TURNS)]
        told = "the certificates stay as they were" if name == "broken" else "reloaded certificates: 1"
        before = server.log().count(told)
        self.install(name)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.log().count(told) > before, told, server)
        shown = "rsa" if name == "broken" else name
        tap.equal(connect_json(server.port)[1]["chain"][0]["subject"], f"CN={shown}", f"reload {self.reloads}")
        self.reloads += 1


@tap.test(f"every misdeed at every place, while {COUNT} others are served: none of them fails, memory comes back")
def storm():
    raise_files()
    files = Certificate()
    server = storm_server(*files.options(), cert=None)
    tap.equal(connect_json(server.port)[0], 0)  # libuv keeps a descriptor in reserve from the first one on
    wait_until(lambda: open_sockets(server) == 1, "the listener's socket alone", server)
    idle = open_files(server)
    started = time.monotonic()
    served_and_left(server, SEED, 1)
    wait_until(lambda: open_files(server) == idle, f"{idle} open files, as before", server, 30)
    warm = resident_kb(server)
    resident, calm, raged = served_and_left(server, SEED + 1, ROUNDS,
                                            lambda: files.reload(server))
    wait_until(lambda: open_files(server) == idle, f"{idle} open files, as before", server, 30)
    after = resident_kb(server)
    print(f"# counted {raged['combinations'] * (ROUNDS + 1)} faults against a running server")
    print(f"# {raged['combinations']} combinations ({raged['kinds']} kinds, {raged['places']} places, "
          f"{raged['misdeeds']} misdeeds), {ROUNDS + 1} rounds in {time.monotonic() - started:.0f} s, server "
          f"{cpu_seconds(server):.1f} s CPU")
    print(f"# calm: {calm['handshakes']} handshakes ({calm['resumed']} resumed), {calm['exchanges']} exchanges, "
          f"{calm['bytes']} bytes; resident: {warm} kB after a round, {after} kB after {ROUNDS} more, with the "
          f"crowd {resident} kB; {idle} open files, {files.reloads} reloads")
    tap.true(files.reloads >= 3, f"{files.reloads} reloads")
    tap.true(after <= warm + MARGIN_KB, f"{warm} kB before the storm, {after} kB after it")
    tap.true(resident[-1] <= resident[0] + MARGIN_KB, f"it grows from round to round: {resident} kB")
    tap.equal(server.stop(), 0)


@tap.test(f"SIGTERM in the midst of {COUNT} transfers: each comes to its end, and nobody new comes in")
def drain():
    raise_files()
    server = storm_server("--drain-timeout", "60")
    crowd = Crowd(server)
    crowd.command("last")
    under_way = crowd.told()
    tap.equal((under_way["open"], under_way["failures"]), (COUNT, 0), crowd.complaints())
    server.process.terminate()
    wait_until(lambda: is_refused(server.port), "nobody new is let in", server)
    last = crowd.end()
    tap.true(last["exchanges"] >= COUNT, f"each has had its last message back: {last}")
    tap.equal(server.process.wait(60), 0)
    print(f"# {COUNT} transfers drained")


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


tap.main()
