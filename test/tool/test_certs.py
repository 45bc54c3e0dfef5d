"""certs: a chain as a person reads it, from a file and from a server, and the verdict over it."""
import base64
import hashlib
import json
from pathlib import Path

import tap
from tooling import Serve, certs, connect_json


def run(*arguments, **more):
    return tap.run([tap.TOOL, "certs", *arguments], **more)


def run_json(*arguments):
    done = run("--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def chain(*names):
    path = certs().path("-".join(names) + ".chain")
    Path(path).write_text("".join(Path(certs().path(f"{n}.pem")).read_text(encoding="ascii") for n in names),
                          encoding="ascii")
    return path


@tap.test("a file: names, issuer, dates, key, usage, fingerprint, order and verdict")
def file():
    done = run("--ca", certs().ca, chain("ec", "ca"))
    tap.equal((done.returncode, done.stderr), (0, ""))
    for part in ("2 certificates from", "1. CN=ec", "localhost, 127.0.0.1, ::1", "issued by     CN=Test CA",
                 "days left", "EC P-256", "ECDSA with SHA-256", "digitalSignature", "SHA-256       ",
                 "2. CN=Test CA", "(a root)", "issued by     itself",
                 "order: each certificate was issued by the next", "believed: trusted through 'Test CA'"):
        tap.contains(done.stdout, part)


@tap.test("the name that is asked for")
def name():
    done = run("--ca", certs().ca, "--name", "localhost", certs().cert("ec"))
    tap.contains(done.stdout, "believed for localhost: ")
    done = run("--ca", certs().ca, "--name", "wrong.test", certs().cert("ec"))
    tap.equal(done.returncode, 5)
    tap.contains(done.stdout, "not believed because of certificate 1: asked for 'wrong.test'")
    code, told = run_json("--ca", certs().ca, "--name", "wrong.test", certs().cert("ec"))
    tap.equal((code, told["ok"], told["verdict"]["rule"]), (5, False, "NAME"))
    tap.equal(told["verdict"]["place"], "RFC 9525, 6")


@tap.test("a wrong order is told")
def order():
    done = run("--ca", certs().ca, chain("ec", "rsa", "ca"))
    tap.contains(done.stdout, "order: certificate 1 was issued by certificate 3, which should follow it")
    tap.equal(done.returncode, 0)
    done = run("--ca", certs().ca, chain("ec", "rsa"))
    tap.contains(done.stdout, "order: certificate 2 did not issue certificate 1, and no other one did")


@tap.test("what is missing, expired or unknown is told with what helps")
def refused():
    code, told = run_json("--ca", certs().cert("other"), certs().cert("ec"))
    tap.equal((code, told["verdict"]["rule"]), (5, "MISSING_INTERMEDIATE"))
    tap.contains(told["verdict"]["detail"], "issued by 'Test CA'")
    tap.equal(told["certificates"][0]["issued_by"], None)
    done = run("--ca", certs().ca, certs().cert("expired"))
    tap.equal(done.returncode, 5)
    for part in ("EXPIRED", "not believed because of certificate 1: 'expired' expired", "what helps"):
        tap.contains(done.stdout, part)
    code, told = run_json("--ca", certs().ca, "--time-at", "1000000000", certs().cert("ec"))
    tap.equal((code, told["verdict"]["rule"], told["time"]), (5, "CLOCK_BEHIND", 1000000000))


@tap.test("JSON has every fact, and the paths")
def facts():
    code, told = run_json("--ca", certs().ca, chain("ec", "ca"))
    tap.equal(code, 0)
    first, second = told["certificates"]
    tap.equal((first["subject"], first["issuer"], first["issued_by"]), ("CN=ec", "CN=Test CA", 1))
    tap.equal((first["authority"], second["authority"], second["self_issued"]), (False, True, True))
    tap.equal((first["key"], first["signature"], first["name_count"]), ("EC P-256", "ECDSA with SHA-256", 3))
    tap.equal((len(first["sha256"]), first["version"], told["stapled_ocsp_bytes"]), (64, 3, 0))
    tap.true(first["not_before"] <= told["time"] < first["not_after"], "dates")
    tap.true(told["verdict"]["from"] <= told["time"] <= told["verdict"]["until"], "how long")
    tap.equal(told["verdict"]["paths"], [{"rule": None, "sentence": "trusted through 'Test CA'",
                                          "certificates": [0, -1]}])


@tap.test("what strangers wrote into names is inert")
def hostile():
    for arguments in ((), ("--json",)):
        done = run(*arguments, "--ca", certs().ca, certs().cert("hostile"))
        tap.equal(done.returncode, 0)
        for bad in ("\x1b", "\u202e", "\x07"):
            tap.absent(done.stdout, bad)
        tap.contains(done.stdout, "txt.exe")


@tap.test("a server: the chain that it shows, for the name that was dialled")
def server():
    port = Serve().port
    done = run("--ca", certs().ca, f"localhost:{port}")
    tap.equal((done.returncode, done.stderr), (0, ""))
    tap.contains(done.stdout, f"1 certificate from localhost:{port}")
    tap.contains(done.stdout, "believed for localhost: trusted through 'Test CA'")
    code, told = run_json("--ca", certs().ca, f"127.0.0.1:{port}")
    tap.equal((code, told["name"]), (0, "127.0.0.1"))
    code, told = run_json("--ca", certs().cert("other"), f"localhost:{port}")
    tap.equal((code, told["verdict"]["rule"]), (5, "MISSING_INTERMEDIATE"))
    code, told = run_json("--ca", certs().ca, f"localhost:{Serve(cert='other').port}")
    tap.equal((code, told["verdict"]["rule"]), (5, "NAME"))


@tap.test("a server's staple is judged with the chain")
def staple():
    broken = Path(certs().path("broken.der"))
    broken.write_bytes(bytes.fromhex("30030a0107"))
    code, told = run_json("--ca", certs().ca, f"localhost:{Serve('--ocsp', str(broken)).port}")
    tap.equal((code, told["verdict"]["rule"], told["stapled_ocsp_bytes"]), (5, "STAPLE_MALFORMED", 5))
    done = run("--ca", certs().ca, "--ocsp", str(broken), certs().cert("ec"))
    tap.equal(done.returncode, 5)
    tap.contains(done.stdout, "an OCSP response of 5 bytes came with it")


@tap.test("revocation lists and responses that openssl makes")
def revoked():
    c = certs()
    index, config = Path(c.path("index")), Path(c.path("ca.conf"))
    serial = tap.run(["openssl", "x509", "-in", c.cert("ec"), "-noout", "-serial"]).stdout.strip().split("=")[1]
    config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\n", encoding="ascii")
    signing = ["-keyfile", c.path("ca.key"), "-cert", c.ca]
    for state, rule in (("V\t361231235959Z\t\t", None), ("R\t361231235959Z\t250101000000Z,keyCompromise\t", "REVOKED")):
        index.write_text(f"{state}{serial}\tunknown\t/CN=ec\n", encoding="ascii")
        for command in (["ca", "-config", str(config), *signing, "-gencrl", "-crldays", "3", "-out", c.path("crl.pem")],
                        ["ocsp", "-index", str(index), "-rsigner", c.ca, "-rkey", c.path("ca.key"), "-CA", c.ca,
                         "-issuer", c.ca, "-cert", c.cert("ec"), "-ndays", "3", "-respout", c.path("ocsp.der")]):
            made = tap.run(["openssl", *command])
            tap.equal(made.returncode, 0, made.stderr)
        for how in (["--crl", c.path("crl.pem")], ["--ocsp", c.path("ocsp.der")]):
            code, told = run_json("--ca", c.ca, *how, c.cert("ec"))
            tap.equal((code, told["verdict"]["rule"]), (5 if rule else 0, rule), how)
        code, told = connect_json(Serve().port, "--crl", c.path("crl.pem"))
        tap.equal((code, told["verdict"]["accepted"]), (5 if rule else 0, not rule), "connect --crl")
        server = Serve("--client-auth", "require", "--client-ca", c.ca, "--client-crl", c.path("crl.pem"))
        code, told = connect_json(server.port, "--http", "/json", *c.pair("ec"))
        tap.equal((code, (told["error"] or {}).get("alert")), (4, "certificate_revoked") if rule else (0, None), "serve --client-crl")
        code, told = run_json("--ca", c.ca, "--crl", c.path("crl.pem"), c.cert("ec"))
        if rule:
            tap.contains(told["verdict"]["detail"], "was revoked on 2025-01-01 00:00:00 UTC (keyCompromise)")
            code, told = run_json("--ca", c.ca, f"localhost:{Serve('--ocsp', c.path('ocsp.der')).port}")
            tap.equal((code, told["verdict"]["rule"]), (5, "REVOKED"))


@tap.test("--save: what a server showed, in PEM; the hash of a key, and --pin with it")
def saved():
    c = certs()
    whole, saved_file = chain("ec", "ca"), Path(c.path("saved.pem"))
    server = Serve("--cert", whole, "--key", c.key("ec"), cert=None)
    code, told = run_json("--ca", c.ca, "--save", str(saved_file), f"localhost:{server.port}")
    tap.equal((code, saved_file.read_text(encoding="ascii")), (0, Path(whole).read_text(encoding="ascii")))
    tap.equal(run("--ca", c.ca, "--save", c.path(""), c.cert("ec")).returncode, 1)
    pins = []
    for certificate, names in zip(told["certificates"], ("ec", "ca")):
        spki = tap.run(["openssl", "x509", "-in", c.path(f"{names}.pem"), "-noout", "-pubkey"]).stdout
        der = base64.b64decode("".join(spki.splitlines()[1:-1]))
        pins.append(hashlib.sha256(der).hexdigest())
        tap.equal(certificate["key_sha256"], pins[-1], names)
    colons = ":".join(pins[0][i:i + 2] for i in range(0, 64, 2)).upper()
    tap.contains(run("--ca", c.ca, whole).stdout, colons.lower())
    wrong = "00" * 32
    for how, accepted in ((["--pin", pins[0]], True), (["--pin", colons], True), (["--pin", wrong, "--pin", pins[1]], True),
                          (["--pin", wrong], False)):
        code, told = connect_json(server.port, *how)
        tap.equal((code, told["verdict"]["accepted"]), (0 if accepted else 5, accepted), how)


@tap.test("files that hold nothing, broken lists and names that are none")
def broken():
    empty = Path(certs().path("empty.pem"))
    empty.write_text("", encoding="ascii")
    for arguments, part in (([str(empty)], "the file is empty"), (["/no/such/file"], "/no/such/file"),
                            (["--crl", certs().ca, certs().cert("ec")], "there is no list in it"),
                            (["not a name"], "neither a file nor a host name"),
                            (["--ocsp", certs().ca, "localhost:1"], "there is no file")):
        done = run("--ca", certs().ca, *arguments)
        tap.equal((done.returncode, done.stdout), (1, ""))
        tap.contains(done.stderr, part)


@tap.test("nobody listens, or it is no TLS")
def unreachable():
    port = tap.free_port()
    tap.equal(run("--ca", certs().ca, f"127.0.0.1:{port}").returncode, 2)
    code, told = run_json("--ca", certs().ca, f"127.0.0.1:{port}")
    tap.equal((code, told["ok"], told["exit_code"]), (2, False, 2))


tap.main()
