"""What the tests of serve under faults share: a server, a calm crowd that is served all the while, and a storm
of peers that do what they should not. The programs are in test/storm/."""
import contextlib
import json
import os
import resource
import subprocess
import time

import tap
from tooling import Serve, certs, wait_until

CROWD, RUDE = tap.BUILD / "test/storm/crowd", tap.BUILD / "test/storm/rude"
COUNT = 2000  # connections that are to be served whatever happens
FILES = 4096  # descriptors: the crowd, the rude, and some more
PERIOD_MS = 1000
PATIENCE = 100  # seconds for anything of a crowd
OPTIONS = ["--echo", "--quiet", "--client-auth", "request", "--max-early-data", "4096", "--early-window", "3",
           "--handshake-timeout", "5", "--idle-timeout", "6", "--record-size-limit", "256"]


def raise_files(needed=FILES):
    """Both ends of thousands of connections are on this machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        tap.skip(f"at most {hard} open files are allowed, {needed} are needed")
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def storm_server(*options, **more):
    tap.need(CROWD, RUDE)
    return Serve(*OPTIONS, "--client-ca", certs().ca, *options, **more)


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def open_sockets(server):
    files, count = f"/proc/{server.process.pid}/fd", 0
    for name in os.listdir(files):
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(f"{files}/{name}").startswith("socket:")
    return count


class Crowd:
    """A running test/storm/crowd; all of its connections are there when it is made."""

    def __init__(self, server, count=COUNT, period_ms=PERIOD_MS, seed=1):
        self.server, self.count = server, count
        self.errors = tap.directory() / f"crowd-{time.monotonic_ns()}"
        with open(self.errors, "wb") as errors:
            self.process = tap.start([CROWD, server.port, certs().ca, count, period_ms, seed], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=errors)
        wait_until(self._is_whole, f"{count} connections are open", server, PATIENCE)

    def _is_whole(self):
        time.sleep(0.1)
        told = self.report()
        return told["open"] == self.count and told["shaking"] == 0

    def command(self, word):
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()

    def told(self):
        line = self.process.stdout.readline()
        tap.true(line, f"the crowd has ended: {self.complaints()}")
        return json.loads(line)

    def report(self):
        """The counters; fails as soon as one connection has."""
        self.command("report")
        told = self.told()
        tap.equal(told["failures"], 0, self.complaints())
        return told

    def complaints(self):
        return self.errors.read_text(errors="replace")

    def ended(self, word):
        """Ends in the way named; the counters."""
        self.command(word)
        first = self.told()
        tap.equal(first["failures"], 0, self.complaints())
        return self.end()

    def end(self):
        last = self.told()
        tap.equal((self.process.wait(PATIENCE), last["failures"], last["open"]), (0, 0, 0), self.complaints())
        return last


def rage(server, seed, meanwhile=lambda: None):
    """One round of every misdeed at every place; what rude tells of it. Meanwhile is called again and again."""
    process = tap.start([RUDE, server.port, certs().ca, certs().cert("client"), certs().key("client"), seed])
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        tap.true(time.monotonic() < deadline, "the storm does not end")
        meanwhile()
        time.sleep(0.1)
    log = process.log.read_text(errors="replace")
    tap.equal(process.returncode, 0, log)
    return json.loads(log.splitlines()[-1])
