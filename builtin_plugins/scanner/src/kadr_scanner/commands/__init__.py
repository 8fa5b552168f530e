"""``kadr media``: the library, and what is made of its files."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.clicks import click_entry
from kadr_sdk.plugin import Kernel, PluginContext

from kadr_scanner.commands.group import media
from kadr_scanner.commands.session import Session
from kadr_scanner.library import opened

__all__ = ["MediaCommand"]


class MediaCommand:
    """The entry of the command; satisfies :class:`kadr_sdk.plugin.Command`."""

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    def __call__(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Run one of its commands; the exit code."""
        with opened(self._context) as library:
            return click_entry(media, "kadr media")(Session(kernel, library), argv)
