"""Versions of the frame ABI: the one that the host speaks, and older ones that it meets by adapters.

There is one version so far and therefore no adapter (ADR 0022). The one after it comes with an
adapter from :data:`~kadr_sdk.abi.ABI_VERSION` as it is today, and no guest has to be built anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from kadr_sdk.abi import ABI_VERSION

from kadr_kernel.sandbox.faults import ModuleError

if TYPE_CHECKING:
    from kadr_kernel.sandbox.machine import Code

__all__ = ["ADAPTERS", "Adapter", "adapted", "check_version"]

Adapter = Callable[["Code"], "Code"]
"""Code of an older version as code of the present one: its machines translate the blocks, before and
after each call, in the guest's memory. Pointers stay checked by the host as ever."""

ADAPTERS: Mapping[int, Adapter] = {}
"""By version."""


def check_version(version: int, adapters: Collection[int] = ()) -> None:
    """Refuse what cannot be met; nothing has been compiled yet.

    Raises:
        ModuleError: says both numbers.
    """
    known = sorted({*adapters, ABI_VERSION})
    if version not in known:
        hint = "update kadr" if version > ABI_VERSION else "build it with a current SDK"
        spoken = ", ".join(map(str, known))
        raise ModuleError(f"it speaks frame ABI {version}, and this kadr speaks {spoken}", hint)


def adapted(code: Code, adapters: Mapping[int, Adapter]) -> Code:
    """The code of a checked module, as one of the present version."""
    version = code.facts.version
    return code if version == ABI_VERSION else adapters[version](code)
