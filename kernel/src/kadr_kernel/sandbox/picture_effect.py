"""A guest as an effect on pictures, with a policy for its failures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import RenderError
from kadr_sdk.frames import VideoFrame

from kadr_kernel.sandbox.caller import Caller
from kadr_kernel.sandbox.faults import GuestError

if TYPE_CHECKING:
    from kadr_kernel.sandbox.guest import GuestUse

__all__ = ["MARKED", "GuestEffect", "failure"]

MARKED = {"skip": "left out", "hold": "held at its last picture"}
HINT = "the result is marked and not cached; update or remove the plugin"


class GuestEffect:
    """A :class:`~kadr_sdk.effects.FrameEffect` that a guest carries out. Thread-safe where stateless.

    Where a call fails, the policy decides what is shown.
    """

    def __init__(self, use: GuestUse, warn: Callable[[str, str, str], object]) -> None:
        self._use = use
        self._warn = warn
        self._caller = Caller(use)
        self._held = threading.local()

    def frame(self, call: FrameCall) -> VideoFrame:
        """The guest's picture.

        Raises:
            RenderError: it failed and the policy is to stop; names plugin, effect and frame.
        """
        try:
            picture = self._caller.call(call, lambda instance: instance.picture(call))
        except GuestError as error:
            return self._instead(call, error)
        if self._use.on_failure == "hold":
            self._held.last = call.frame, picture
        return picture

    def reset(self) -> None:
        """Forget what was seen."""
        self._caller.reset()

    def __copy__(self) -> GuestEffect:
        """A sequential effect is copied for each of its uses: each with an instance of its own."""
        return GuestEffect(self._use, self._warn)

    def _instead(self, call: FrameCall, error: GuestError) -> VideoFrame:
        picture = self._substitute(call)
        if picture is None:
            raise failure(self._use, f"at frame {call.frame} of its clip", error, frame=call.frame) from error
        self._use.counters.replaced()
        text = f"{self._use.named} failed and was {MARKED[self._use.on_failure]}"
        self._warn(text, self._use.guest.declaration.id, HINT)
        return picture

    def _substitute(self, call: FrameCall) -> VideoFrame | None:
        if self._use.on_failure == "fail" or not call.inputs:
            return None
        if self._use.on_failure == "hold":
            number, picture = getattr(self._held, "last", (None, None))
            if picture is not None and number in (call.frame - 1, call.frame):
                self._held.last = call.frame, picture
                return _copied(picture, call)
        declaration = self._use.guest.declaration
        late = declaration.kind == "transition" and call.progress >= 0.5
        window = call.inputs[1 if late else 0]
        now = 0 if self._use.sequential else declaration.window[0]
        source = window[min(now, len(window) - 1)]
        same = (source.format, source.width, source.height) == (call.format, call.width, call.height)
        return _copied(source, call) if same else None


def failure(use: GuestUse, where: str, error: GuestError, **more: object) -> RenderError:
    """The error that a failed guest ends a job with: plugin, effect and place named."""
    guest = use.guest
    return RenderError(
        f"{use.named} failed {where}: {error}",
        hint=f"remove the effect, or disable its plugin: kadr plugin disable {guest.plugin}",
        plugin=guest.plugin,
        effect=guest.declaration.id,
        kind=error.kind,
        **more,
    )


def _copied(picture: VideoFrame, call: FrameCall) -> VideoFrame:
    made = picture.copy()
    made.color = call.color
    return made
