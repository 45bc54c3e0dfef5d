"""A TCP relay on loopback that hands bytes on in other pieces, or leaves records out.

    with Relay(server_port, pieces(1)) as relay:     # every byte in a segment of its own
        client.connect(relay.port, ...)
"""
import socket
import threading

CHANGE_CIPHER_SPEC = 20


class Relay:
    """Relays one connection. make_filter() gives one function for each direction: bytes that came in,
    to a list of pieces to send on."""

    def __init__(self, target, make_filter):
        self.target, self.make_filter = target, make_filter
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]

    def __enter__(self):
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()

    def run(self):
        try:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.target))
            self.sockets += [near, far]
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=pump, args=(far, near, self.make_filter()), daemon=True).start()
            pump(near, far, self.make_filter())
        except OSError:
            pass  # an end has gone; the ends themselves are what is judged


def pump(source, sink, change):
    try:
        while data := source.recv(65536):
            for piece in change(data):
                sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def pieces(size):
    """Filter: pieces of size bytes."""
    return lambda: lambda data: [data[at:at + size] for at in range(0, len(data), size)]


def without_change_cipher_spec():
    """Filter: whole records, those of middlebox compatibility left out."""
    held = bytearray()

    def change(data):
        held.extend(data)
        out = []
        while len(held) >= 5 and len(held) >= 5 + int.from_bytes(held[3:5], "big"):
            end = 5 + int.from_bytes(held[3:5], "big")
            if held[0] != CHANGE_CIPHER_SPEC:
                out.append(bytes(held[:end]))
            del held[:end]
        return out
    return change
