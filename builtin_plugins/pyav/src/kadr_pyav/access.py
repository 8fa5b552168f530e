"""How far a packet lets decoding begin with it."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Access"]


class Access(IntEnum):
    """What a packet is to a decoder that begins with it.

    Attributes:
        NONE: it needs packets before.
        POINT: pictures come right in time, but some that follow refer to what is before.
        START: nothing that is shown after it needs anything before.
    """

    NONE = 0
    POINT = 1
    START = 2
