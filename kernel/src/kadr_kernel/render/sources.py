"""What effects are told of the media under them, where they ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from kadr_sdk.curves import Samples
from kadr_sdk.effects import SourcedEffect, SourceUse
from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.params import FilePath

from kadr_kernel.render.looks import Look, Looks
from kadr_kernel.render.views import ClipView

__all__ = ["check_sources", "crop_of", "refuse_sources", "source_values"]


def check_sources(looks: Looks, chain: Sequence[Look], view: ClipView, problems: list[Problem]) -> None:
    """Ask the effects of a clip that follow its media whether they can; add what is wrong."""
    for at, look in enumerate(chain):
        if not look.declaration.source:
            continue
        moved = next((k for k in chain[:at] if _may_move(k)), None)
        if moved is not None:
            text = (
                f"{look.declaration.id} follows what is in the media, which {moved.declaration.id} may move"
            )
            problems.append(Problem(look.path, text, "put it before that effect"))
        elif view.video is None or view.file is None:
            if view.clip.generator is not None or view.nested is not None:
                text = f"{look.declaration.id} needs a clip of a media file"
                problems.append(Problem(look.path, text, "take it off this clip"))
        else:
            _ask(looks, look, view, problems)


def _may_move(look: Look) -> bool:
    """Whether after it a pixel may stand elsewhere than in the media."""
    told = look.declaration
    return told.moves or not (told.pointwise or told.source)


def refuse_sources(chain: Sequence[Look], problems: list[Problem]) -> None:
    """On a track there is no one media to follow."""
    for look in chain:
        if look.declaration.source:
            text = f"{look.declaration.id} follows the media of a clip and cannot stand on a track"
            problems.append(Problem(look.path, text, "put it on the clips"))


def _ask(looks: Looks, look: Look, view: ClipView, problems: list[Problem]) -> None:
    try:
        effect = looks.load(look)
        if isinstance(effect, SourcedEffect):
            effect.check_source(look.values, _use(look, view, looks.digest))
    except KadrError as error:
        path = f"{look.path}.parameters"
        problems += [Problem(path, str(replace(p, hint="")), p.hint) for p in error.problems]


def _use(look: Look, view: ClipView, digest: Callable[[str], str]) -> SourceUse:
    assert view.video is not None
    file = FilePath(view.file or "")
    start = view.seen_start if look.start is None else max(view.seen_start, view.start + look.start)
    end = view.seen_end if look.end is None else min(view.seen_end, view.start + look.end)
    shown = [_time(view, frame) for frame in (start, max(start, end - 1))]
    return SourceUse(file, digest(str(file)), view.video.index, min(shown), max(shown), _view(view))


def source_values(view: ClipView, first: int, end: int) -> dict[str, Any]:
    """What a call is told beside its parameters, over frames counted from the clip's start."""
    times = tuple(_time(view, view.start + k) for k in range(first, end))
    same = all(t == times[0] for t in times)
    return {
        "source_time": times[0] if same else Samples(times),
        "source_view": _view(view),
    }


def _time(view: ClipView, frame: int) -> Fraction:
    assert view.video is not None
    return Fraction(0) if view.video.still else view.source_time(frame) - view.origin


def crop_of(view: ClipView) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """Stored size of the upright picture, and pixels cut from its left, top, right and bottom."""
    assert view.video is not None
    video, crop = view.video, view.clip.crop
    turned = video.rotation % 180 != 0
    width, height = (video.height, video.width) if turned else (video.width, video.height)
    cut = (
        round(width * crop.left),
        round(height * crop.top),
        round(width * crop.right),
        round(height * crop.bottom),
    )
    return (width, height), cut


def _view(view: ClipView) -> tuple[float, float, float, float]:
    (width, height), (left, top, right, bottom) = crop_of(view)
    return left / width, top / height, (width - left - right) / width, (height - top - bottom) / height
