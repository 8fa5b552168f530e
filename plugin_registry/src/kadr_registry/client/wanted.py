"""What the user asks for: a plugin, and in which versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.ids import check_plugin_id
from kadr_sdk.text import shown
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

__all__ = ["Ask", "parse_asks"]

_ASK = re.compile(r"\s*([A-Za-z0-9_.]+?)\s*(@.+|[<>=!~].*)?\s*")


@dataclass(frozen=True, slots=True)
class Ask:
    """``org.example.glow``, ``org.example.glow>=1,<2`` or ``org.example.glow@1.2`` (just that)."""

    plugin: str
    range: str = ""

    @classmethod
    def parse(cls, text: str) -> Ask:
        """From the command line.

        Raises:
            InvalidParameterError: it is neither.
        """
        match = _ASK.fullmatch(text)
        try:
            if match is None:
                raise ValueError("it has unusual characters")
            wanted = match[2] or ""
            if wanted.startswith("@"):
                wanted = f"=={Version(wanted[1:].strip())}"
            return cls(check_plugin_id(match[1]), str(SpecifierSet(wanted)))
        except (ValueError, InvalidSpecifier, InvalidVersion) as error:
            hint = "write org.example.glow, org.example.glow>=1,<2 or org.example.glow@1.2"
            raise InvalidParameterError(f"{shown(text)} names no plugin: {error}", hint=hint) from error


def parse_asks(texts: Iterable[str]) -> dict[str, str]:
    """Ranges by plugin.

    Raises:
        InvalidParameterError: one names no plugin, or a plugin is named twice.
    """
    found: dict[str, str] = {}
    for ask in map(Ask.parse, texts):
        if ask.plugin in found:
            raise InvalidParameterError(f"{ask.plugin} is named twice")
        found[ask.plugin] = ask.range
    return found
