"""Foreign text made safe to show: manifests, paths and messages come from strangers."""

from __future__ import annotations

__all__ = ["printable", "shown"]


def printable(value: object, limit: int = 200) -> str:
    r"""The value's text on one line, without anything that could steer a terminal or hide a word.

    Control characters, line breaks, bidirectional overrides, zero-width characters and lone
    surrogates appear as escapes (``\x1b``, ``\u202e``); the result is valid UTF-8. Never
    raises, whatever ``__str__`` of the value does.

    Args:
        value: anything; ``str()`` is taken of it.
        limit: characters kept; what is cut off is counted at the end.
    """
    whole = _text(value)
    kept = whole[:limit]
    if not kept.isprintable():
        kept = "".join(c if c.isprintable() else _escape(c) for c in kept)
    return kept if len(whole) <= limit else f"{kept}… (+{len(whole) - limit} characters)"


def shown(value: object, limit: int = 60) -> str:
    """A wrong value for a message: texts in quotes, on one line and never long."""
    return printable(repr(value) if isinstance(value, str) else value, limit)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the value may be a stranger's object
        return f"<{type(value).__name__} without a text>"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
