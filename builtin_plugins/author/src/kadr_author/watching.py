"""Files of a plugin that its author changes, looked at again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kadr_author.evidence import EVIDENCE

__all__ = ["changed", "seen"]

_PAUSE = 0.1
_MOST = 2000
_MADE = (".wasm", ".pyc", ".png", ".part")
Stamps = Mapping[Path, tuple[int, int]]


def seen(home: Path) -> Stamps:
    """Time and size of every file that a build depends on; the first two thousand."""
    found: dict[Path, tuple[int, int]] = {}
    for path in home.rglob("*"):
        if path.suffix in _MADE or path.name.startswith(".") or path.name == EVIDENCE:
            continue
        try:
            stat = path.stat()
        except OSError:  # an editor is just putting it in place
            continue
        if len(found) < _MOST and path.is_file():
            found[path] = stat.st_mtime_ns, stat.st_size
    return found


def changed(home: Path, before: Stamps, stop: Callable[[], bool] = lambda: False) -> tuple[Stamps, float]:
    """Wait for a change: what is there now, and when it was saved (seconds since 1970)."""
    while not stop():
        now = seen(home)
        if now != before:
            times = [now[path][0] for path in now if before.get(path) != now[path]]
            return now, min(max(times, default=time.time_ns()) / 1e9, time.time())
        time.sleep(_PAUSE)
    return before, time.time()
