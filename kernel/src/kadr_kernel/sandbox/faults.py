"""What can go wrong in a guest, before it is known whose it was."""

from __future__ import annotations

__all__ = ["GuestError", "ModuleError"]


class ModuleError(ValueError):
    """A module that is not taken: what is wrong with it, and what its author can do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class GuestError(Exception):
    """A guest failed while it ran.

    Attributes:
        kind: ``trap``, ``deadline``, ``stack``, ``memory``, ``start``, ``abi`` or ``status``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def broken(self) -> bool:
        """True where the instance cannot be used again; a status is an answer like any other."""
        return self.kind != "status"
