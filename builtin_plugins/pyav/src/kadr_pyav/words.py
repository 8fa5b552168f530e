"""What libav writes to its log while something happens."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import av.logging

__all__ = ["heard"]

# While one thread listens the others say more than usual, and Python prints what no handler takes.
logging.getLogger("libav").addHandler(logging.NullHandler())

_lock = threading.Lock()  # libav has one log level for the whole process


@contextmanager
def heard(level: int) -> Iterator[list[tuple[int, str, str]]]:
    """A list that fills with (level, name, text) of what this thread makes libav say."""
    with _lock:
        before = av.logging.get_level()
        av.logging.set_level(level)
        try:
            with av.logging.Capture() as lines:
                yield lines
        finally:
            if before is None:
                # Other threads may stand in libav's log, about to compare with a level: they need one.
                av.logging.set_level(av.logging.PANIC)
                time.sleep(0.0005)
            av.logging.set_level(before)
