"""Recordings: their form, that everything in them can be recomputed, and that nothing secret is in one that does not
say so."""
import json
import os
import re
import shutil

import recordings
import tap
from tooling import Serve, certs, connect, wait_until

MODES = ["full", "post-quantum", "retry", "mutual", "psk", "key-update", "resumed", "early-data"]
MODES12 = ["tls12", "tls12-ticket", "tls12-id", "static-rsa"]


def record_demo(mode, *options):
    path = tap.directory() / f"{mode}.json"
    done = tap.run([tap.TOOL, "demo", "--rtt", "0", "--mode", mode, "--record", str(path), *options])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    return recordings.load(path)


def names(recording):
    return [message["name"] for message in recording["messages"]]


@tap.test("every mode of the demo: both ends in one recording, all of it recomputed")
def demo_modes():
    for mode in MODES + MODES12:
        recording = record_demo(mode, "--secrets")
        tap.true(recording["secrets"] and recording["left_out"] == [], mode)
        tap.true(all(end["observed"] for end in recording["ends"].values()), mode)
        tap.equal(recording["end"]["kind"], "closed", mode)
        for item in recording["messages"] + recording["records"]:
            tap.true(0 < item["sent_ns"] <= item["received_ns"], f"{mode}: {item}")
        steps = recordings.recompute(recording)
        tap.true(steps >= (4 if mode in MODES12 else 20), f"{mode}: {steps} steps")
        for step in recording["schedule"]["steps"]:
            # The server computes the binder of the one key that it takes, the client that of each it offers.
            ends = [["client", "server"]] + ([["client"]] if mode == "psk" and step["id"].count("#2") else [])
            tap.true(step["ends"] in ends, f"{mode}: {step['id']}")
        if mode in MODES:
            tap.equal(recordings.finished_holds(recording), 2, mode)


@tap.test("what each mode shows")
def contents():
    full = record_demo("full")
    tap.equal(names(full), ["ClientHello", "ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify",
                            "Finished", "Finished"])
    tap.equal([flight["from"] for flight in full["flights"]], ["client", "server", "client"])
    tap.equal(full["flights"][1]["messages"], [1, 2, 3, 4, 5])
    tap.equal(full["summary"]["round_trips"], 1)
    tap.equal(full["summary"]["group_name"], "x25519")
    tap.equal(recordings.find(full["messages"][0], "host_name")[0]["fields"][1]["value"], "localhost")
    retry = record_demo("retry")
    tap.equal(names(retry)[:4], ["ClientHello", "HelloRetryRequest", "ClientHello", "ServerHello"])
    tap.true(retry["summary"]["retried"] and retry["summary"]["round_trips"] == 2)
    chosen = [d for d in retry["decisions"] if d["about"] == "group" and d["end"] == "server" and d["taken"]]
    tap.equal(chosen[-1]["name"], "secp256r1")
    psk = record_demo("psk")
    tap.true(psk["summary"]["psk"])
    tap.true("binder" in [field["name"] for field in recordings.leaves(psk["messages"][0]["fields"])])
    updated = record_demo("key-update", "--secrets")
    tap.equal(names(updated)[-2:], ["KeyUpdate", "KeyUpdate"])
    tap.equal(sorted({keys["generation"] for keys in updated["protections"]}), [0, 1])
    tap.true("client_application_traffic_secret_1" in [s["id"] for s in updated["schedule"]["steps"]])
    post_quantum = record_demo("post-quantum")
    tap.equal(post_quantum["summary"]["group_name"], "X25519MLKEM768")


@tap.test("what became of a session and of early data, as each end tells it")
def resumption():
    server = Serve("--max-early-data", "1000")
    early, path = tap.directory() / "request", tap.directory() / "resumed.json"
    early.write_text("GET /json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", encoding="ascii")

    def decisions(*options):
        """The names of what was decided, by (end, about)."""
        done = connect(server.port, "--resume", "1", "--early-data", str(early), "--record", str(path), *options)
        tap.true(done.returncode in (0, 10), done.stderr)
        told = json.loads(path.read_text(encoding="utf-8"))["decisions"]
        return {decision["about"]: decision["name"] for decision in told if decision["name"]}

    told = decisions()
    tap.equal((told["psk"], told["early_data"]), ("session", "accepted"))
    server.stop()
    server = Serve("--max-early-data", "1000", "--groups", "P-384")
    told = decisions("--groups", "X25519,P-384", "--key-shares", "X25519")
    tap.equal((told["psk"], told["early_data"]), ("session", "RETRIED"))


@tap.test("TLS 1.2: two round trips, and the PRF computed again from its seeds")
def tls12():
    server = Serve("--tls", "1.2-1.3", cert="rsa")
    path = tap.directory() / "tls12.json"
    tap.equal(connect(server.port, "--tls", "1.2", "--quiet", "--record", str(path), "--secrets").returncode, 0)
    recording = recordings.load(path)
    tap.equal(recording["summary"]["version_name"], "TLS 1.2")
    tap.equal(recording["summary"]["round_trips"], 2)
    tap.equal((recording["summary"]["group_name"], recording["summary"]["signature_scheme_name"][:4]), ("x25519", "rsa_"))
    tap.true(recordings.recompute(recording) >= 4)
    master = [step for step in recording["schedule"]["steps"] if step["name"] == "master_secret"][0]
    tap.equal((master["label"], master["context_kind"]), ("extended master secret", "transcript"))
    tap.equal({keys["secret_step"] for keys in recording["protections"]}, {"key_block"})
    tap.equal(server.stop(), 0)


@tap.test("without --secrets none of the key log's secrets are in it, with --secrets all are")
def redaction():
    server = Serve()
    for options in ([], ["--secrets"]):
        path = tap.directory() / f"redaction{len(options)}.json"
        log = tap.directory() / f"redaction{len(options)}.log"
        done = connect(server.port, "--record", str(path), "--keylog", str(log), "--quiet", *options)
        tap.equal(done.returncode, 0, done.stderr)
        secrets = recordings.read_key_log(log)
        tap.true(len(secrets) >= 5, secrets)
        recording = recordings.load(path)
        tap.equal(recording["secrets"], bool(options))
        text = path.read_text(encoding="utf-8")
        if options:
            tap.equal(recordings.key_log(recording), secrets)
            recordings.recompute(recording)
        else:
            tap.equal([label for label, secret in secrets.items() if secret in text], [])
            known = [step for step in recording["schedule"]["steps"] if step["output"] is not None]
            tap.equal(known, [])
            tap.true(len(recording["schedule"]["steps"]) >= 20, "the steps are there without their values")
    tap.equal(server.stop(), 0)


@tap.test("a handshake that fails: both ends' recordings say why, and what was weighed")
def failing():
    path = tap.directory() / "refused.json"
    of_server = tap.directory() / "refused.server.json"
    server = Serve("--groups", "secp384r1", "--record", str(of_server))
    done = connect(server.port, "--groups", "x25519", "--record", str(path))
    tap.equal(done.returncode, 4, done.stderr)
    recording = recordings.load(path)
    tap.equal(recording["end"]["kind"], "failed")
    tap.equal(recording["errors"][0]["code"], "ALERT_RECEIVED")
    tap.equal(recording["alerts"][0]["name"], "handshake_failure")
    tap.equal(recording["summary"]["cipher_suite"], None)
    server.wait_for("refused")
    recording = recordings.load(of_server)
    tap.equal(recording["errors"][0]["code"], "NO_COMMON_GROUP")
    tap.equal(recording["errors"][0]["origin"], "mismatch")
    group = [decision for decision in recording["decisions"] if decision["about"] == "group"][0]
    tap.true(not group["taken"] and group["value"] is None, group)
    tap.equal([(c["name"], c["accepted"]) for c in group["candidates"]], [("secp384r1", False)])
    tap.true(all(c["reason"] for c in group["candidates"]), group)
    tap.equal(server.stop(), 0)


@tap.test("the server numbers its recordings")
def numbered():
    server = Serve("--record", str(tap.directory() / "of.%n.json"), "--secrets", "--quiet")
    for number in (1, 2):
        tap.equal(connect(server.port, "--quiet").returncode, 0)
        path = tap.directory() / f"of.{number}.json"
        wait_until(path.exists, "the recording is not there")
        recording = recordings.load(path)
        tap.equal(recording["source"], "serve")
        tap.true(recording["ends"]["server"]["observed"] and not recording["ends"]["client"]["observed"])
        recordings.recompute(recording)
    tap.equal(server.stop(), 0)


@tap.test("what a hostile certificate says is inert")
def hostile():
    path = tap.directory() / "hostile.json"
    server = Serve(cert="hostile")
    tap.equal(connect(server.port, "--quiet", "--record", str(path)).returncode, 0)
    recordings.load(path)
    text = path.read_bytes().decode("utf-8")
    tap.true(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), "active characters")
    tap.contains(text, "x1b[31mil")
    tap.contains(text, "u{202e}txt.exe")
    tap.equal(server.stop(), 0)


@tap.test("against openssl: the secrets are those of its key log")
def openssl():
    log = tap.directory() / "openssl.log"
    port = tap.free_port()
    peer = tap.start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certs().cert("ec"), "-key",
                      certs().key("ec"), "-keylogfile", str(log), "-tls1_3", "-quiet"])
    wait_until(lambda: connect(port, "--quiet", "--json").returncode == 0 or peer.poll() is not None,
               "openssl does not serve")
    log.write_text("", encoding="ascii")
    path = tap.directory() / "openssl.json"
    tap.equal(connect(port, "--quiet", "--json", "--record", str(path), "--secrets").returncode, 0)
    wait_until(lambda: len(log.read_text(encoding="ascii").splitlines()) >= 5, "the key log is not there")
    mine = recordings.key_log(recordings.load(path))
    theirs = recordings.read_key_log(log)
    tap.true(len(theirs) >= 5, theirs)
    tap.equal({label: mine.get(label) for label in theirs}, theirs)


def served(name, client):
    """What `serve` recorded of the connections that client(port, key log) made, and the client's own key log by random."""
    log = tap.directory() / f"{name}.log"
    server = Serve("--record", str(tap.directory() / f"{name}.%n.json"), "--secrets", "--quiet")
    client(server.port, log)
    tap.equal(server.stop(), 0)
    if not log.exists() or not log.read_text(encoding="ascii").strip():
        tap.skip(f"this {name} writes no key log")
    found = [recordings.load(path) for path in sorted(tap.directory().glob(f"{name}.[0-9]*.json"))]
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines() if line and line[0] != "#"]
    theirs = {}
    for label, random, secret in lines:
        theirs.setdefault(random, {})[label] = secret
    return found, theirs


def same_secrets(found, theirs):
    """Every connection of the client's key log is in a recording, with the same secrets. Returns those recordings."""
    whole = []
    for recording in found:
        random = recording["messages"][0]["bytes"][12:76] if recording["messages"] else ""
        # Chromium hangs up without close_notify: an end like any other for what counts here.
        if random in theirs and names(recording).count("Finished") == 2:
            mine = recordings.key_log(recording)
            tap.equal({label: mine.get(label) for label in theirs[random] if label in mine},
                      {label: secret for label, secret in theirs[random].items() if label in mine})
            tap.true({"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                      "SERVER_TRAFFIC_SECRET_0"} <= set(theirs[random]) & set(mine), f"{set(theirs[random])} {set(mine)}")
            recordings.recompute(recording)
            tap.equal(recordings.finished_holds(recording), 2)
            whole.append(recording)
    tap.true(whole, f"{[one['end'] for one in found]}, {len(theirs)} connections in the key log")
    return whole


@tap.test("serve to curl: the secrets are those of curl's key log")
def curl():
    tap.need("curl")

    def ask(port, log):
        done = tap.run(["curl", "-sS", "--cacert", certs().ca, "-o", "/dev/null", f"https://localhost:{port}/"],
                       env=dict(os.environ, SSLKEYLOGFILE=str(log)))
        tap.equal(done.returncode, 0, done.stderr)

    same_secrets(*served("curl", ask))


@tap.test("serve to Chromium: the secrets are those of its key log")
def chromium():
    browser = next((shutil.which(name) for name in ("chromium", "chromium-browser") if shutil.which(name)), None)
    if browser is None:
        tap.skip("chromium is not there")

    def ask(port, log):
        done = tap.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                        f"--user-data-dir={tap.directory() / 'profile'}", "--ignore-certificate-errors",
                        f"--ssl-key-log-file={log}", "--dump-dom", f"https://localhost:{port}/"], timeout=90)
        tap.contains(done.stdout, "handfast-recording", done.stderr[-2000:])

    whole = same_secrets(*served("chromium", ask))
    tap.equal({recording["summary"]["group_name"] for recording in whole}, {"X25519MLKEM768"})


@tap.test("files that cannot be written, and options that do not fit")
def refused():
    done = tap.run([tap.TOOL, "demo", "--record", "x.json"])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "a recording holds one handshake")
    done = tap.run([tap.TOOL, "demo", "--mode", "full", "--record", str(tap.directory() / "no" / "x.json")])
    tap.equal(done.returncode, 1, done.stderr)
    tap.contains(done.stderr, "cannot be written: No such file")
    pipe = tap.directory() / "pipe"
    os.mkfifo(pipe)  # stands for a device, whose name a finished recording would take
    for verb in (["demo", "--mode", "full"], ["connect", "localhost:1"], ["serve", "--listen", "127.0.0.1:0"]):
        for path, why in (pipe, "not a regular file"), (tap.directory(), "Is a directory"):
            done = tap.run([tap.TOOL, *verb, "--record", str(path)])
            tap.equal(done.returncode, 1, done.stderr)
            tap.contains(done.stderr, f"--record {path}: cannot be written: {why}")
    tap.true(pipe.is_fifo(), "it is still there")
    done = tap.run([tap.TOOL, "serve", "--secrets"])
    tap.equal(done.returncode, 1)
    tap.contains(done.stderr, "no recording to write them into")


@tap.test("the recordings that other tests are made with follow the schema")
def samples():
    paths = sorted((tap.ROOT / "test" / "recording").glob("*.json"))
    tap.true(len(paths) >= 2, paths)
    for path in paths:
        recording = recordings.load(path)
        if recording["secrets"] and recording["schedule"]["hash"]:
            tap.true(recordings.recompute(recording) >= 20, path)
    tap.equal({json.loads(path.read_text())["end"]["kind"] for path in paths}, {"closed", "failed"})


tap.main()
