"""Servers of one name: each resumes what another began, and no first flight is taken twice, whatever becomes of
the store that remembers them."""
import collections
import os
import random
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import tap
from early import (GET, Server, new_session, record_own_flight, record_types, resume, seed_file, send_flight,
                   write)
from stores import FakeRedis, Redis, Relay
from tooling import Serve, certs, connect_json, wait_until

WINDOW = 3  # seconds of freshness; flights are remembered four times as long
EARLY = ("--max-early-data", "16384", "--early-window", str(WINDOW))


def fleet_server(seed, store, *options):
    return Server("--ticket-seed", seed, *EARLY, "--anti-replay", store.place, "--store-timeout", "1000", *options)


def own_session(server, name="own.session"):
    """A session that our own client keeps."""
    path = Path(certs().path(name))
    path.unlink(missing_ok=True)
    code, told = connect_json(server.port, "--http", "/first", "--session-out", path)
    tap.equal(code, 0, told)
    return path


# ---- sessions ----


@tap.test("two servers, started apart, resume each other's sessions over rotations; a full handshake only when it must be")
def rotation():
    seed = seed_file("seed.rotation", "--period", "1")
    options = ("--ticket-seed", seed, "--ticket-lifetime", "60")
    first = Server(*options)
    session = own_session(first)
    begun = time.time()
    second = None
    turns = 0
    while time.time() - begun < 5:
        if second is None and time.time() - begun > 1.5:
            second = Server(*options)
        for server in [first] if second is None else [first, second]:
            code, told = connect_json(server.port, "--http", "/json", "--session-in", session, "--session-out", session)
            tap.equal((code, told["connection"]["resumed"]), (0, True), told)
            turns += 1
    print(f"# {turns} handshakes over five periods, all resumed")
    for server in (first, second):
        lines = [line for line in server.connections() if line["server_name"] == "localhost"]
        tap.equal({line["resume_reason"] for line in lines} - {None}, {"NO_TICKET"} if server is first else set())


@tap.test("sessions of TLS 1.2 too, with the same seed")
def older():
    seed = seed_file("seed.older")
    options = ("--ticket-seed", seed, "--tls", "1.2-1.3")
    first, second = Serve(*options), Serve(*options)
    path = certs().path("session.older")
    asked = [tap.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-ign_eof", *session],
                     stdin=GET.format("/")).stdout
             for server, session in ((first, ("-sess_out", path)), (second, ("-sess_in", path)))]
    tap.contains(asked[0], "in full (NO_TICKET)")
    tap.contains(asked[1], "Reused, TLSv1.2")
    tap.contains(asked[1], "handshake           resumed")
    second.wait_for(", resumed, ")


@tap.test("clients that showed a certificate to one are known to the other, when both trust the same authorities")
def known_clients():
    seed = seed_file("seed.known")
    options = ("--ticket-seed", seed, "--client-auth", "require", "--client-ca", certs().ca)
    first, second = Server(*options), Server(*options)
    shown = ("-cert", certs().cert("client"), "-key", certs().key("client"))
    session = new_session(first, "session.known", *shown)
    tap.contains(resume(second, session, stdin=GET.format("/")), "Reused")
    tap.equal(second.connections(1)[0]["client_certificate"], True)


@tap.test("a ticket of a fleet with another seed is refused with the reason")
def not_ours():
    first = Server("--ticket-seed", seed_file("seed.ours"))
    other = Server("--ticket-seed", seed_file("seed.theirs"))
    tap.contains(resume(other, new_session(first), stdin=GET.format("/")), "in full (KEY_UNKNOWN)")


# ---- the seed in Redis ----


@tap.test("a seed in Redis: read at the start and at SIGHUP; when that fails the keys stay")
def seed_in_redis():
    redis = Redis()
    redis.command("SET", "fleet:seed", Path(seed_file("seed.in")).read_bytes())
    where = redis.place + "/fleet:seed"
    first, second = Server("--ticket-seed", where), Server("--ticket-seed", where)
    before = new_session(first)
    tap.contains(resume(second, before, stdin=GET.format("/")), "Reused")
    redis.command("SET", "fleet:seed", Path(seed_file("seed.in")).read_bytes())
    first.process.send_signal(signal.SIGHUP)
    first.wait_for('"event": "reloaded ticket seed:"')
    after = new_session(first, "session.after")
    tap.contains(resume(first, before, stdin=GET.format("/")), "Reused")
    tap.contains(resume(second, after, stdin=GET.format("/")), "in full (KEY_UNKNOWN)")
    redis.command("SET", "fleet:seed", "something else")
    second.process.send_signal(signal.SIGHUP)
    second.wait_for("this is no seed")
    redis.kill()
    first.process.send_signal(signal.SIGHUP)
    first.wait_for("reload failed")
    tap.contains(resume(first, after, stdin=GET.format("/")), "Reused")
    tap.contains(resume(second, before, stdin=GET.format("/")), "Reused")


def no_seed(place, part, *options):
    done = tap.run([tap.TOOL, "serve", "--listen", "127.0.0.1:0", *certs().pair("ec"), "--ticket-seed", place, *options])
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, part)


@tap.test("seeds that Redis does not have, or not for everybody")
def no_seed_in_redis():
    password = write("redis.password", "sesame\n")
    os.chmod(password, 0o600)
    redis = Redis("--requirepass", "sesame")
    no_seed(f"{redis.place}/none", "wants a password")
    no_seed(f"{redis.place}/none", "has no such key", "--redis-auth", password)
    no_seed(redis.place, "there is no key", "--redis-auth", password)
    no_seed(f"redis://127.0.0.1:{tap.free_port()}/none", "Connection refused")
    no_seed(f"redis://:sesame@127.0.0.1:{redis.port}/none", "a password does not belong on a command line")
    wrong = write("redis.wrong", "sesame2\n")
    os.chmod(wrong, 0o600)
    no_seed(f"{redis.place}/none", "refuses the password", "--redis-auth", wrong)
    os.chmod(wrong, 0o644)
    no_seed(f"{redis.place}/none", "other users can read", "--redis-auth", wrong)
    redis.command("LPUSH", "list", "1")
    silent = FakeRedis()
    silent.lies = {"GET": b":1\r\n"}
    no_seed(f"{silent.place}/seed", "the answer is none of Redis")
    silent.lies = {"GET": b"$99999999\r\n"}
    no_seed(f"{silent.place}/seed", "the answer is none of Redis")
    silent.lies = {"GET": None}
    no_seed(f"{silent.place}/seed", "no answer came in time")


# ---- a store that cannot be believed ----


class Fleet:
    """One server with a store of ours in front of it, and a session that may send early data."""

    def __init__(self, store, *options):
        self.store = store
        self.server = fleet_server(seed_file("seed.store"), store, *options)
        self.session = own_session(self.server)
        self.asked = 1

    def reason(self):
        """Why early data is refused now; None: it is taken. The handshake goes on in every case."""
        code, told = connect_json(self.server.port, "--session-in", self.session, "--early-data",
                                  write("early.request", GET.format("/early")), "--resend-early", timeout=30)
        tap.equal((code, told["connection"]["resumed"]), (0, True), told)
        self.asked += 1
        return self.server.connections(self.asked)[-1]["early_reason"]

    def wait_until_taken(self, seconds=15):
        wait_until(lambda: self.reason() is None, "early data is taken", self.server, seconds)


@tap.test("the same first flight to one server and then to the other: taken once")
def once():
    store = FakeRedis()
    seed = seed_file("seed.once")
    servers = [fleet_server(seed, store) for _ in range(2)]
    for server in servers:
        wait_until(lambda one=server: any(event["fit"] for event in one.events("store")), "the store is there", server)
    session = own_session(servers[0])
    for number in range(4):
        flight = record_own_flight(session, GET.format(f"/once/{number}"))
        told = collections.Counter()
        for turn in range(4):
            replay(servers[(number + turn) % 2].port, flight, told)
        tap.equal(dict(told), {22: 4})
    wait_until(lambda: sum(len(server.connections()) for server in servers) == 17, "all have ended", servers[0])
    done = collections.Counter(event["path"] for server in servers for event in server.requests())
    tap.equal({path: count for path, count in done.items() if count > 1 or path == "/first"}, {"/first": 1})
    tap.true(len(done) > 1, "some were fresh")


@tap.test("a store that answers wrongly costs early data, and nothing else")
def lies():
    store = FakeRedis()
    fleet = Fleet(store)
    fleet.wait_until_taken()
    for command, answer in [
        ("SET", b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
        ("SET", b"-READONLY You can't write against a read only replica.\r\n"),
        ("SET", b"-LOADING Redis is loading the dataset in memory\r\n"),
        ("SET", b"+QUEUED\r\n"),
        ("SET", b":1\r\n"),
        ("SET", b"$2\r\nOK\r\n"),
        ("SET", b"*1000000000\r\n"),
        ("SET", b"$999999999999\r\n"),
        ("SET", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("SET", b"+OK\r\n+OK\r\n+OK\r\n"),
        ("SET", b"\x00" * 60000),
        ("SET", lambda raw: raw.close()),
        ("PTTL", b":-1\r\n"),
        ("PTTL", b":-3\r\n"),
        ("PTTL", b":315360000001\r\n"),
        ("PTTL", b"+OK\r\n"),
        ("PTTL", b"-ERR unknown command\r\n"),
        ("PTTL", lambda raw: raw.close()),
    ]:
        store.lies = {command: answer}
        tap.equal(fleet.reason(), "STORE_DOWN", f"{command} {answer!r}"[:80])
        store.lies = {}
        fleet.wait_until_taken()
    store.lies = {"PTTL": b":-2\r\n"}
    tap.equal(fleet.reason(), "STORE_STARTING", "no mark")
    store.lies = {"PTTL": b":%d\r\n" % (FakeRedis.YEARS - 4000 * WINDOW + 500)}
    tap.equal(fleet.reason(), "STORE_STARTING", "a mark that is too young")
    store.lies = {}
    tap.equal(fleet.reason(), None)


@tap.test("a store that is not fit to remember is not asked: replica, evicting, wrong clock, or no Redis at all")
def unfit():
    store = FakeRedis()
    fleet = Fleet(store)
    fleet.wait_until_taken()
    for health, part in [
        ({"role": "slave"}, "it is a replica"),
        ({"maxmemory": "1000000", "maxmemory_policy": "volatile-lru"}, "it drops keys"),
        ({"run_id": ""}, "it does not tell what it is"),
        ({"master_replid": "a b"}, "it does not tell what it is"),
        ({"clock": 60}, "its clock and ours differ"),
        ({"clock": -60}, "its clock and ours differ"),
    ]:
        store.clock_off_s = health.pop("clock", 0)
        store.health = health
        wait_until(lambda: not fleet.server.events("store")[-1]["fit"], part, fleet.server)
        tap.contains(fleet.server.events("store")[-1]["reason"], part)
        tap.equal(fleet.reason(), "STORE_DOWN")
        store.clock_off_s, store.health = 0, {}
        fleet.wait_until_taken()
    for lie in [{"INFO": b"+OK\r\n"}, {"TIME": b"*1\r\n$1\r\n1\r\n"}, {"TIME": b"*2\r\n$1\r\nx\r\n$1\r\n1\r\n"}]:
        store.lies = lie
        wait_until(lambda: fleet.reason() == "STORE_DOWN", "the lie is found out", fleet.server)
        store.lies = {}
        fleet.wait_until_taken()


@tap.test("a store that is slow or silent is waited for so long and no longer, and other handshakes do not wait at all")
def slow():
    redis = Redis()
    relay = Relay(redis.port)
    fleet = Fleet(relay, "--handshake-timeout", "60")
    wait_until(lambda: any(event["fit"] for event in fleet.server.events("store")), "the store is there", fleet.server)
    fleet.server.stop()
    server = Server("--ticket-seed", certs().path("seed.store"), *EARLY, "--anti-replay", relay.place,
                    "--store-timeout", "50")
    wait_until(lambda: any(event["fit"] for event in server.events("store")), "the store is there", server)
    fleet.server, fleet.asked = server, 0
    wait_until(lambda: fleet.reason() in ("STORE_STARTING", None), "it answers in time", server)
    relay.delay = 0.4
    tap.equal(fleet.reason(), "STORE_DOWN")
    flight = record_own_flight(fleet.session, GET.format("/leaves"))
    for _ in range(20):  # who leaves while the store is asked leaves nothing behind
        send_flight(server.port, flight).close()
    fleet.asked = len(server.connections(fleet.asked + 20))
    code, told = connect_json(server.port, "--http", "/json")
    tap.equal((code, told["connection"]["resumed"]), (0, False))
    fleet.asked += 1
    relay.delay = 5  # longer than any answer is awaited: the connection is given up
    wait_until(lambda: any("in time" in (event["reason"] or "") for event in server.events("store")), "it is given up",
               server)
    tap.equal(fleet.reason(), "STORE_DOWN")
    relay.delay = 0
    wait_until(lambda: fleet.reason() in ("STORE_STARTING", None), "it is asked again", server)


@tap.test("a store that is not there, comes, wants a password, and goes: early data follows, handshakes never wait")
def comes_and_goes():
    password = write("redis.password", "sesame\n")
    os.chmod(password, 0o600)
    redis = Redis("--requirepass", "sesame")
    redis.kill()
    fleet = Fleet(redis, "--redis-auth", password)
    tap.equal(fleet.reason(), "STORE_DOWN")
    redis.start()
    wait_until(lambda: fleet.reason() == "STORE_STARTING", "the store is new", fleet.server)
    other = fleet_server(certs().path("seed.store"), redis)  # without the password
    wait_until(lambda: other.events("store"), "it does not come in", other)
    tap.equal(other.events("store")[0]["fit"], False)
    redis.kill()
    wait_until(lambda: fleet.reason() == "STORE_DOWN", "the store has gone", fleet.server)


@tap.test("a store that forgot is found out: emptied, or restarted with a snapshot that is older than its end")
def forgets():
    redis = Redis()
    fleet = Fleet(redis)
    wait_until(lambda: fleet.reason() == "STORE_STARTING", "the store is new", fleet.server)
    fleet.wait_until_taken(60)
    redis.command("FLUSHALL")
    tap.equal(fleet.reason(), "STORE_STARTING", "emptied")
    wait_until(lambda: b"handfast:since:" in redis.command("KEYS", "*"), "the mark is put again", fleet.server)
    redis.command("SAVE")
    redis.kill()
    redis.start()
    tap.contains(redis.command("DBSIZE").decode(), ":")
    wait_until(lambda: fleet.reason() == "STORE_STARTING", "restarted with its snapshot", fleet.server)


# ---- under attack ----


def replay(port, flight, told):
    """Sends a flight and counts in told what became of it: a ServerHello, or something else."""
    try:
        with send_flight(port, flight) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            answer = b""
            while not record_types(answer):
                part = raw.recv(65536)
                if not part:
                    break
                answer += part
            types = record_types(answer)
            told[types[0] if types else "nothing"] += 1
    except OSError as error:
        told[type(error).__name__] += 1


class Honest(threading.Thread):
    """A client that goes from server to server with the session that the last one gave it."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.servers = servers
        self.session = own_session(servers[0], "honest.session")
        self.results = collections.Counter()
        self.over = threading.Event()

    def run(self):
        turn = 0
        while not self.over.wait(0.05):
            turn += 1
            self.results[self._visit(self.servers[turn % 2])] += 1

    def _visit(self, server):
        try:
            code, told = connect_json(server.port, "--http", "/json", "--session-in", self.session, "--session-out",
                                      self.session, timeout=60)
            return code, told["connection"]["resumed"] if code == 0 else told["error"]["sentence"]
        except Exception as error:  # pylint: disable=broad-except
            return None, str(error)  # for who judges: an exception would end with this thread


class Attack:
    """Flights recorded from one session and sent again and again to both servers."""

    THREADS = 4

    def __init__(self, servers, session):
        self.servers = servers
        self.session = session
        self.flights = {}
        self.told = collections.Counter()
        self.random = random.Random(4)

    def record(self, label, count):
        for number in range(count):
            path = f"/{label}/{number}"
            self.flights[path] = record_own_flight(self.session, GET.format(path))

    def send(self, labels, times, meanwhile=lambda: None):
        """Each flight of these labels so many times, in any order, to any server; meanwhile() in the midst."""
        shots = [flight for path, flight in self.flights.items() if path.split("/")[1] in labels] * times
        self.random.shuffle(shots)
        parts = [shots[start::self.THREADS] for start in range(self.THREADS)]
        counters = [collections.Counter() for _ in parts]
        threads = [threading.Thread(target=self._send, args=job) for job in zip(parts, counters, range(self.THREADS))]
        for thread in threads:
            thread.start()
        meanwhile()
        for thread in threads:
            thread.join()
        self.told.update(sum(counters, collections.Counter()))

    def _send(self, shots, told, start):
        for number, flight in enumerate(shots, start):
            replay(self.servers[number % 2].port, flight, told)


REPLAYS = 10000


@tap.test(f"{REPLAYS} replays to two servers while the store is killed and restarted: none executed twice, "
          "no handshake lost")
def under_attack():
    seed = seed_file("seed.attack", "--period", "2")
    redis = Redis()
    servers = [fleet_server(seed, redis, "--ticket-lifetime", "120") for _ in range(2)]
    session = own_session(servers[0])
    honest = Honest(servers)
    honest.start()
    attack = Attack(servers, session)

    def is_taken():
        attack.record("probe", 1)
        attack.send({"probe"}, 2)
        return any(event["path"] == "/probe/0" for server in servers for event in server.requests())

    wait_until(is_taken, "the store has watched for a whole window", servers[0], 60)
    attack.flights.clear()
    attack.record("before", 10)
    attack.send({"before"}, 200)
    # What was just executed, and what nobody has seen yet, while the store goes, is gone, and comes empty.
    attack.record("killed", 10)
    attack.send({"before", "killed"}, 100, redis.kill)
    attack.record("gone", 5)
    attack.send({"before", "killed", "gone"}, 40)
    began = time.monotonic()
    attack.send({"before", "killed", "gone"}, 40, redis.start)
    attack.record("back", 5)
    attack.send({"before", "killed", "gone", "back"}, 40)
    is_new = time.monotonic() - began < 4 * WINDOW  # on a machine so slow that it is not, the last were taken, once
    sent = sum(attack.told.values())
    wait_until(lambda: connect_json(servers[0].port, "--session-in", session, "--early-data",
                                    write("probe", GET.format("/again")))[1]["connection"]["early_data"],
               "early data is taken again", servers[0], 60)
    attack.record("after", 10)
    attack.send({"after"}, (REPLAYS - sent) // 10 + 1)
    honest.over.set()
    honest.join(60)
    by_label = judge_attack(attack, servers, honest)
    tap.equal(by_label["gone"], 0, "nothing while the store was away")
    if is_new:
        tap.equal(by_label["back"], 0, "nothing while the store was new")


def judge_attack(attack, servers, honest):
    """Fails where a flight was executed twice or a handshake lost; returns how many of each label were executed."""
    total = sum(attack.told.values())
    print(f"# {total} replays: {dict(attack.told)}; honest: {dict(honest.results)}")
    tap.true(total >= REPLAYS, total)
    tap.equal(dict(attack.told), {22: total}, "each got a ServerHello")
    tap.equal(set(honest.results), {(0, True)}, "the honest client was always served, and never in full")
    done = collections.Counter(event["path"] for server in servers for event in server.events("request"))
    attacked = {path: count for path, count in done.items() if path not in ("/again", "/first", "/json")}
    tap.equal({path: count for path, count in attacked.items() if count > 1 and "/probe" not in path}, {})
    by_label = collections.Counter(path.split("/")[1] for path in attacked)
    reasons = collections.Counter(line["early_reason"] for server in servers for line in server.connections()
                                  if line["early_data_offered"])
    print(f"# executed once: {dict(by_label)}; reasons: {dict(reasons)}")
    tap.true(by_label["before"] > 0 and by_label["after"] > 0, "but before and after")
    for reason in ("REPLAYED", "STORE_DOWN", "STORE_STARTING"):
        tap.true(reasons[reason] > 0, f"{reason}: {dict(reasons)}")
    return by_label


tap.main(needs=["openssl"])
