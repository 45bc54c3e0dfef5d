"""Writes captures: what two ends of a TCP connection sent, as packets of a pcap file. So a test decides which
packets are lost, come twice or in another order, and needs no right to capture."""
import ipaddress
import socket
import struct
import threading


class Capture:
    """One pcap file in the making. link: "ethernet", "raw", "sll" or "null"; vlan: how many tags."""

    LINKS = {"null": 0, "ethernet": 1, "raw": 101, "sll": 113, "sll2": 276, "wifi": 105}

    def __init__(self, link="ethernet", vlan=0, snap=262144):
        self.link, self.vlan, self.snap = link, vlan, snap
        self.packets = []

    def add(self, ip, at_us=None):
        """One IP packet."""
        version = ip[0] >> 4
        kind = b"\x08\x00" if version == 4 else b"\x86\xdd"
        tags = b"".join((b"\x88\xa8" if i + 1 < self.vlan else b"\x81\x00") + struct.pack(">H", 7)
                        for i in range(self.vlan))
        head = {"ethernet": bytes(12) + tags + kind, "sll": bytes(14) + kind, "raw": b"",
                "sll2": kind + bytes(18), "wifi": bytes(24),
                "null": struct.pack("<I", 2 if version == 4 else 30)}[self.link]
        self.packets.append((at_us if at_us is not None else 1000 * len(self.packets), head + ip))

    def write(self, path, cut=0):
        data = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, self.snap, self.LINKS[self.link])
        for at_us, packet in self.packets:
            kept = packet[:self.snap]
            data += struct.pack("<IIII", 1700000000 + at_us // 1000000, at_us % 1000000, len(kept), len(packet))
            data += kept
        path.write_bytes(data[:len(data) - cut])
        return path


class Connection:
    """The segments of one connection. Each call gives IP packets; the test adds those it likes to a capture."""

    def __init__(self, client="192.0.2.1", server="192.0.2.2", ports=(40000, 443), starts=(1000, 0xfffffff0)):
        self.ends = (ipaddress.ip_address(client), ipaddress.ip_address(server))
        self.ports = ports
        self.next = list(starts)

    def open(self):
        return [self.segment(0, flags=2), self.segment(1, flags=18), self.segment(0, flags=16)]

    def close(self):
        return [self.segment(0, flags=17), self.segment(1, flags=17)]

    def send(self, end, data, size=1400):
        """Segments with the data that client (0) or server (1) sends."""
        return [self.segment(end, data[at:at + size]) for at in range(0, len(data), size)]

    def segment(self, end, data=b"", flags=24):
        seq = self.next[end]
        self.next[end] = (seq + len(data) + (1 if flags & 3 else 0)) % 2**32
        tcp = struct.pack(">HHIIBBHHH", self.ports[end], self.ports[1 - end], seq, self.next[1 - end] if flags & 16 else
                          0, 5 << 4, flags, 65535, 0, 0) + data
        return self.ip(end, tcp)

    def ip(self, end, payload, protocol=6, extension=b"", fragment=0):
        source, target = self.ends[end].packed, self.ends[1 - end].packed
        if len(source) == 4:
            return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, fragment, 64, protocol, 0) + source + target \
                + payload
        following = extension[0] if extension else protocol
        body = extension[1:] + payload
        return struct.pack(">IHBB", 6 << 28, len(body), following, 64) + source + target + body


def relayed(log):
    """What a relay between two ends saw, as (end, bytes) in order, as packets of one connection."""
    connection = Connection()
    packets = connection.open()
    for end, data in log:
        packets += connection.send(end, data)
    return packets + connection.close()


class Recorder:
    """A relay on loopback that keeps, in order, what each end of one connection sent."""

    def __init__(self, target):
        self.target, self.log = target, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.done = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        near, _ = self.listener.accept()
        self.listener.close()
        far = socket.create_connection(("127.0.0.1", self.target))
        threads = [threading.Thread(target=self.pump, args=ends, daemon=True)
                   for ends in ((0, near, far), (1, far, near))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        near.close()
        far.close()
        self.done.set()

    def pump(self, end, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.log.append((end, data))
                    sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
