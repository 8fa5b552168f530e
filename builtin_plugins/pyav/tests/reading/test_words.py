"""What libav says: heard by who asks, and printed for nobody."""

from __future__ import annotations

import logging
import threading

import av.logging
import pytest
from kadr_pyav.words import heard


def test_only_the_own_thread_is_heard_and_others_print_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("libav"), "propagate", False)  # pytest's own handlers
    level = av.logging.get_level()
    with heard(av.logging.INFO) as lines:
        other = threading.Thread(target=lambda: av.logging.log(av.logging.ERROR, "other", "out of range"))
        other.start()
        other.join()
        av.logging.log(av.logging.INFO, "own", "said")
    av.logging.log(av.logging.INFO, "own", "after")
    assert [(name, text.strip()) for _, name, text in lines] == [("own", "said")]
    assert av.logging.get_level() == level
    assert capfd.readouterr().err == ""
