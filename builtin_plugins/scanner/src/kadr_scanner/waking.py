"""When to look at a folder again: at its own events where the system tells of them, else now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

__all__ = ["waking"]

SELDOM = 60.0
"""Seconds after which to look although nothing was told: disks of other machines say nothing."""
_SLICE = 0.5  # Ctrl-C is heard between two waits
_CHANGES = frozenset({"created", "modified", "deleted", "moved", "closed"})


@contextmanager
def waking(folder: Path, every: float) -> Iterator[Callable[[], None]]:
    """A function that returns when something in a folder or below may have changed.

    Args:
        every: seconds between two looks; after an event so many are waited for what else comes.
    """
    observer, changed = _observer(folder)
    if observer is None:
        yield lambda: time.sleep(every)
        return
    try:
        yield lambda: _wait(changed, every)
    finally:
        observer.stop()
        observer.join()


def _wait(changed: threading.Event, every: float) -> None:
    last = time.monotonic() + max(SELDOM, every)
    while not changed.wait(_SLICE) and time.monotonic() < last:
        pass
    time.sleep(every)
    changed.clear()


def _observer(folder: Path) -> tuple[Any, threading.Event]:
    """What listens, and what it sets; nothing where watchdog is not there or the system has no room left."""
    changed = threading.Event()
    try:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:  # an extra: kadr[watch]
        return None, changed

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in _CHANGES:
                changed.set()

    observer = Observer()
    try:
        observer.schedule(Handler(), str(folder.absolute()), recursive=True)
        observer.start()
    except OSError:  # as many folders are watched as the system allows
        return None, changed
    return observer, changed
