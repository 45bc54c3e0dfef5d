"""The command line: help, unknown and misused options, exit codes, the manual page."""
import json
import re
import subprocess

import tap

VERBS = ["demo", "connect", "serve", "explain", "view", "certs", "seed"]


def options_of_help(verb):
    text = tap.run([tap.TOOL, verb, "--help"]).stdout
    return re.findall(r"^  --([a-z][a-z-]*)", text, re.M)


@tap.test("--version and help")
def version():
    done = tap.run([tap.TOOL, "--version"])
    tap.equal(done.returncode, 0)
    tap.true(re.fullmatch(r"handfast \d+\.\d+\.\d+\n", done.stdout), done.stdout)
    done = tap.run([tap.TOOL, "help"])
    tap.equal(done.returncode, 0)
    for verb in VERBS:
        tap.contains(done.stdout, f"  {verb} ")
    tap.equal(tap.run([tap.TOOL]).returncode, 1, "no verb")
    for verb in VERBS:
        tap.equal(tap.run([tap.TOOL, "help", verb]).stdout, tap.run([tap.TOOL, verb, "--help"]).stdout)


def help_of(verb):
    done = tap.run([tap.TOOL, verb, "--help"])
    tap.equal(done.returncode, 0)
    tap.equal(done.stderr, "")
    tap.contains(done.stdout, f"usage: handfast {verb}")
    tap.contains(done.stdout, "Exit codes")
    tap.true(max(map(len, done.stdout.splitlines())) <= 100, "lines of at most 100 columns")
    tap.absent(done.stdout, "\x1b", "no colour but on a terminal")


for verb_ in VERBS:
    tap.case(f"{verb_} --help", help_of, verb_)


def refused(arguments, *parts):
    done = tap.run([tap.TOOL, *arguments])
    tap.equal(done.returncode, 1, done.stderr)
    tap.equal(done.stdout, "")
    for part in parts:
        tap.contains(done.stderr, part)
    tap.true(len(done.stderr.splitlines()) <= 2, f"one sentence and what to do: {done.stderr}")


for title, arguments_, parts_ in [
    ("an unknown verb", ["srve"], ["handfast: 'srve' is no verb", "'serve'"]),
    ("an unknown option", ["connect", "--gruops", "x25519", "localhost"], ["--gruops", "did you mean '--groups'?"]),
    ("an option like none", ["connect", "--zzzzzzzz", "localhost"], ["unknown option '--zzzzzzzz'"]),
    ("a short option", ["demo", "-x"], ["unknown option"]),
    ("an option twice", ["connect", "--sni", "a", "--sni=b", "localhost"], ["--sni is given twice"]),
    ("a value missing", ["connect", "localhost", "--sni"], ["--sni needs a value"]),
    ("a value too many", ["demo", "--json=yes"], ["--json takes no value"]),
    ("no number", ["connect", "--timeout", "soon", "localhost"], ["--timeout soon: expected a number"]),
    ("a number out of range", ["serve", "--record-size-limit", "63"], ["from 64 to 16385"]),
    ("no host", ["connect"], ["something is missing", "HOST[:PORT]"]),
    ("two hosts", ["connect", "a", "b"], ["'b' is one argument too many"]),
    ("a URL", ["connect", "https://localhost/"], ["https://localhost/", "URL"]),
    ("a host with a path", ["certs", "localhost:443/index.html"], ["No such file"]),
    ("a bad port", ["connect", "localhost:99999"], ["localhost:99999", "port"]),
    ("a host that is none", ["connect", "exa mple"], ["'exa mple' is neither a host name nor an address"]),
    ("an empty host", ["connect", ":443"], ["neither a host name nor an address"]),
    ("a name that is not ASCII", ["connect", "b\u00fccher.example"], ["neither", "xn--"]),
    ("a server name that is none", ["connect", "--sni", "a..b", "localhost"], ["--sni a..b: not a host name"]),
    ("brackets around a name", ["connect", "[localhost]:1"], ["not an IPv6 address"]),
    ("brackets that do not match", ["connect", "[::1:443"], ["brackets"]),
    ("an unknown group", ["connect", "--groups", "x25519,x25510", "localhost"], ["--groups", "x25510", "x25519"]),
    ("a group twice", ["connect", "--groups", "x25519,x25519", "localhost"], ["--groups", "x25519"]),
    ("an unknown suite", ["serve", "--ciphers", "RC4"], ["--ciphers RC4"]),
    ("an unknown signature", ["serve", "--sigalgs", "md5"], ["--sigalgs md5"]),
    ("an unknown version", ["connect", "--tls", "1.1", "localhost"], ["--tls 1.1", "1.2-1.3"]),
    ("a pre-shared key without a key", ["connect", "--psk", "me", "localhost"], ["ID:HEX"]),
    ("a pre-shared key too short", ["connect", "--psk", "me:aabb", "localhost"], ["16 to 64 bytes"]),
    ("a pre-shared key not in hexadecimal", ["serve", "--psk", "me:" + "zz" * 16], ["hexadecimal"]),
    ("a raw key in a context", ["serve", "--psk", "me:" + "00" * 16, "--psk-raw", "--psk-context", "x"],
     ["--psk-raw", "--psk-context"]),
    ("a way of keys that is none", ["serve", "--psk-modes", "ke"], ["--psk-modes ke", "psk_dhe_ke"]),
    ("a context without a key", ["connect", "--psk-context", "x", "localhost"], ["--psk-context", "--psk ID:HEX"]),
    ("a hash without a key", ["serve", "--psk-hash", "384"], ["--psk-hash", "--psk ID:HEX"]),
    ("rawness without a key", ["serve", "--psk-raw"], ["--psk-raw", "--psk ID:HEX"]),
    ("a passphrase without a key", ["connect", "--passphrase-file", "f", "localhost"], ["--passphrase-file f", "--cert"]),
    ("a passphrase for no key", ["serve", "--passphrase-file", "f"], ["--passphrase-file f", "--cert"]),
    ("a pin that is none", ["connect", "--pin", "abc", "localhost"], ["--pin abc", "SHA-256", "certs"]),
    ("a pin that nobody looks at", ["connect", "--insecure", "--pin", "ab" * 32, "localhost"], ["--insecure and --pin"]),
    ("a list that nobody looks at", ["connect", "--insecure", "--crl", "f", "localhost"], ["--insecure and --crl"]),
    ("a list of clients without client-auth", ["serve", "--client-crl", "f"], ["--client-crl f", "--client-auth"]),
    ("no protocol that begins in the clear", ["connect", "--starttls", "gopher", "localhost"], ["--starttls gopher", "smtp"]),
    ("nor one for certs", ["certs", "--starttls", "gopher", "localhost"], ["--starttls gopher", "smtp"]),
    ("a lab without pages", ["serve", "--echo", "--lab"], ["--echo and --lab"]),
    ("a log without requests", ["serve", "--echo", "--log-requests"], ["--echo and --log-requests"]),
    ("both kinds of address", ["connect", "--ipv4", "--ipv6", "localhost"], ["--ipv4 and --ipv6"]),
    ("a key without its certificate", ["connect", "--key", "k", "localhost"], ["--key k", "--cert"]),
    ("a file that is not there", ["connect", "--ca", "/nowhere", "localhost"], ["--ca /nowhere", "No such file"]),
    ("a directory as file", ["connect", "--ca", "/", "localhost"], ["--ca /", "directory"]),
    ("a choice of client-auth", ["serve", "--client-auth", "maybe"], ["--client-auth maybe", "request"]),
    ("client-auth without authorities", ["serve", "--client-auth", "require"], ["--client-ca"]),
    ("authorities without client-auth", ["serve", "--client-ca", "f"], ["--client-auth"]),
    ("a cache without client-auth", ["serve", "--no-chain-cache"], ["--no-chain-cache", "--client-auth"]),
    ("a cache for one connection", ["connect", "--no-chain-cache", "localhost"], ["--no-chain-cache", "--resume"]),
    ("a chain of no session", ["connect", "--reverify", "localhost"], ["--reverify", "--session-in"]),
    ("a chain that nobody judges", ["connect", "--insecure", "--reverify", "--resume", "1", "localhost"],
     ["--insecure and --reverify"]),
    ("a listener without a port", ["serve", "--listen", "127.0.0.1"], ["--listen 127.0.0.1", "port"]),
    ("an address of another machine", ["serve", "--listen", "192.0.2.1:0"], ["--listen 192.0.2.1:0"]),
    ("a mode of the demo", ["demo", "--mode", "rtery"], ["--mode rtery", "'retry'"]),
    ("too many tickets", ["serve", "--tickets", "9"], ["expected a number from 0 to 8"]),
    ("a path with blanks", ["connect", "--http", "/a b", "localhost"], ["--http"]),
    ("a key log that cannot be written", ["connect", "--keylog", "/nowhere/f", "localhost"], ["--keylog /nowhere/f"]),
]:
    tap.case(f"refused: {title}", refused, arguments_, *parts_)


@tap.test("usage errors as JSON")
def usage_json():
    done = tap.run([tap.TOOL, "connect", "--json", "--groups", "nonsense", "localhost"])
    tap.equal(done.returncode, 1)
    tap.equal(done.stderr, "")
    told = json.loads(done.stdout)
    tap.equal((told["ok"], told["exit_code"], told["error"]["name"]), (False, 1, "CONFIG_UNKNOWN_NAME"))


@tap.test("standard output that cannot be written is said, and is exit code 8")
def full():
    sample = str(tap.ROOT / "test/recording/full.json")
    page = str(tap.directory() / "page.html")
    for arguments in (["help"], ["help", "names"], ["--version"], ["connect", "--help"], ["demo", "--mode", "full"],
                      ["demo", "--mode", "full", "--json"], ["explain", sample], ["view", "--out", page, sample], ["seed"],
                      ["connect", "--json", "127.0.0.1:1"]):
        with open("/dev/full", "w", encoding="utf-8") as out:
            done = subprocess.run([tap.TOOL, *arguments], stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        had_one = arguments[0] == "connect" and "--json" in arguments
        tap.contains(done.stderr, "standard output", arguments)
        tap.equal(done.returncode, 2 if had_one else 8, arguments)


@tap.test("the names that lists may hold")
def names():
    done = tap.run([tap.TOOL, "help", "names"])
    tap.equal((done.returncode, done.stderr), (0, ""))
    for option, value in re.findall(r"^(--[a-z-]+).*\n((?:  \S+\n)+)", done.stdout, re.M):
        written = ",".join(value.split())
        told = tap.run([tap.TOOL, "connect", option, written, "127.0.0.1:1"])
        tap.equal(told.returncode, 2, f"{option} {written}: {told.stderr}")
    tap.equal(re.findall(r"^--[a-z-]+", done.stdout, re.M), ["--ciphers", "--groups", "--sigalgs", "--compress-certs", "--psk-modes"])


@tap.test("foreign text in errors is inert")
def inert():
    done = tap.run([tap.TOOL, "connect", "--alpn", "h2", "--ca", "/no\x1b[31m\u202ewhere", "localhost"])
    tap.equal(done.returncode, 1)
    tap.absent(done.stderr, "\x1b")
    tap.absent(done.stderr, "\u202e")


@tap.test("the manual page has the options of --help, and the exit codes")
def manual():
    page = (tap.ROOT / "docs/man/handfast.1").read_text(encoding="utf-8")
    for verb in VERBS:
        start = page.index(f".Ss handfast {verb}\n")
        section = page[start:page.find("\n.S", start + 1)]
        tap.equal(re.findall(r"^\.It Fl -([a-z-]+)", section, re.M), options_of_help(verb), verb)
    codes = re.findall(r"^  (\d+(?:, \d+)?)  (.*)$", tap.run([tap.TOOL, "help"]).stdout, re.M)
    tap.true(len(codes) >= 11, "exit codes in the help")
    for number, meaning in codes:
        tap.contains(page, f'.It "{number}"\n{meaning}\n')


@tap.test("script/doc wants a directory, and takes no option for one")
def doc():
    script = tap.ROOT / "script/doc"
    place = tap.directory() / "doc"
    place.mkdir()
    tap.contains(tap.run([script, "--help"], cwd=place).stdout, "DIR")
    for wrong in ([], ["--no-such"], ["one", "two"]):
        tap.true(tap.run([script, *wrong], cwd=place).returncode != 0, wrong)
    tap.equal(list(place.iterdir()), [], "nothing is written")


tap.main()
