"""Stores for the tests of a fleet: a real Redis, one that lies, and a relay that makes one slow."""
import contextlib
import socket
import threading
import time

import tap
from tooling import LIMIT, wait_until


class Redis:
    """A redis-server on a free port, in memory only unless options say else."""

    def __init__(self, *options):
        tap.need("redis-server")
        self.port = tap.free_port()
        self.options = options
        self.directory = tap.directory() / f"redis-{self.port}"
        self.directory.mkdir()
        self.process = None
        self.start()

    @property
    def place(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = tap.start(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                                  "--appendonly", "no", "--dir", self.directory, *self.options])
        wait_until(self._answers, "redis-server is ready")

    def _answers(self):
        tap.equal(self.process.poll(), None, self.process.log.read_text(errors="replace"))
        with contextlib.suppress(OSError):
            return self.command("PING", limit=1)[:1] in (b"+", b"-")
        return False

    def kill(self):
        """Without a word, as a machine that loses its power."""
        self.process.kill()
        self.process.wait(LIMIT)

    def command(self, *words, limit=LIMIT):
        """The first bytes of the answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), limit) as raw:
            raw.settimeout(limit)
            raw.sendall(resp(*words))
            return raw.recv(65536)


def resp(*words):
    """A command as it goes over the wire."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


class Listener:
    """A server of connections on a free port, each served by a thread of its own."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def place(self):
        return f"redis://127.0.0.1:{self.port}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self.socket.accept()
                self.open.append(raw)
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw):
        with contextlib.suppress(OSError):
            self.serve(raw)
        raw.close()

    def serve(self, raw):
        raise NotImplementedError

    def stop(self):
        self.socket.close()
        for raw in self.open:
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)


class FakeRedis(Listener):
    """Says what a good store says, but for what `lies` has for a command (bytes, or None: silence)."""

    YEARS = 315360000000

    def __init__(self):
        self.lies = {}
        self.health = {}
        self.seen = set()
        self.clock_off_s = 0
        super().__init__()

    def serve(self, raw):
        data = b""
        while part := raw.recv(65536):
            data += part
            while (found := self._next(data)) is not None:
                words, data = found
                answer = self.lies.get(words[0], self._answer(words))
                if callable(answer):
                    answer(raw)
                elif answer is not None:
                    raw.sendall(answer)

    @staticmethod
    def _next(data):
        """The first whole command, and what follows it."""
        lines = data.split(b"\r\n")
        if not data.startswith(b"*") or len(lines) < 2 * int(lines[0][1:]) + 2:
            return None
        count = int(lines[0][1:])
        return [word.decode() for word in lines[2:2 * count + 2:2]], b"\r\n".join(lines[2 * count + 1:])

    def _answer(self, words):
        if words[0] == "INFO":
            facts = {"server": {"run_id": "fake"}, "memory": {"maxmemory": "0", "maxmemory_policy": "noeviction"},
                     "replication": {"role": "master", "master_replid": "fake"}}[words[1]]
            return bulk("# Section\r\n" + "".join(f"{key}:{self.health.get(key, value)}\r\n"
                                                  for key, value in facts.items()))
        if words[0] == "TIME":
            return b"*2\r\n" + bulk(str(int(time.time()) + self.clock_off_s)) + bulk("0")
        if words[0] == "SET" and words[1].startswith("handfast:flight:"):
            fresh = words[1] not in self.seen
            self.seen.add(words[1])
            return b"+OK\r\n" if fresh else b"$-1\r\n"
        if words[0] == "PTTL":
            return b":%d\r\n" % (self.YEARS - 3600000)
        return b"+OK\r\n"


class Relay(Listener):
    """Passes on to another port, each piece after `delay` seconds."""

    def __init__(self, port):
        self.to = port
        self.delay = 0
        super().__init__()

    def serve(self, raw):
        with socket.create_connection(("127.0.0.1", self.to), LIMIT) as far:
            self.open.append(far)
            back = threading.Thread(target=self._pass, args=(far, raw), daemon=True)
            back.start()
            self._pass(raw, far)
            back.join(LIMIT)

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            source.settimeout(None)
            while part := source.recv(65536):
                time.sleep(self.delay)
                sink.sendall(part)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
