"""A guest as an analyzer: frames in, data out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.text import printable

from kadr_kernel.sandbox.caller import Caller
from kadr_kernel.sandbox.declared import strict_json
from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.picture_effect import HINT, failure

if TYPE_CHECKING:
    from kadr_kernel.sandbox.guest import GuestUse

__all__ = ["GuestAnalyzer"]


class GuestAnalyzer:
    """A :class:`~kadr_sdk.contributions.Analyzer` that a guest carries out.

    Where a frame fails and the policy is not to stop, nothing is said of it.
    """

    def __init__(self, use: GuestUse, warn: Callable[[str, str, str], object]) -> None:
        self._use = use
        self._warn = warn
        self._caller = Caller(use)

    def measure(self, call: FrameCall) -> Mapping[str, Any] | None:
        """What the guest says of a frame; None where it says nothing.

        Raises:
            RenderError: it failed and the policy is to stop; names plugin, analyzer and frame.
        """
        try:
            return self._caller.call(call, lambda instance: _read(instance.data()))
        except GuestError as error:
            if self._use.on_failure == "fail":
                where = f"at frame {call.frame}"
                raise failure(self._use, where, error, frame=call.frame) from error
        self._use.counters.replaced()
        text = f"{self._use.named} failed and was left out"
        self._warn(text, self._use.guest.declaration.id, HINT)
        return None

    def reset(self) -> None:
        """Forget what was seen."""
        self._caller.reset()

    def __copy__(self) -> GuestAnalyzer:
        """Each run has a copy: with an instance of its own where the guest remembers."""
        return GuestAnalyzer(self._use, self._warn)


def _read(data: bytes) -> Mapping[str, Any] | None:
    """Strict JSON: one object.

    Raises:
        GuestError: it is none.
    """
    if not data:
        return None
    try:
        return strict_json(data)
    except (ValueError, RecursionError) as error:
        reason = printable(error if not isinstance(error, json.JSONDecodeError) else error.msg)
        raise GuestError("status", f"what it says is not a JSON object: {reason}") from None
