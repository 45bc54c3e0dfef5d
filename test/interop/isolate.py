"""Runs the calling test in a network namespace that has nothing but loopback, where that is allowed: what
a browser sends of its own accord goes nowhere, and a capture sees only the test."""
import os
import subprocess
import sys

MARK = "HF_ISOLATED"


def isolate():
    """Starts this program anew in a namespace; returns there, or here where there cannot be one."""
    if os.environ.get(MARK):
        return
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    enter = ["unshare", *users, "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        tried = subprocess.run([*enter, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return
    if tried.returncode == 0:
        os.environ[MARK] = "yes"
        os.execvp(enter[0], [*enter, sys.executable, *sys.argv])


def is_isolated():
    return MARK in os.environ
