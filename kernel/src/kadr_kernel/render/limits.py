"""How much the media of a clip have: its length where the project gives none, and what is missing."""

from __future__ import annotations

import functools
from fractions import Fraction

from kadr_sdk.curves import Curve
from kadr_sdk.errors import KadrError, Problem

from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.views import ClipView

__all__ = ["check_media", "natural_duration"]


def natural_duration(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> Fraction | None:
    """To the end of the media where the project gives no duration."""
    path = f"{view.path}.duration"
    if view.nested is not None:
        return _nested_duration(view, problems)
    endless = view.video is not None and view.video.still
    if view.file is None or endless or view.clip.freeze is not None or isinstance(view.clip.speed, Curve):
        problems.append(Problem(path, "a duration is needed here", "give it in seconds"))
        return None
    end = _exact_end(view, library) if view.video else _audio_end(view)
    if end is None:
        problems.append(Problem(path, "the length of the media is not known", "give a duration in seconds"))
        return None
    left = (end - view.begin) / view.speed
    if left <= 0:
        problems.append(Problem(f"{view.path}.source_start", f"lies after the end of the media at {_s(end)}"))
        return None
    return left


def _nested_duration(view: ClipView, problems: list[Problem]) -> Fraction | None:
    if view.clip.freeze is not None or isinstance(view.clip.speed, Curve):
        path = f"{view.path}.duration"
        problems.append(Problem(path, "a duration is needed here", "give it in seconds"))
        return None
    left = (_nested_end(view) - view.clip.source_start) / view.speed
    if left <= 0:
        text = f"lies after the end of the sequence at {_s(_nested_end(view))}"
        problems.append(Problem(f"{view.path}.source_start", text))
        return None
    return left


def _nested_end(view: ClipView) -> Fraction:
    assert view.nested is not None
    return view.nested.frames / view.nested.fps


def _exact_end(view: ClipView, library: MediaLibrary) -> Fraction:
    assert view.file is not None
    assert view.video is not None
    index = library.index(view.file, view.video.index)
    return index.end * index.time_base


def _audio_end(view: ClipView) -> Fraction | None:
    assert view.info is not None
    if view.audio is not None and view.audio.duration is not None:
        return max(view.audio.start, Fraction(0)) + view.audio.duration
    return view.info.duration


def check_media(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> None:
    """A clip shows only what its media has; handles of transitions included."""
    if view.nested is not None:
        _check_end(view, _shown(view), _nested_end(view), problems)
    if view.file is None or view.info is None:
        return
    if view.video is not None and not view.video.still:
        _check_pictures(view, library, problems)
    elif view.video is None and view.audio is not None:
        _check_sound(view, problems)


def _check_pictures(view: ClipView, library: MediaLibrary, problems: list[Problem]) -> None:
    assert view.video is not None
    shown, stated = _shown(view), view.video.duration
    end = view.video.start + stated if stated is not None else None
    if end is None or shown[1] >= end - _margin(view.video.rate) or view.video.variable:
        try:
            end = _exact_end(view, library)
        except KadrError as error:
            problems.append(Problem(f"{view.path}.source_file", f"{view.file}: {error.message}", error.hint))
            return
    _check_end(view, shown, end, problems)


@functools.lru_cache(maxsize=64)
def _margin(rate: Fraction | None) -> Fraction:
    """Seconds before the end that a container states from where on it is looked at."""
    return 2 / (rate or Fraction(10)) + Fraction(1, 10)


def _shown(view: ClipView) -> tuple[Fraction, Fraction]:
    """The earliest and the latest moment of the source that is seen."""
    times = (view.source_time(view.seen_start), view.source_time(view.seen_end - 1))
    return min(times), max(times)


def _check_end(
    view: ClipView, shown: tuple[Fraction, Fraction], end: Fraction, problems: list[Problem]
) -> None:
    first, last = shown
    view.media_end = end
    if last >= end and view.clip.past_end == "error":
        problems.append(_too_short(view, last, end))
    if first < view.origin - 1 / view.fps:
        missing = _s(view.origin - first)
        path = view.joint_in.path if view.joint_in else view.path
        message = f"needs {missing} before the first moment of {view.clip.id!r}"
        problems.append(
            Problem(path, message, "start the clip later in its source, or shorten the transition")
        )


def _too_short(view: ClipView, last: Fraction, end: Fraction) -> Problem:
    missing = _s(last - end + Fraction(1) / view.fps)
    if view.seen_end > view.end and view.joint_out and view.source_time(view.end - 1) < end:
        message = f"{view.clip.id!r} has no handle: {missing} are missing after its end"
        return Problem(
            view.joint_out.path, message, "shorten the clip or the transition, or align it to the end"
        )
    has = _s(end - view.origin)
    source = "media" if view.nested is None else "sequence"
    message = f"uses {missing} more than the {source} has ({has})"
    return Problem(f"{view.path}.duration", message, 'shorten the clip, or set past_end to "hold"')


def _check_sound(view: ClipView, problems: list[Problem]) -> None:
    end = _audio_end(view)
    if end is None or view.clip.past_end == "hold" or view.clip.freeze is not None:
        return
    view.media_end = end
    used = view.begin + view.played
    # At a varying speed the last frame may be cut anywhere.
    slack = max(Fraction(1), view.speeds[-1]) if isinstance(view.clip.speed, Curve) else 1
    if used > end + slack / view.fps:
        missing, has = _s(used - end), _s(end - view.origin)
        message = f"uses {missing} more than the media has ({has})"
        problems.append(
            Problem(f"{view.path}.duration", message, 'shorten the clip, or set past_end to "hold"')
        )


def _s(seconds: Fraction) -> str:
    return f"{float(seconds):.3f} s"
