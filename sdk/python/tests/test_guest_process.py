"""The child of a guest: it does not outlive a guest that never ends, whoever is there to end it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from kadr_sdk.data_guests import DataTerms
from kadr_sdk.errors import PluginError
from kadr_sdk.guest_process import GuestProcess
from kadr_sdk.wire import receive, send

CHILD = """
import time
from kadr_sdk import guest_process
guest_process._ALONE = 0.2

def start(head, code):
    if code == b"never":
        time.sleep(60)
    return lambda function, data, seconds: time.sleep(60) if function == "never" else data

guest_process.serve(lambda: None, start)
"""
START = {"do": "start", "seconds": 0.1, "memory": 1 << 20, "output": 100}


@pytest.mark.skipif(sys.platform == "win32", reason="no alarm there: the parent alone ends it")
@pytest.mark.parametrize("where", ["start", "call"])
def test_a_guest_that_never_ends_ends_with_its_process(where: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        send(child.stdin, START, b"never" if where == "start" else b"")
        if where == "call":
            assert receive(child.stdout, 100) == ({}, b"")
            send(child.stdin, {"do": "call", "function": "echo", "seconds": 0.1}, b"abc")
            assert receive(child.stdout, 100) == ({}, b"abc")
            send(child.stdin, {"do": "call", "function": "never", "seconds": 0.1})
        assert child.wait(30) == -signal.SIGALRM


def test_a_question_that_is_too_large_is_refused_before_it_is_asked() -> None:
    guest = GuestProcess("no.such.module", lambda: b"", DataTerms("org.example.many", "digest", 1, 1, 1, 1))
    with pytest.raises(PluginError, match="268 MB, and no guest takes more than 256 MiB") as caught:
        guest.call("run", bytes((256 << 20) + 1))
    assert caught.value.hint.startswith("give it less")
