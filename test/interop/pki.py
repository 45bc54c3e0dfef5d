"""Keys and certificates of every kind that the interoperability tests need.

All are made by the openssl command line, once: they are kept in the build directory and made anew when
this file changes or they are a day old. Two authorities sign: an ECDSA root with an intermediate, and an
RSA root that signs by itself, so that short and long chains and both kinds of signature are seen. A
third one is trusted by nobody.

    pki = Pki.ready()
    pki.server["ed25519"].cert, pki.server["ed25519"].key, pki.ca
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

# Every kind of key, with the options of `openssl genpkey`.
KINDS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsapss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
}
# What signs with such a key when every algorithm is allowed and the first fitting one is taken.
SIGNATURES = {
    "rsa": ["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"],
    "rsapss": ["rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"],
    "p256": ["ecdsa_secp256r1_sha256"],
    "p384": ["ecdsa_secp384r1_sha384"],
    "p521": ["ecdsa_secp521r1_sha512"],
    "ed25519": ["ed25519"],
    "ed448": ["ed448"],
}
NAMES = "DNS:localhost,DNS:name.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1"
DAY = 24 * 3600
PAST = ("20200101000000Z", "20200201000000Z")
FUTURE = ("20900101000000Z", "20910101000000Z")


class Identity:
    """A private key and its certificate chain, both as files in PEM."""

    def __init__(self, directory, name):
        self.name = name
        self.key = str(directory / f"{name}.key")
        self.cert = str(directory / f"{name}.pem")  # leaf first, then intermediates
        self.leaf = str(directory / f"{name}.leaf.pem")
        self.rest = str(directory / f"{name}.rest.pem")  # the intermediates; may be empty
        self.p12 = str(directory / f"{name}.p12")  # password "x"


class Pki:
    """Where everything lies; see ready()."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = str(directory / "ca.pem")  # both roots that are to be trusted
        self.other_ca = str(directory / "other.leaf.pem")
        self.intermediate = str(directory / "ec-intermediate.leaf.pem")
        self.ocsp = str(directory / "ocsp.der")  # says that server["p256"] is good
        self.server = {kind: Identity(directory, f"server-{kind}") for kind in KINDS}
        self.client = {kind: Identity(directory, f"client-{kind}") for kind in KINDS}
        self.expired = Identity(directory, "expired")
        self.not_yet = Identity(directory, "not-yet")
        self.wrong_name = Identity(directory, "wrong-name")  # for other.test only
        self.long = Identity(directory, "long")  # its 1200 names fill more than one record
        self.second_name = Identity(directory, "second-name")  # for second.test only
        self.stranger = Identity(directory, "stranger")  # signed by other_ca
        self.stranger_client = Identity(directory, "stranger-client")
        self.expired_client = Identity(directory, "expired-client")

    @staticmethod
    def ready():
        """The keys and certificates, made now if there are none or they are stale."""
        return Pki(cached("pki", Path(__file__), lambda directory: Maker(directory).make_all()))


def cached(name, source, make):
    """A directory that make(directory) has filled: kept under the build directory until the file source
    changes or a day has passed. Processes that want it at the same time wait for the one that makes it."""
    home = Path(os.environ.get("HF_BUILD") or Path(__file__).resolve().parents[2] / "build") / "interop"
    home.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    directory = home / f"{name}-{digest}"
    with open(home / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.exists() and time.time() - directory.stat().st_mtime > DAY:
            shutil.rmtree(directory)
        if not directory.exists():
            # Made aside and renamed: a run that was interrupted leaves nothing half done.
            fresh = Path(tempfile.mkdtemp(dir=home))
            try:
                make(fresh)
                fresh.rename(directory)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    return directory


class Maker:
    """Makes everything in one directory."""

    def __init__(self, directory):
        self.directory = directory

    def make_all(self):
        self.root("ec-root", "p256", "EC Root")
        self.root("rsa-root", "rsa", "RSA Root")
        self.root("other", "p256", "Other Root")
        self.issue("ec-intermediate", "p256", "EC Intermediate", "ec-root", CA_EXTENSIONS)
        self.join("ca.pem", ["ec-root.leaf.pem", "rsa-root.leaf.pem"])
        for kind in KINDS:
            self.leaf(f"server-{kind}", kind, f"server {kind}", issuer_of(kind))
            self.leaf(f"client-{kind}", kind, f"client {kind}", issuer_of(kind), "clientAuth", None)
        self.leaf("expired", "p256", "expired", "ec-intermediate", dates=PAST)
        self.leaf("not-yet", "p256", "not yet", "ec-intermediate", dates=FUTURE)
        self.leaf("expired-client", "p256", "expired client", "ec-intermediate", "clientAuth", None, PAST)
        self.leaf("wrong-name", "p256", "other.test", "ec-intermediate", names="DNS:other.test")
        many = ",".join(f"DNS:host-{number:04}.long.test" for number in range(1200))
        self.leaf("long", "p256", "long", "ec-intermediate", names=f"{NAMES},{many}")
        self.leaf("second-name", "p384", "second.test", "ec-intermediate", names="DNS:second.test")
        self.leaf("stranger", "p256", "stranger", "other")
        self.leaf("stranger-client", "p256", "stranger client", "other", "clientAuth", None)
        self.staple()

    def root(self, name, kind, title):
        self.genkey(name, kind)
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-out", f"{name}.leaf.pem", "-days", "30",
                     "-subj", f"/O=Handfast Test/CN={title}", *config(self.directory, CA_EXTENSIONS))

    def leaf(self, name, kind, title, issuer, usage="serverAuth", names=NAMES, dates=None):
        # NSS wants an RSA key to be allowed for key transport, as those of public authorities are.
        bits = "digitalSignature,keyEncipherment" if kind == "rsa" else "digitalSignature"
        extensions = f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,{bits}\n" \
                     f"extendedKeyUsage={usage}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        if names:
            extensions += f"subjectAltName={names}\n"
        self.issue(name, kind, title, issuer, extensions, dates)
        rest = ["ec-intermediate.leaf.pem"] if issuer == "ec-intermediate" else []
        self.join(f"{name}.rest.pem", rest)
        self.join(f"{name}.pem", [f"{name}.leaf.pem", *rest])
        self.bundle(name, f"{name}.pem")

    def bundle(self, name, chain):
        self.openssl("pkcs12", "-export", "-inkey", f"{name}.key", "-in", chain, "-name", name,
                     "-passout", "pass:x", "-out", f"{name}.p12")

    def issue(self, name, kind, title, issuer, extensions, dates=None):
        """`openssl ca`, because it alone takes both dates; and its index serves the OCSP responder."""
        self.genkey(name, kind)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/O=Handfast Test/CN={title}",
                     "-out", f"{name}.csr", *config(self.directory, ""))
        index = self.directory / f"{issuer}.index"
        index.touch()
        Path(f"{index}.attr").write_text("unique_subject = no\n", encoding="ascii")
        text = f"[ca]\ndefault_ca=c\n[c]\ndatabase={index}\nnew_certs_dir={self.directory}\nrand_serial=yes\n" \
               f"default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\norganizationName=supplied\n" \
               f"commonName=supplied\n[e]\n{extensions}"
        (self.directory / "ca.cnf").write_text(text, encoding="ascii")
        start, end = dates or (stamp_of(-DAY), stamp_of(30 * DAY))
        self.openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", f"{issuer}.leaf.pem",
                     "-keyfile", f"{issuer}.key", "-in", f"{name}.csr", "-out", f"{name}.leaf.pem",
                     "-startdate", start, "-enddate", end)

    def staple(self):
        issuer = "ec-intermediate"
        self.openssl("ocsp", "-index", f"{issuer}.index", "-rsigner", f"{issuer}.leaf.pem", "-rkey",
                     f"{issuer}.key", "-CA", f"{issuer}.leaf.pem", "-issuer", f"{issuer}.leaf.pem",
                     "-cert", "server-p256.leaf.pem", "-ndays", "20", "-no_nonce", "-respout", "ocsp.der")

    def genkey(self, name, kind):
        self.openssl("genpkey", *KINDS[kind], "-out", f"{name}.key")

    def join(self, name, parts):
        text = "".join((self.directory / part).read_text(encoding="ascii") for part in parts)
        (self.directory / name).write_text(text, encoding="ascii")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.directory, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.strip()}")


CA_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n" \
                "subjectKeyIdentifier=hash\n"


def issuer_of(kind):
    return "rsa-root" if kind in ("rsa", "rsapss") else "ec-intermediate"


def config(directory, extensions):
    """Options that make `openssl req` independent of the system's openssl.cnf."""
    path = directory / "req.cnf"
    path.write_text(f"[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\n{extensions}", encoding="ascii")
    return ["-config", str(path)]


def stamp_of(offset):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset))
