"""Where the headers and libraries of guests are: in the wheel, or in the checkout that this runs from."""

from __future__ import annotations

from pathlib import Path

from kadr_sdk.errors import DependencyMissingError

__all__ = ["sdk_folder"]

_HEADER = Path("abi") / "kadr_abi.h"


def sdk_folder() -> Path:
    """The folder with ``abi``, ``c``, ``zig``, …

    Raises:
        DependencyMissingError: the installation is not whole.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "sdk", *(parent / "sdk" for parent in here.parents)):
        if (folder / _HEADER).is_file():
            return folder
    raise DependencyMissingError("the libraries of guests are not there", hint="install kadr-author again")
