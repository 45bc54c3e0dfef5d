#!/usr/bin/env python3
"""Sessions and early data with other implementations: openssl, gnutls, NSS and Go issue sessions that our client
resumes, and what they say of it is held against what we say. Early data is taken, refused and ended by a
HelloRetryRequest; NSS remembers nothing of the time before its start, and so refuses at first."""
import json
import re
import time

import tap
from facts import SUITES
from peer_gnutls import GnuTLS
from peer_go import Go
from peer_handfast import TOOL, must_be_built
from peer_nss import NSS
from peer_openssl import OpenSSL
from peers import PKI, Options, with_defaults
from process import Process, scratch

EARLY = b"GET /early HTTP/1.0\r\nHost: localhost\r\n\r\n"
NSS_WINDOW = 10  # seconds that selfserv's memory of first flights spans


class Server:
    """A peer that serves one connection after the other and issues sessions."""

    peer = None
    flags = early_flags = ()
    ask = ()  # what our client asks so that it tells of the connection
    early_after_retry = ()  # what it needs so that a HelloRetryRequest does not use the session up

    def __init__(self, early=False, retried=False, **options):
        absent = self.peer.missing()
        if absent:
            tap.skip(absent)
        extra = [*self.flags, *(self.early_flags if early else ()), *(self.early_after_retry if retried else ())]
        extra += options.pop("extra", [])
        self.session = self.serve(with_defaults(Options(extra=extra, **options), True))
        self.port = self.session.port

    def serve(self, options):
        return self.peer.serve(options)

    def text(self):
        return self.session.process.text()

    def resumed(self):
        """How many connections it says it has resumed."""
        raise NotImplementedError

    def wait_for(self, condition, what):
        deadline = time.monotonic() + 10
        while not condition():
            if time.monotonic() > deadline:
                tap.fail(f"{self.peer.name} does not say {what}: {self.session.process}")
            time.sleep(0.01)

    def wait_resumed(self, count):
        self.wait_for(lambda: self.resumed() == count, f"that it has resumed {count}, but {self.resumed()}")


class OpenSSLServer(Server):
    peer = OpenSSL()
    flags = ("-naccept", "50")
    early_flags = ("-early_data", "-max_early_data", "4096")
    early_after_retry = ("-no_anti_replay",)

    def serve(self, options):
        return self.peer.serve(options, interactive=True)

    def resumed(self):
        return self.text().count("Reused session-id")

    def heard_early(self, data):
        return data.decode().split("\r")[0] in self.text()


class GnuTLSServer(Server):
    peer = GnuTLS()
    early_flags = ("--earlydata", "--maxearlydata", "4096")

    def serve(self, options):
        return self.peer.serve(options, echo=True)

    def resumed(self):
        return self.text().count("This is a resumed session")


class NSSServer(Server):
    peer = NSS()
    flags = ("-u",)
    early_flags = ("-Z",)
    ask = ("--http", "/")

    def resumed(self):
        counts = re.findall(r"(\d+) cache hits", self.text())
        return int(counts[-1]) if counts else 0


class NSSByIdentifier(NSSServer):
    flags = ()


class GoServer(Server):
    peer = Go()
    flags = ("-connections", "50", "-tickets")

    def serve(self, options):
        return self.peer.serve(options, talk="echo")

    def resumed(self):
        return self.text().count('"resumed":true')


ALL = (OpenSSLServer, GnuTLSServer, NSSServer, GoServer)
WITH_EARLY = (OpenSSLServer, GnuTLSServer)


def connect(server, *flags, version="1.3"):
    """Runs our client; returns its exit code and what it tells."""
    command = [TOOL, "connect", "--json", "--ca", PKI.ca, "--sni", "localhost", "--tls", version, *flags]
    process = Process([*command, f"127.0.0.1:{server.port}"], stdin=b"")
    code = process.finish()
    tap.true(process.out(), f"it said nothing: {process}")
    return code, json.loads(process.out())


def early_file():
    path = scratch("early")
    path.write_bytes(EARLY)
    return path


def early_of(told):
    return told["resumption"]["early_data"]


def reason_of(early):
    return early["reason"] and early["reason"]["name"]


def fetch(server, *flags):
    path = scratch("session")
    code, told = connect(server, "--session-out", path, *flags)
    tap.equal(code, 0, told["error"])
    return path


# ---- our client ----


def resumes(kind, suite):
    server = kind()
    flags = ["--ciphers", suite] if suite else []
    code, told = connect(server, "--resume", "3", *flags, *kind.ask)
    tap.equal(code, 0, f"{told['error']} {server.session.process}")
    tap.equal([turn["resumed"] for turn in told["connections"]], [False, True, True, True])
    tap.equal({turn["round_trips"] for turn in told["connections"]}, {1})
    if suite:
        tap.equal({turn["cipher_suite"] for turn in told["connections"]}, {suite})
    tap.equal(told["chain"], [])
    server.wait_resumed(3)


def resumes_after_retry(kind):
    """RFC 9846, 4.2.2: the binder of the second hello covers both."""
    server = kind()
    code, told = connect(server, "--resume", "2", "--key-shares", "", *kind.ask)
    tap.equal(code, 0, told["error"])
    tap.equal([(turn["resumed"], turn["retried"], turn["round_trips"]) for turn in told["connections"]],
              [(False, True, 2), (True, True, 2), (True, True, 2)])
    server.wait_resumed(2)


def resumes_mutual(kind):
    """Who the client is was proved when the session began."""
    server = kind(client_auth="require")
    client = PKI.client["p256"]
    code, told = connect(server, "--resume", "2", "--cert", client.cert, "--key", client.key, *kind.ask)
    tap.equal(code, 0, told["error"])
    tap.equal([turn["resumed"] for turn in told["connections"]], [False, True, True])
    server.wait_resumed(2)


def resumes12(kind, *flags):
    """TLS 1.2: one round trip in place of two; the same session serves until the server gives another. A client that
    has TLS 1.3 as well takes the session along."""
    server = kind(version="1.2", extra=list(flags))
    for versions in ("1.2", "1.2-1.3"):
        code, told = connect(server, "--resume", "3", *kind.ask, version=versions)
        tap.equal(code, 0, f"{told['error']} {server.session.process}")
        tap.equal([(turn["version"], turn["resumed"], turn["round_trips"]) for turn in told["connections"]],
                  [("TLS 1.2", False, 2)] + [("TLS 1.2", True, 1)] * 3)
    server.wait_resumed(6)


def several_tickets():
    """As many as the server likes; the newest four are kept."""
    for count, kept in ((1, 1), (2, 2), (4, 4), (7, 4)):
        code, told = connect(OpenSSLServer(extra=["-num_tickets", str(count)]), "--resume", "1")
        tap.equal((code, told["connections"][0]["sessions_received"]), (0, kept), told["error"])


def early_accepted(kind, suite):
    server = kind(early=True)
    code, told = connect(server, "--resume", "2", "--early-data", early_file(), "--ciphers", suite)
    tap.equal(code, 0, f"{told['error']} {server.session.process}")
    tap.equal([turn["early_data"]["accepted"] for turn in told["connections"][1:]], [True, True])
    tap.equal({turn["cipher_suite"] for turn in told["connections"]}, {suite})
    server.wait_resumed(2)
    if kind is OpenSSLServer:
        server.wait_for(lambda: server.text().count("GET /early") == 2, "the early data")


def early_retried(kind):
    server = kind(early=True, retried=True)
    code, told = connect(server, "--session-in", fetch(server), "--key-shares", "", "--early-data", early_file(),
                         "--resend-early")
    early = early_of(told)
    tap.equal((code, told["connection"]["retried"], told["resumption"]["resumed"]), (0, True, True),
              f"{told['error']} {server.session.process}")
    tap.equal((early["sent"], early["accepted"], reason_of(early), early["resent"]),
              (len(EARLY), False, "RETRIED", len(EARLY)))


def used_twice():
    """openssl forgets a session that was used. gnutls remembers first flights instead, and this is another one."""
    for kind, accepted in ((OpenSSLServer, False), (GnuTLSServer, True)):
        server = kind(early=True)
        session = fetch(server)
        code, told = connect(server, "--session-in", session, "--early-data", early_file())
        tap.equal((code, early_of(told)["accepted"]), (0, True), told["error"])
        code, told = connect(server, "--session-in", session, "--early-data", early_file())
        early = early_of(told)
        tap.equal((told["connected"], told["resumption"]["resumed"]), (True, accepted), server.peer.name)
        tap.equal((code, early["sent"], early["accepted"], reason_of(early)),
                  (0 if accepted else 10, len(EARLY), accepted, None if accepted else "DECLINED"), server.peer.name)


def early_unknown():
    """A session of another server: its early data is read over there, and a full handshake follows."""
    for kind in WITH_EARLY:
        session = fetch(kind(early=True))
        code, told = connect(kind(early=True), "--session-in", session, "--early-data", early_file(),
                             "--resend-early")
        early = early_of(told)
        tap.equal((code, told["connected"], told["resumption"]["resumed"]), (10, True, False), kind.peer.name)
        tap.equal((reason_of(early), early["resent"]), ("DECLINED", len(EARLY)), kind.peer.name)


def early_suite_differs():
    """RFC 9846, 4.3.10: another suite of the same hash resumes, without early data. openssl 3.0 takes the early data
    all the same, and that is refused here; a better one declines it."""
    server = OpenSSLServer(early=True, extra=["-ciphersuites", ":".join(SUITES[:1] + SUITES[2:])])
    session = fetch(server, "--ciphers", SUITES[0])
    code, told = connect(server, "--session-in", session, "--ciphers", SUITES[2], "--early-data", early_file())
    if told["connected"]:
        tap.equal((code, told["resumption"]["resumed"]), (10, True), told["error"])
        tap.equal(reason_of(early_of(told)), "SUITE_DIFFERS")
    else:
        tap.equal((code, told["error"]["name"]), (3, "EARLY_DATA_ACCEPTED"))
        tap.true("cipher suite" in told["error"]["detail"], told["error"])


def early_nss():
    """NSS refuses until a whole window has gone by, and takes early data then."""
    server = NSSServer(early=True)
    began = time.monotonic()
    refused = 0
    while True:
        code, told = connect(server, "--resume", "1", "--early-data", early_file())
        early = early_of(told)
        tap.equal((told["connected"], told["resumption"]["resumed"]), (True, True), told["error"])
        if early["accepted"]:
            # selfserv answers at once and hangs up without close_notify.
            tap.true(code in (0, 6) and told["received"] > 0, told)
            break
        refused += 1
        tap.equal((code, reason_of(early)), (10, "EARLY_DECLINED"), told["error"])
        tap.true(time.monotonic() - began < 60, "NSS has never taken early data")
        time.sleep(0.5)
    tap.true(refused > 0 or time.monotonic() - began > NSS_WINDOW, "it was refused at first")


def resumes12_mutual(kind, *flags):
    """TLS 1.2: who the client is was proved when the session began."""
    server = kind(version="1.2", client_auth="require", extra=list(flags))
    client = PKI.client["p256"]
    code, told = connect(server, "--resume", "2", "--cert", client.cert, "--key", client.key, *kind.ask, version="1.2")
    tap.equal(code, 0, f"{told['error']} {server.session.process}")
    tap.equal([turn["resumed"] for turn in told["connections"]], [False, True, True])
    server.wait_resumed(2)


def not_without_ems():
    """RFC 7627, 5.3: a session that anybody might share is not offered again."""
    server = GnuTLSServer(version="1.2", extra=["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH"])
    code, told = connect(server, "--resume", "1", version="1.2")
    tap.equal((code, told["connected"]), (10, True), told["error"])
    tap.equal([turn["resumed"] for turn in told["connections"]], [False, False])


for kind_ in ALL:
    name_ = kind_.peer.name
    for suite_ in kind_.peer.suites if kind_.peer.picks_suites else (None,):
        tap.case(f"{name_} issues sessions, we resume them: {suite_ or 'its suite'}", resumes, kind_, suite_)
    tap.case(f"{name_}: resumed after a HelloRetryRequest", resumes_after_retry, kind_)
    tap.case(f"{name_}: resumed, and the client is known", resumes_mutual, kind_)
    tap.case(f"{name_}: TLS 1.2 resumed by ticket", resumes12, kind_)
    tap.case(f"{name_}: TLS 1.2 resumed by ticket, and the client is known", resumes12_mutual, kind_)
tap.case("gnutls: TLS 1.2 without extended_master_secret", not_without_ems)
tap.case("openssl: TLS 1.2 resumed by identifier, and the client is known", resumes12_mutual, OpenSSLServer, "-no_ticket")
tap.case("openssl: TLS 1.2 resumed by identifier", resumes12, OpenSSLServer, "-no_ticket")
tap.case("gnutls: TLS 1.2 resumed by identifier", resumes12, GnuTLSServer, "--noticket")
tap.case("nss: TLS 1.2 resumed by identifier", resumes12, NSSByIdentifier)
for kind_ in WITH_EARLY:
    for suite_ in kind_.peer.suites:
        tap.case(f"{kind_.peer.name} takes early data: {suite_}", early_accepted, kind_, suite_)
# gnutls 3.7 takes the second hello for more early data to read over, whoever sends it, and ends with bad_record_mac.
tap.case("openssl: a HelloRetryRequest ends early data", early_retried, OpenSSLServer)
tap.case("openssl: several tickets for one connection", several_tickets)
tap.case("a session that is used twice", used_twice)
tap.case("early data for a server that does not know the session", early_unknown)
tap.case("early data under another suite", early_suite_differs)
tap.case("nss refuses early data at first, and takes it later", early_nss)

must_be_built()
tap.main()
