"""What the tests of recordings share: reading one, holding it against the schema, and recomputing all that a
reader of the document could, with nothing but Python's hashlib and hmac."""
import hashlib
import hmac
import json

import tap

SCHEMA = tap.ROOT / "docs" / "recording.schema.json"


def load(path):
    """Reads a recording and judges its form."""
    with open(path, encoding="utf-8") as file:
        recording = json.load(file)
    judge(recording)
    return recording


def judge(recording):
    schema_holds(recording)
    every_byte_is_named(recording)
    references_lead_somewhere(recording)


def schema_holds(recording):
    try:
        import jsonschema
    except ImportError:
        tap.skip("python3-jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    problems = [f"{list(e.absolute_path)}: {e.message}"
                for e in jsonschema.Draft7Validator(schema).iter_errors(recording)]
    tap.equal(problems, [])


def leaves(fields):
    for field in fields:
        if "fields" in field:
            yield from leaves(field["fields"])
        else:
            yield field


def all_fields(fields):
    for field in fields:
        yield field
        yield from all_fields(field.get("fields", []))


def find(message, name):
    """The fields of this name, anywhere in the message."""
    return [field for field in all_fields(message["fields"]) if field["name"] == name]


def bytes_of(message, field):
    data = bytes.fromhex(message["bytes"])
    return data[field["at"]:field["at"] + field["len"]]


def every_byte_is_named(recording):
    for message in recording["messages"]:
        at = 0
        for leaf in leaves(message["fields"]):
            tap.equal(leaf["at"], at, f"{message['name']}: {leaf}")
            tap.true(leaf["len"] > 0, f"{message['name']}: {leaf}")
            at += leaf["len"]
        tap.equal(at, message["len"], message["name"])
        tap.equal(len(message["bytes"]), 2 * message["len"], message["name"])


def references_lead_somewhere(recording):
    terms = recording["terms"]
    ids = [step["id"] for step in recording["schedule"]["steps"]]
    tap.equal(len(ids), len(set(ids)), "ids of steps")
    used = [item["term"] for key in ("messages", "alerts") for item in recording[key]]
    used += [step["term"] for step in recording["schedule"]["steps"]]
    for message in recording["messages"]:
        used += [field["term"] for field in all_fields(message["fields"])]
        for index in message["records"]:
            parts = recording["records"][index]["messages"]
            tap.true(any(recording["messages"][part["message"]] is message for part in parts), message["name"])
    tap.equal([key for key in used if key not in terms], [])
    for number, step in enumerate(recording["schedule"]["steps"]):
        for given in step["inputs"]:
            tap.true(given["step"] is None or given["step"] in ids[:number], f"{step['id']} stands before its input")
    for item in recording["messages"] + recording["records"]:
        if item["protection"] is None:
            tap.equal(item["level"], "plain", item)
        else:
            keys = recording["protections"][item["protection"]]
            tap.equal((keys["from"], keys["level"]), (item["from"], item["level"]), item)


# --- Recomputed -----------------------------------------------------------------------------------

def hash_of(recording):
    return {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384}[recording["schedule"]["hash"]]


def expand_label(digest, secret, label, context, length):
    """RFC 9846, 7.1."""
    info = length.to_bytes(2, "big") + bytes([len(label) + 6]) + b"tls13 " + label.encode()
    info += bytes([len(context)]) + context
    out = block = b""
    for counter in range(1, 255):
        if len(out) >= length:
            break
        block = hmac.new(secret, block + info + bytes([counter]), digest).digest()
        out += block
    return out[:length]


def prf12(digest, secret, seed, length):
    """RFC 5246, 5."""
    out, a = b"", seed
    while len(out) < length:
        a = hmac.new(secret, a, digest).digest()
        out += hmac.new(secret, a + seed, digest).digest()
    return out[:length]


def transcript(recording, count):
    """The hash of the first messages (RFC 9846, 4.1)."""
    digest = hash_of(recording)
    data = b""
    for number, message in enumerate(recording["messages"][:count]):
        if number == 1 and message["name"] == "HelloRetryRequest":
            data = b"\xfe\x00\x00" + bytes([digest().digest_size]) + digest(data).digest()
        data += bytes.fromhex(message["bytes"])
    return digest(data).digest()


HASHES = {32: hashlib.sha256, 48: hashlib.sha384}


def recompute(recording):
    """Every step of the schedule from its inputs, every context from the messages. Returns how many steps."""
    outputs = {}
    for step in recording["schedule"]["steps"]:
        digest, given = hash_of(recording), {}
        for part in step["inputs"]:
            given[part["role"]] = bytes.fromhex(part["hex"])
            if part["step"] is not None:
                tap.equal(part["hex"], outputs[part["step"]], step["id"])
        context = bytes.fromhex(step["context"]) if step["context"] is not None else b""
        if step["context_kind"] == "transcript":
            tap.equal(context, transcript(recording, step["context_messages"]), step["id"])
        if step["op"] != "PRF":  # a pre-shared key may be for another hash than the suite's
            digest = HASHES.get(len(given.get("secret", step["output"])) // (1 if "secret" in given else 2), digest)
        if step["context_kind"] == "empty":
            tap.equal(context, digest().digest(), step["id"])
        if step["op"] == "Extract":
            out = hmac.new(given["salt"], given["ikm"], digest).digest()
        elif step["op"] == "PRF":
            out = prf12(digest, given["secret"], step["label"].encode() + context, step["output_len"])
        elif step["op"] == "Expand-Label":
            out = expand_label(digest, given["secret"], step["label"], context, step["output_len"])
        else:
            out = bytes.fromhex(step["output"])
        tap.equal(out.hex(), step["output"], step["id"])
        outputs[step["id"]] = step["output"]
    return len(outputs)


def finished_holds(recording):
    """verify_data of both Finished messages, from the finished_key (RFC 9846, 4.5.3). Returns how many."""
    digest = hash_of(recording)
    keys = {step["id"]: step["output"] for step in recording["schedule"]["steps"]}
    count = 0
    for number, message in enumerate(recording["messages"]):
        if message["name"] != "Finished":
            continue
        key = bytes.fromhex(keys[f"{message['from']}_handshake_traffic_secret/finished_key"])
        field = find(message, "verify_data")[0]
        tap.equal(bytes_of(message, field), hmac.new(key, transcript(recording, number), digest).digest(),
                  f"Finished of the {message['from']}")
        count += 1
    return count


def key_log(recording):
    """Label and secret of every line that a key log would have."""
    return {step["key_log"]: step["output"] for step in recording["schedule"]["steps"] if step["key_log"]}


def read_key_log(path):
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file if line[0] != "#"]
    return {label: secret for label, _, secret in lines}
