"""What all peers have in common: options, a session, and the meeting of two ends.

A peer is a program that can be a client, a server or both; each has a module peer_NAME.py that turns
Options into its flags and its output into Facts.

    server, client = meet(OpenSSL(), Options(identity=pki.server["rsa"]), Handfast(), Options(ca=pki.ca))
    server.facts, client.facts, client.received
"""
import re
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Optional

import tap
from facts import Facts, agree, expect
from pki import Pki

REQUEST = b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"
COMMANDS = (b"K", b"k", b"c", b"^rekey^")  # key update with and without request, certificate request
if not tap.available("openssl"):
    print("1..0 # SKIP openssl is not installed: it makes the certificates")
    sys.exit(0)
PKI = Pki.ready()


@dataclass
class Options:
    """What an end offers or wants. None: the program's default. Names are IANA's."""

    suites: Optional[list] = None
    groups: Optional[list] = None
    shares: Optional[list] = None  # client: groups for which a share is sent at once
    sigalgs: Optional[list] = None
    alpn: Optional[list] = None
    version: Optional[str] = "1.3"  # the only one; None: all that the program has
    identity: object = None  # what this end shows; a server's default is P-256
    more_identities: list = field(default_factory=list)
    ca: Optional[str] = None  # what this end trusts; a client's default is the right one
    client_auth: str = "none"  # server: none, request, require
    sni: Optional[str] = "localhost"  # client; None: send none
    psk: Optional[tuple] = None  # (identity, key in hex)
    psk_imported: bool = False  # RFC 9258; most peers know raw ones only
    ocsp: Optional[str] = None  # server: file with the response
    record_limit: Optional[int] = None  # bytes of plaintext with its content type
    small_records: bool = False  # the other end's record_limit may be very low
    compression: Optional[list] = None
    middlebox: bool = True
    cookie: bool = False  # server: HelloRetryRequest with a cookie, always
    keylog: Optional[str] = None
    exporter: Optional[str] = None  # label; 32 bytes
    extra: list = field(default_factory=list)  # flags of this one program


class Session:
    """One connection as one program sees it. Subclasses fill in facts and received."""

    def __init__(self, peer, options, process, port=None):
        self.peer, self.options, self.process, self.port = peer, options, process, port
        self.status = None  # exit code
        self.facts = Facts()
        self.received = b""  # application data
        self.exported = None  # keying material, as hex

    def tells(self):
        """Fields on which this end's silence is a failure of the test."""
        return self.peer.tells | (self.peer.server_tells if self.port else self.peer.client_tells)

    def finish(self):
        """Waits for the end and reads the outcome. A client ends by itself; a server is ended when its
        connection has."""
        raise NotImplementedError

    def __str__(self):
        return f"--- {self.peer.name}: exit code {self.status}\n{self.facts}\n{self.process}"


class Peer:
    """A program. Subclasses say what it can do; see peer_openssl.py for one of each kind."""

    name = "?"
    programs = ()  # that must be installed
    serves = connects = True
    tells = server_tells = client_tells = frozenset()  # fields of Facts that it tells when all goes well
    groups = suites = kinds = ()  # what it can do, by IANA's names and pki.KINDS
    picks_suites = picks_sigalgs = alpn = True  # whether Options about these have an effect
    bare_cookie = True  # whether its client takes a HelloRetryRequest without a group
    staples = True  # whether its server sends an OCSP response on demand
    exports_as = ()  # roles in which it prints keying material: "server", "client"
    always_shares = ()  # groups that its client sends a share for whenever it offers them
    shows_unwanted = True  # whether its client shows a certificate that no authority asked for has signed
    shows_expired = True  # whether its client shows a certificate that has expired
    sends_root = False  # whether its server shows the authority's own certificate too
    steady_kind = None  # the one kind of certificate that goes with every group, where not all do
    alerts = {}  # by situation (see matrix.py), where it sends another alert than most

    def missing(self):
        """Why it cannot be used here, or None."""
        absent = [program for program in self.programs if not tap.available(program)]
        return f"{', '.join(absent)} not installed" if absent else None

    def says(self, situation, speaker, usual):
        """The alert that speaker sends in a situation."""
        return self.alerts.get(situation, usual) if speaker is self else usual

    def serve(self, options):
        """A session whose port accepts one connection and answers a GET."""
        raise NotImplementedError

    def connect(self, port, options):
        """A session that sends REQUEST and reads to the end."""
        raise NotImplementedError


def with_defaults(options, is_server):
    if is_server:
        return replace(options, identity=options.identity or (None if options.psk else PKI.server["p256"]),
                       ca=options.ca or (PKI.ca if options.client_auth != "none" else None))
    return replace(options, ca=options.ca or PKI.ca)


def meet(server, server_options, client, client_options):
    """Lets two ends meet once. Returns both sessions, ended."""
    served = server.serve(with_defaults(server_options, True))
    connected = client.connect(served.port, with_defaults(client_options, False))
    connected.finish()
    served.finish()
    return served, connected


def chat(served, connected, server_says=(), client_says=()):
    """Lets two interactive ends talk: each sends what is given, in turn, and the other must have received
    it before the next is sent; commands (b"K") are sent alone. Then the client ends. Finishes both."""
    for speaker, listener, lines in ((connected, served, client_says), (served, connected, server_says)):
        for line in lines:
            speaker.process.send(line + b"\n")
            if line not in COMMANDS:
                listener.process.wait_for(re.escape(line.decode()))
            else:
                time.sleep(0.05)  # letters are commands only at the start of what is read at once
    connected.process.close()
    connected.finish()
    served.finish()


def succeed(server, server_options, client, client_options, **wanted):
    """A meeting that must go well. wanted: Facts that both ends must tell. Returns both sessions."""
    served, connected = meet(server, server_options, client, client_options)
    went_well(served, connected, **wanted)
    return served, connected


def went_well(served, connected, **wanted):
    """Judges two finished sessions."""
    with_sessions(served, connected, lambda: judge_success(served, connected, wanted))


def judge_success(served, connected, wanted):
    wanted = {"version": "TLSv1.3", "alert_sent": "", "alert_received": "", **wanted}
    for session in (served, connected):
        expect(session.facts, wanted, session.peer.name, session.tells())
    agree(served.facts, connected.facts, f"{served.peer.name} serves {connected.peer.name}")
    tap.equal(connected.status, 0, f"exit code of {connected.peer.name}")
    tap.true(connected.received, "the answer is empty")


def refuse(server, server_options, client, client_options, by, alert, error=None):
    """A meeting that the end named by ("server" or "client") must refuse with this alert. error: what our
    program must call it if that end is ours. Returns both sessions."""
    served, connected = meet(server, server_options, client, client_options)
    refuser, refused = (served, connected) if by == "server" else (connected, served)
    with_sessions(served, connected, lambda: judge_refusal(refuser, refused, alert, error))
    return served, connected


def judge_refusal(refuser, refused, alert, error):
    expect(refuser.facts, {"alert_sent": alert}, refuser.peer.name, refuser.tells() - {"alert_sent"})
    expect(refused.facts, {"alert_received": alert}, refused.peer.name, refused.tells())
    tap.true(refuser.facts.alert_sent or refused.facts.alert_received, "neither end tells of the alert")
    for session, name in ((refuser, error), (refused, "ALERT_RECEIVED")):
        if session.facts.error is not None:
            tap.equal(session.facts.error, name, "our error")
            tap.true(session.status != 0 or session.port, "the client's exit code is 0")


def with_sessions(served, connected, judge):
    """Runs a judgement; when it fails, what both ends wrote is added."""
    try:
        judge()
    except tap.Failure as failure:
        tap.fail(f"{failure}\n{served}\n{connected}")
