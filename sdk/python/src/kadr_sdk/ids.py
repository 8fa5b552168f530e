"""Ids: reverse-dotted names of plugins and contributions, and free ids inside a project."""

from __future__ import annotations

import re

__all__ = ["CONTRIBUTION_ID", "PLUGIN_ID", "check_contribution_id", "check_plugin_id"]

PLUGIN_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
"""At least two lower-case parts: ``kadr.effects``, ``org.example.glow``."""

CONTRIBUTION_ID = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*")
"""One or more lower-case parts: ``kadr.blur``, ``mp4``, ``youtube-1080p``."""

_MAX = 100


def check_plugin_id(text: str) -> str:
    """The id itself.

    Raises:
        ValueError: not of the form ``owner.name``.
    """
    if len(text) > _MAX or not PLUGIN_ID.fullmatch(text):
        raise ValueError(f"{text[:_MAX]!r} is not a plugin id; write owner.name in lower case")
    return text


def check_contribution_id(text: str) -> str:
    """The id itself.

    Raises:
        ValueError: not lower-case parts joined by dots.
    """
    if len(text) > _MAX or not CONTRIBUTION_ID.fullmatch(text):
        raise ValueError(f"{text[:_MAX]!r} is not an id; write lower-case words joined by dots")
    return text
