"""Which job or command the current work belongs to, without passing it through every call.

The id lives in a context variable: it follows the code of one thread (and of one asyncio
task). A pool that runs work for somebody carries it over with ``contextvars.copy_context``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["CORRELATION", "correlation"]

CORRELATION: ContextVar[str] = ContextVar("kadr_correlation", default="")
"""The id in force, empty where none is."""


@contextmanager
def correlation(id: str) -> Iterator[str]:
    """Events published inside the block carry ``id`` where they name no correlation.

    Blocks nest; the outer id is back in force after the inner block, also when it raises.
    """
    token = CORRELATION.set(id)
    try:
        yield id
    finally:
        CORRELATION.reset(token)
