"""The end of a cluster that is the render's own."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

__all__ = ["let_go"]

_MOMENT = 1.0  # seconds


def let_go(cluster: Any) -> None:
    """Close a cluster, and wait for it only for a moment: the rest ends beside other work.

    With a time limit the library breaks off where that is over, and waits ten seconds for what
    never ends when the process does.
    """

    def close() -> None:
        with contextlib.suppress(Exception):
            cluster.close()

    closing = threading.Thread(target=close, name="kadr-cluster-end", daemon=True)
    closing.start()
    closing.join(_MOMENT)
