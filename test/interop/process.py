"""Processes of peers: started with a pipe as stdin, output to files, ended with the test.

On top of tap.start, which ends them; here is what a conversation needs: sending, waiting for a pattern
with little delay, and reading the two outputs apart.
"""
import re
import subprocess
import threading
import time

import tap

POLL = 0.003  # seconds; servers are ready within about 5 ms, so tap's 20 ms would be most of the time
_count = 0


def scratch(suffix):
    """A new path for a file in the test's directory."""
    global _count
    _count += 1
    return tap.directory() / f"{_count}.{suffix}"


class Process:
    """One program that runs. Its outputs are complete only after finish() or stop()."""

    def __init__(self, command, stdin=None, env=None, cwd=None):
        """stdin: bytes that are written at once, then closed; None: open, for send()."""
        self.command = [str(part) for part in command]
        self.out_path, self.err_path = scratch("out"), scratch("err")
        with open(self.err_path, "wb") as err:
            self.process = tap.start(self.command, log=self.out_path, stdin=subprocess.PIPE, stderr=err,
                                     env=env, cwd=cwd)
        if stdin is not None:
            self.send(stdin)
            self.close()

    def send(self, data):
        """Writes to its stdin; that it has gone already is not an error here."""
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def send_in_background(self, data):
        """Sends much while the test reads, then ends its stdin."""
        def work():
            self.send(data)
            self.close()
        threading.Thread(target=work, daemon=True).start()

    def close(self):
        """Ends its stdin."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def out(self):
        return self.out_path.read_bytes()

    def err(self):
        return self.err_path.read_bytes()

    def text(self):
        """Both outputs, as text."""
        return (self.out() + self.err()).decode(errors="replace")

    def wait_for(self, pattern, seconds=10, must=True):
        """Waits until the outputs match the pattern. None when they never do and must is false."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None  # asked first: what it wrote last is then read
            match = re.search(pattern, self.text(), re.M)
            if match:
                return match
            if ended or time.monotonic() > deadline:
                break
            time.sleep(POLL)
        if must:
            tap.fail(f"{'it ended and never' if ended else f'not in {seconds} s'} wrote {pattern!r}: {self}")
        return None

    def finish(self, seconds=15):
        """Waits until it ends by itself. Returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                text = str(self)
                self.stop()
                tap.fail(f"still running after {seconds} s: {text}")
            time.sleep(POLL)
        self.close()
        return self.process.returncode

    def stop(self):
        """Ends it. Returns its exit code."""
        self.close()
        return tap.stop(self.process)

    def __str__(self):
        return f"{' '.join(self.command)}\n{self.text()[-3000:]}"


def bytes_when(path, length, seconds=20):
    """The content of a file that grows, once it has at least length bytes."""
    deadline = time.monotonic() + seconds
    while path.stat().st_size < length:
        if time.monotonic() > deadline:
            tap.fail(f"{path.stat().st_size} of {length} bytes came in {seconds} s")
        time.sleep(POLL)
    return path.read_bytes()
