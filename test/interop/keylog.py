"""Key logs (RFC 9850), and what follows from an exporter secret in one."""
import hashlib
import hmac
from pathlib import Path

LABELS = ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
          "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"]


def read(path):
    """{label: (client_random, secret)} of a log with one connection, as lower-case hex."""
    lines = [line.split() for line in Path(path).read_text(encoding="ascii").splitlines()]
    return {line[0]: (line[1].lower(), line[2].lower()) for line in lines if len(line) == 3 and line[0][0] != "#"}


def export(secret_hex, label, context=b"", length=32):
    """TLS-Exporter (RFC 9846, 7.5) from the exporter secret of a log."""
    secret = bytes.fromhex(secret_hex)
    name = "sha384" if len(secret) == 48 else "sha256"

    def digest(data):
        return hashlib.new(name, data).digest()

    def expand_label(key, text, value, size):
        full = b"tls13 " + text
        info = size.to_bytes(2, "big") + bytes([len(full)]) + full + bytes([len(value)]) + value
        out, block, count = b"", b"", 1
        while len(out) < size:
            block = hmac.new(key, block + info + bytes([count]), name).digest()
            out, count = out + block, count + 1
        return out[:size]

    derived = expand_label(secret, label.encode(), digest(b""), len(secret))
    return expand_label(derived, b"exporter", digest(context), length).hex()
