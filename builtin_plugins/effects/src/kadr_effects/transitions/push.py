"""Push: the next clip pushes the one before out of the picture."""

from __future__ import annotations

from kadr_effects.transitions.slide import Slide

__all__ = ["Push"]


class Push(Slide):
    """Both clips move to where ``direction`` says."""

    pushes = True
