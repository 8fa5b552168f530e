"""``kadr media``: the library, and what is made of its files."""

from __future__ import annotations

from collections.abc import Sequence

import click
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
            session = Session(kernel, library)
            try:
                code = media.main(list(argv), prog_name="kadr media", standalone_mode=False, obj=session)
            except click.exceptions.NoArgsIsHelpError as error:
                click.echo(error.ctx.get_help())
                return 0
            return code if isinstance(code, int) else 0
