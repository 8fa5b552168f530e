"""A tracer and metrics that record nothing: what every kernel has until a plugin provides real ones."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

__all__ = ["NoMetrics", "NoTracer"]


class NoTracer:
    """Traces nothing; satisfies :class:`kadr_sdk.services.Tracer`."""

    # The Protocol's signature.
    def span(self, name: str, **attributes: str | int | float | bool) -> AbstractContextManager[None]:  # noqa: ARG002 - the Protocol's signature
        """A span that is not recorded."""
        return nullcontext()


class NoMetrics:
    """Counts nothing; satisfies :class:`kadr_sdk.services.Metrics`."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Nothing."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Nothing."""
