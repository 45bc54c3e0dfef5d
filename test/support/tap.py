"""A small TAP producer for the tests in Python. test/run puts this directory on PYTHONPATH.

    import tap

    @tap.test("the program prints its version")
    def version():
        done = tap.run([tap.TOOL, "--version"])
        tap.equal(done.returncode, 0)
        tap.contains(done.stdout, "0.1.0")

    tap.main()

A test passes when it returns, fails when it raises, and is skipped by tap.skip("reason"). Alone:
PYTHONPATH=test/support python3 test/tool/test_x.py [part of a name]...
"""
import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(os.environ.get("HF_ROOT", Path(__file__).resolve().parent.parent.parent))
BUILD = Path(os.environ.get("HF_BUILD", ROOT / "build"))
TOOL = os.environ.get("HF_TOOL", str(BUILD / "handfast"))

_tests = []
_started = []
_directory = None


class Skip(Exception):
    """Raised by skip(): the test cannot be run here."""


class Failure(AssertionError):
    """Raised by the comparisons below."""


# ---- registration and running ----


def test(name):
    """Registers the decorated function as a test of this name."""
    def register(function):
        _tests.append((name, function))
        return function
    return register


def case(name, function, *arguments):
    """Registers function(*arguments) as a test: for rows of a table."""
    _tests.append((name, lambda: function(*arguments)))


def main(needs=()):
    """Runs all registered tests. needs: programs without which the whole file is skipped."""
    missing = [program for program in needs if not available(program)]
    if missing:
        print(f"1..0 # SKIP {', '.join(missing)} not installed")
        sys.exit(0)
    chosen = [(name, function) for name, function in _tests
              if len(sys.argv) < 2 or any(part in name for part in sys.argv[1:])]
    # Stopped by the runner: end through the exit handlers, which end what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failed = 0
    print(f"1..{len(chosen)}")
    for number, (name, function) in enumerate(chosen, 1):
        failed += not _run_test(number, name, function)
    sys.exit(1 if failed else 0)


def _run_test(number, name, function):
    try:
        function()
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
    except Exception as error:  # pylint: disable=broad-except
        print(f"not ok {number} - {name}")
        text = str(error) if isinstance(error, Failure) else traceback.format_exc()
        print("\n".join(f"#   {line}" for line in text.splitlines()), flush=True)
        return False
    else:
        print(f"ok {number} - {name}", flush=True)
    finally:
        stop_all()
    return True


# ---- judging ----


def skip(reason):
    raise Skip(" ".join(str(reason).split()))


def fail(message):
    raise Failure(message)


def _prefix(message):
    """What a comparison says first; a program's output may be bytes."""
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
    return f"{text}: " if text else ""


def true(value, message="not true"):
    if not value:
        fail(message)


def equal(got, expected, message=""):
    if got != expected:
        fail(f"{_prefix(message)}got {got!r}, expected {expected!r}")


def contains(text, part, message=""):
    if part not in text:
        fail(f"{_prefix(message)}{part!r} is not in:\n{text}")


def absent(text, part, message=""):
    if part in text:
        fail(f"{_prefix(message)}{part!r} is in:\n{text}")


# ---- surroundings ----


def available(program):
    return os.path.exists(program) if os.sep in str(program) else shutil.which(program) is not None


def need(*programs):
    """Skips the running test unless all programs are there."""
    for program in programs:
        if not available(program):
            skip(f"{program} is not there")


def directory():
    """One temporary directory for the whole file, removed at the end."""
    global _directory
    if _directory is None:
        _directory = Path(tempfile.mkdtemp(prefix="hf-"))
        atexit.register(shutil.rmtree, _directory, ignore_errors=True)
    return _directory


def free_port():
    """A loopback TCP port that nobody listens on at this moment."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command, stdin="", timeout=30, **options):
    """Runs to the end. The result has returncode, stdout and stderr as text (bytes when stdin is)."""
    text = isinstance(stdin, str)
    if text:
        options.setdefault("errors", "replace")
    try:
        return subprocess.run([str(part) for part in command], input=stdin, capture_output=True,
                              timeout=timeout, text=text, check=False, **options)
    except subprocess.TimeoutExpired as late:
        return fail(f"{command}: still running after {timeout} s\n{late.stdout}\n{late.stderr}")


def start(command, log=None, **options):
    """Starts a process that is ended with the test. Its output goes to the file log, if given, or else
    to a file of its own: see process.log."""
    path = Path(log) if log else directory() / f"log-{len(_started)}-{time.monotonic_ns()}"
    with open(path, "wb") as output:
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", output)
        options.setdefault("stderr", subprocess.STDOUT)
        process = subprocess.Popen([str(part) for part in command], **options)
    process.log = path
    _started.append(process)
    return process


def stop(process, patience=3):
    """Ends one process, politely first. Returns its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def stop_all():
    while _started:
        stop(_started.pop())


def wait_for_port(port, process=None, host="127.0.0.1", seconds=10):
    """Waits until a server listens. Fails with its log when it ended before. Connects once, so use
    wait_for_log with servers that count or refuse connections."""
    def listens():
        with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
            probe.settimeout(1)
            return probe.connect_ex((host, port)) == 0
    _wait(listens, f"nobody listens on port {port}", process, seconds)


def wait_for_log(process, part, seconds=10):
    """Waits until a started process has written part."""
    _wait(lambda: part in process.log.read_text(errors="replace"), f"{part!r} was not written", process,
          seconds)


def _wait(condition, complaint, process, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            log = process.log.read_text(errors="replace") if process is not None else ""
            fail(f"{complaint} {'(it has ended)' if ended else f'in {seconds} s'}\n{log}")
        time.sleep(0.02)


atexit.register(stop_all)
