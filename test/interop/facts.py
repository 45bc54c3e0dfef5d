"""What an end says about a connection, in one vocabulary for all programs.

Every peer names things in its own way; here they become IANA's names. A field is None where the program
does not tell. Two ends agree when every field that both tell is the same; an alert sent by one is the
alert received by the other.
"""
import re
from dataclasses import dataclass, fields
from typing import Optional

import tap

SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
CLASSIC_GROUPS = ["x25519", "secp256r1", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072", "ffdhe4096"]
HYBRID = "x25519mlkem768"

ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
    40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
    45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
    49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
    109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass
class Facts:
    """One end's view of one connection."""

    version: Optional[str] = None  # "TLSv1.3"
    suite: Optional[str] = None  # IANA's name
    group: Optional[str] = None  # IANA's name in lower case; "" when none was used
    signature: Optional[str] = None  # of the server's CertificateVerify; "" when there was none
    client_signature: Optional[str] = None
    retried: Optional[bool] = None  # a HelloRetryRequest
    alpn: Optional[str] = None  # "" when none was chosen
    sni: Optional[str] = None  # "" when none was sent
    client_certificate: Optional[bool] = None  # the client showed one
    psk: Optional[bool] = None
    stapled: Optional[bool] = None  # an OCSP response came with the server's certificate
    compression: Optional[str] = None  # method of the server's certificate; "" when not compressed
    chain: Optional[int] = None  # certificates that the server showed
    updates_sent: Optional[int] = None  # KeyUpdates
    updates_received: Optional[int] = None
    alert_sent: Optional[str] = None  # other than close_notify; "" when none
    alert_received: Optional[str] = None
    error: Optional[str] = None  # our program's name for what went wrong; "" when nothing did
    peer_limit: Optional[int] = None  # the record_size_limit that the other end announced


MIRRORED = {"updates_sent": "updates_received", "updates_received": "updates_sent",
            "alert_sent": "alert_received", "alert_received": "alert_sent"}
OWN = ("error", "peer_limit")


def agree(one, other, where):
    """Fails when the two views of one connection differ."""
    for field in fields(Facts):
        if field.name in OWN:
            continue
        mine, theirs = getattr(one, field.name), getattr(other, MIRRORED.get(field.name, field.name))
        if mine is not None and theirs is not None and mine != theirs:
            tap.fail(f"{where}: {field.name}: one end says {mine!r}, the other {theirs!r}\n{one}\n{other}")


def expect(view, wanted, where, tells):
    """Fails when a view differs from what is wanted, or is silent on what its program is known to tell."""
    for name, value in wanted.items():
        seen = getattr(view, name)
        if seen is None and name not in tells:
            continue
        if seen != value:
            tap.fail(f"{where}: {name} is {seen!r}, expected {value!r}\n{view}")


# ---- names ----


def group_name(text):
    """'SECP384R1', 'secp384r1 (P-384) (24)', 'ecdh_x25519', 'P384' and the like."""
    text = text.lower()
    for pattern, name in (("x25519mlkem768|4588|0x11ec", HYBRID), ("x25519", "x25519"),
                          ("secp256r1|prime256v1|p-?256", "secp256r1"), ("secp384r1|p-?384", "secp384r1"),
                          ("secp521r1|p-?521", "secp521r1")):
        if re.search(pattern, text):
            return name
    finite = re.search(r"ffdhe_?(\d+)", text)
    return f"ffdhe{finite.group(1)}" if finite else text


def suite_name(text):
    """'AES-256-GCM', 'TLS_AES_256_GCM_SHA384' and the like."""
    plain = text.upper().replace("-", "_")
    return next((suite for suite in SUITES if suite[4:].rsplit("_", 1)[0] in plain), text)


def signature_name(text):
    """GnuTLS' 'RSA-PSS-RSAE-SHA256', 'ECDSA-SECP256R1-SHA256', 'EdDSA-Ed25519'; IANA's stay as they are."""
    text = text.strip().lower().replace("-", "_")
    if text.startswith("eddsa_"):
        return text[6:]
    if re.fullmatch(r"rsa_pss_sha\d+", text):
        return text.replace("rsa_pss_", "rsa_pss_pss_")
    return text


def alert_name(number):
    return ALERTS.get(number, f"alert {number}")
