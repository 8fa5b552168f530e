"""What to do about sound that cannot be decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kadr_sdk.errors import MediaFileError

__all__ = ["Damage"]

_HINT = "repair or convert the file, or render with the damage policy 'hold' for silence there"


@dataclass(slots=True)
class Damage:
    """What to do about sound that cannot be decoded.

    Attributes:
        policy: ``error``, or anything else for silence and a warning.
        warn: called with message, path and hint.
        left: warnings still to be given; the rest of a long series is left out.
    """

    path: str
    policy: str
    warn: Callable[[str, str, str], None]
    left: int = 5

    def report(self, message: str) -> None:
        """Stop or warn, as the policy says.

        Raises:
            MediaFileError: the policy is ``error``.
        """
        if self.policy == "error":
            raise MediaFileError(message, path=self.path, hint=_HINT)
        self.mention(f"{message}; silence stands in")

    def mention(self, message: str) -> None:
        """Warn, a few times at most."""
        self.left -= 1
        if self.left >= 0:
            self.warn(message, self.path, "" if self.left else "further damage of this clip is not listed")
