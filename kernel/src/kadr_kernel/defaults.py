"""Services that every kernel has, doing nothing until a plugin provides the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from pathlib import Path

__all__ = ["NoCache", "NoFindings", "NoProxies", "SystemClock"]


class NoCache:
    """Keeps nothing; satisfies :class:`kadr_sdk.services.Cache`."""

    def get(self, kind: str, key: str) -> Path | None:  # noqa: ARG002 - the Protocol's signature
        """Never there."""
        return None

    def put(self, kind: str, key: str, source: Path) -> None:
        """Nothing."""

    def claim(
        self,
        kind: str,  # noqa: ARG002 - the Protocol's signature
        key: str,  # noqa: ARG002 - the Protocol's signature
        waiting: Callable[[], object] | None = None,  # noqa: ARG002 - the Protocol's signature
    ) -> AbstractContextManager[Path | None]:
        """Never there, and nobody waits."""
        return nullcontext(None)

    def size(self, kind: str, key: str) -> int | None:  # noqa: ARG002 - the Protocol's signature
        """Never there."""
        return None


class NoFindings:
    """Forgets; satisfies :class:`kadr_sdk.services.Findings`."""

    def record(self, digest: str, model: str, classes: Mapping[str, float]) -> None:
        """Nothing."""


class NoProxies:
    """Has none; satisfies :class:`kadr_sdk.services.Proxies`."""

    def find(self, path: Path, stream: int, scale: Fraction) -> Path | None:  # noqa: ARG002 - the Protocol's signature
        """Never there."""
        return None


class SystemClock:
    """The computer's clock; satisfies :class:`kadr_sdk.services.Clock`."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()
