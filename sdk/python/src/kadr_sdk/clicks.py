"""Commands made with click as entries of contributions; the SDK itself needs no click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

__all__ = ["ClickCommand", "click_entry"]


class ClickCommand(Protocol):
    """As much of ``click.Command`` as an entry needs."""

    @property
    def main(self) -> Callable[..., Any]:
        """Parse and run."""
        ...


def click_entry(command: ClickCommand, name: str) -> Callable[[Any, Sequence[str]], int]:
    """The entry of a command or a group; what click raises is the host's to tell.

    Args:
        name: as the user types it: ``kadr cache``.

    Returns:
        A :class:`kadr_sdk.plugin.Command`: called with the kernel, or whatever else the command takes
        from ``click.pass_obj``, and the arguments. What the command returns is the exit code; 0 where
        that is no number.
    """

    def run(obj: Any, argv: Sequence[str]) -> int:
        code = command.main(list(argv), prog_name=name, standalone_mode=False, obj=obj)
        return code if isinstance(code, int) else 0

    return run
