#!/usr/bin/env python3
"""Sessions with Java's JSSE, resumed in both roles: TLS 1.3, and TLS 1.2 by ticket (RFC 5077) and by identifier (RFC
5246, 7.3). Without extended_master_secret none is (RFC 7627, 5.3). What Java says of a session is when it was
created: a resumed one has the time of the first."""
import json

import tap
from matrix import OURS, case, main
from peer_handfast import TOOL, connections
from peer_java import Java
from peers import PKI, Options, with_defaults
from process import Process

PEER = Java()
TURNS = 4  # connections: one that makes a session, and those that resume it
NO_EMS = ["-Djdk.tls.useExtendedMasterSecret=false"]


def tickets(role, used):
    return [f"-Djdk.tls.{role}.enableSessionTicketExtension={'true' if used else 'false'}"]


def created(turns):
    """For each connection, which session it belongs to: 0 for the first that was created."""
    times = [turn["created"] for turn in turns]
    return [sorted(set(times), key=int).index(time) for time in times]


def java_connects(version, flags):
    """Java reconnects to our server without a certificate, and then, with new sessions, showing one. Returns what
    both say of each connection."""
    served = OURS.serve(with_defaults(Options(version=version, client_auth="request"), True))
    again = [[]] * (TURNS - 1)
    connected = PEER.connect(served.port, with_defaults(Options(version=version, extra=flags), False),
                             more=[*again, [f"p12={PKI.client['p256'].p12}"], *again])
    connected.finish()
    ours = connections(served, 2 * TURNS)
    tap.equal((connected.status, len(connected.turns)), (0, 2 * TURNS), f"{connected}\n{served}")
    tap.equal({told["version"] for told in ours}, {f"TLS {version}"})
    tap.equal({turn["version"] for turn in connected.turns}, {f"TLSv{version}"})
    tap.equal([told["client_certificate"] for told in ours], [False] * TURNS + [True] * TURNS)
    return ours, connected.turns


def resumes_ours(version, flags):
    ours, java = java_connects(version, flags)
    tap.equal([told["resumed"] for told in ours], ([False] + [True] * (TURNS - 1)) * 2)
    tap.equal(created(java), [0] * TURNS + [1] * TURNS)


def not_ours_without_ems():
    """Our server makes no session, so that Java has none to offer."""
    ours, java = java_connects("1.2", NO_EMS)
    tap.equal([(told["resumed"], told["resume_reason"]) for told in ours], [(False, "NO_TICKET")] * 2 * TURNS)
    tap.equal(created(java), list(range(2 * TURNS)))


def we_connect(version, flags, code=0):
    """Our client makes sessions with Java's server, without a certificate and with one. Returns what both say of each
    connection."""
    served = PEER.serve(with_defaults(Options(version=version, client_auth="request", extra=flags), True), talk="sink",
                        more=2 * TURNS - 1)
    client = PKI.client["p256"]
    ours = []
    for shown in ([], ["--cert", client.cert, "--key", client.key]):
        process = Process([TOOL, "connect", "--json", "--ca", PKI.ca, "--sni", "localhost", "--tls", version, *shown,
                           "--resume", TURNS - 1, f"127.0.0.1:{served.port}"], stdin=b"")
        tap.equal(process.finish(60), code, f"{process}\n{served}")
        told = json.loads(process.out() or b"{}")
        tap.equal(len(told.get("connections", [])), TURNS, f"{process}\n{served}")
        tap.true(told["connected"], told)
        ours += told["connections"]
    served.finish()
    tap.equal((served.status, len(served.turns)), (0, 2 * TURNS), served)
    tap.equal({told["version"] for told in ours}, {f"TLS {version}"})
    tap.equal({turn["version"] for turn in served.turns}, {f"TLSv{version}"})
    tap.equal([turn["chain"] != "0" for turn in served.turns], [False] * TURNS + [True] * TURNS)
    return ours, served.turns


def we_resume(version, flags):
    ours, java = we_connect(version, flags)
    tap.equal([told["resumed"] for told in ours], ([False] + [True] * (TURNS - 1)) * 2)
    first = 2 if version == "1.2" else 1
    tap.equal([told["round_trips"] for told in ours], ([first] + [1] * (TURNS - 1)) * 2)
    tap.equal(created(java), [0] * TURNS + [1] * TURNS)


def we_do_not_without_ems():
    """Java gives a ticket, which is not kept."""
    ours, java = we_connect("1.2", NO_EMS, code=10)
    tap.equal([(told["resumed"], told["reason"]["name"], told["sessions_received"]) for told in ours],
              [(False, "NO_TICKET", 0)] * 2 * TURNS)
    tap.equal(created(java), list(range(2 * TURNS)))


for version_, what_, used_ in (("1.3", "TLS 1.3", True), ("1.3", "TLS 1.3, sessions kept by the server", False),
                               ("1.2", "TLS 1.2 by ticket", True), ("1.2", "TLS 1.2 by identifier", False)):
    if version_ == "1.2" or used_:  # a client of TLS 1.3 need not know what a ticket is
        case(OURS, PEER, f"resumed, {what_}", resumes_ours, version_, tickets("client", used_))
    case(PEER, OURS, f"resumed, {what_}", we_resume, version_, tickets("server", used_))
case(OURS, PEER, "not resumed, TLS 1.2 without extended_master_secret", not_ours_without_ems)
case(PEER, OURS, "not resumed, TLS 1.2 without extended_master_secret", we_do_not_without_ems)
main(PEER)
