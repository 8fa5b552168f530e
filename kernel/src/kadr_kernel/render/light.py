"""Light of films in high dynamic range: what their media state, and what the output says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kadr_sdk.color import Color
from kadr_sdk.errors import Problem, UnsupportedFormatError
from kadr_sdk.media import VideoStream
from kadr_sdk.output import LightLevels, Output
from kadr_sdk.plan import Conform, Node

from kadr_kernel.render.delivery import prepared
from kadr_kernel.render.views import TimelineView

__all__ = ["conversion", "film_light", "peak_of", "prepared_with_light"]

_FIELDS = ("export.video.mastering_display", "export.video.content_light")


def conversion(node: Node) -> str:
    """What a node does to light where high dynamic range takes part, in words; empty: nothing."""
    if not isinstance(node, Conform):
        return ""
    before, after = node.color_from, node.color
    came, goes = _NAMES.get(before.transfer, "SDR"), _NAMES.get(after.transfer, "SDR")
    high, low = node.peak or 1000, _REACH.get(after.transfer, 203)
    if before.high_range and high > low:
        return f"{came} tone-mapped to {goes} (ITU-R BT.2390 EETF, {high:g} to {low} cd/m2)"
    if after.high_range and not before.high_range:
        return f"SDR shown in {goes} with its white at 203 cd/m2 (ITU-R BT.2408)"
    return "" if came == goes else f"{came} converted to {goes}, light for light"


def peak_of(view: TimelineView) -> float:
    """The brightest light in cd/m2 that a medium in PQ states; 0: none states any."""
    return max((stream.peak for stream in _in_pq(view)), default=0.0)


def film_light(view: TimelineView) -> LightLevels | None:
    """Mastering display and content light levels of what a timeline in PQ shows; None: nothing is stated.

    The display is the one that reaches highest, the levels are the highest of all media in PQ, and
    unknown where one of these does not state them: SDR reaches 203 cd/m2 and is below all of them.
    """
    streams = _in_pq(view)
    stated = [stream.light for stream in streams if stream.light is not None]
    shown = [light for light in stated if light.primaries]
    levels = [light.content for light in stated if light.content is not None]
    content = None
    if levels and len(levels) == len(streams):
        content = max(level[0] for level in levels), max(level[1] for level in levels)
    if shown:
        display = max(shown, key=lambda light: (light.luminance[1], light.luminance[0]))
        return LightLevels(display.primaries, display.luminance, content)
    return LightLevels(content=content) if content is not None else None


def prepared_with_light(
    output: Output,
    view: TimelineView,
    canvas: Color,
    prepare: Callable[[Output], Any],
    problems: list[Problem],
) -> Output | None:
    """The output as the backend prepares it, with the light of the media where none was asked for.

    What neither codec nor container can say is left out, and noted: nobody asked for it.

    Args:
        canvas: colour of the timeline.
        problems: the backend's refusal is appended.
    """
    video = output.video
    if video is None or video.light is not None or (video.color.transfer, canvas.transfer) != (_PQ, _PQ):
        return prepared(output, prepare, problems)
    light = film_light(view)
    if light is None:
        return prepared(output, prepare, problems)
    told = replace(output, video=replace(video, light=light), notes=(*output.notes, f"light: {_said(light)}"))
    try:
        prepare(told)
    except UnsupportedFormatError as error:
        if error.path in _FIELDS:
            output = replace(output, notes=(*output.notes, f"light levels are left out: {error.message}"))
            return prepared(output, prepare, problems)
    return prepared(told, prepare, problems)


_PQ = "smpte2084"
_NAMES = {_PQ: "HDR (PQ)", "arib-std-b67": "HDR (HLG)"}
_REACH = {_PQ: 10_000, "arib-std-b67": 1000}


def _said(light: LightLevels) -> str:
    found = []
    if light.primaries:
        found.append("mastering display of {:g} to {:g} cd/m2".format(*light.luminance))
    if light.content is not None:
        found.append("MaxCLL {} and MaxFALL {} cd/m2".format(*light.content))
    return f"{', '.join(found)}, as the media state"


def _in_pq(view: TimelineView) -> list[VideoStream]:
    streams = [clip.video for clip in view.every_clip() if clip.video is not None]
    return [stream for stream in streams if stream.high_range == "PQ"]
