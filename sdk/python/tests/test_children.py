"""A child process and its messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_sdk.children import Child, ChildEndedError

MODULE = """
import os, sys, time
from kadr_sdk.children import Parent
from kadr_sdk.wire import WireError

parent = Parent()
print("to nobody")
os.write(1, b"neither is this")
try:
    while True:
        head, body = parent.receive()
        if head["do"] == "echo":
            parent.send(head, body[::-1])
        elif head["do"] == "exit":
            sys.stderr.write("because of that")
            sys.exit(3)
        elif head["do"] == "hang":
            time.sleep(1000)
        elif head["do"] == "noise":
            os.write(parent._out.fileno(), b"\\xff" * 100)
        elif head["do"] == "flood":
            while True:
                parent.send({"n": 1}, bytes(1000))
except WireError:
    pass
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    (tmp_path / "kadr_test_child.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Child("kadr_test_child", most=5000)


def test_messages_both_ways_while_prints_do_no_harm(child: Child) -> None:
    with child:
        for size in (0, 1, 4999):
            child.send({"do": "echo", "ü": [1]}, b"a" + bytes(size))
            assert child.receive(60) == ({"do": "echo", "ü": [1]}, bytes(size) + b"a")


def test_the_end_says_how_and_with_which_words(child: Child) -> None:
    with child:
        child.send({"do": "exit"})
        with pytest.raises(ChildEndedError, match="ended with code 3") as caught:
            child.receive(60)
    assert "because of that" in caught.value.words


def test_a_hang_is_noticed_and_killed(child: Child) -> None:
    with child:
        child.send({"do": "hang"})
        with pytest.raises(TimeoutError):
            child.receive(0.05)
        child.kill()
        with pytest.raises(ChildEndedError, match="ended"):
            child.receive(60)
        with pytest.raises(ChildEndedError):
            child.receive(60)


@pytest.mark.parametrize("what", ["noise", "exit"])
def test_what_is_no_message_ends_it(child: Child, what: str) -> None:
    with child:
        child.send({"do": what})
        with pytest.raises(ChildEndedError):
            child.receive(60)


def test_too_large_a_message_is_not_taken(child: Child) -> None:
    with child:
        child.send({"do": "echo"}, bytes(5001))
        with pytest.raises(ChildEndedError):
            child.receive(60)


def test_closing_ends_one_that_floods(child: Child) -> None:
    child.send({"do": "flood"})
    assert child.receive(60)[0] == {"n": 1}
    child.close()
    assert child.process.poll() is not None
