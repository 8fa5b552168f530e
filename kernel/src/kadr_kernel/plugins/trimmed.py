"""What a trimmed build leaves out: it knows the names, so that it can say what to add."""

from __future__ import annotations

import json
from importlib.resources import files

__all__ = ["left_out_of_build"]

_PACKAGE = "kadr_trimmed"
"""Data that ``kadr build`` puts into what it makes: plugin ids by kind and name of a contribution."""


def left_out_of_build(kind: str, name: str) -> str:
    """Which plugin has a contribution that this build was made without, or nothing."""
    try:
        text = (files(_PACKAGE) / "absent.json").read_text("utf-8")
    except (ImportError, OSError):
        return ""
    plugin = json.loads(text).get(f"{kind} {name}")
    return f"this build is without plugin {plugin!r}, which has it; build again with it" if plugin else ""
