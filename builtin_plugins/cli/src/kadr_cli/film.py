"""Pieces put together as a film: pictures one after the other, music below."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import InputError, InvalidParameterError
from kadr_sdk.times import format_seconds

if TYPE_CHECKING:
    from kadr_sdk.media import MediaInfo, VideoStream
    from kadr_sdk.project import Project

__all__ = ["Piece", "Style", "film", "film_rate", "film_size"]

_USUAL = (*map(Fraction, (24, 25, 30, 50, 60)), *(Fraction(n * 1000, 1001) for n in (24, 30, 60)))
"""Rates of films; what cameras measure lies near one of them."""
_SLOW = (*map(Fraction, (8, 10, 12, 15, 16, 18, 20, 48, 120)), Fraction(25, 2))
"""Rates that are kept where a clip has them exactly."""


_BT601 = ("smpte170m", "bt470bg")


@dataclass(frozen=True, slots=True)
class Piece:
    """An input with what it holds.

    Attributes:
        seconds: exact length of its moving pictures from the start of the file; None: a still or sound.
    """

    path: Path
    info: MediaInfo
    seconds: Fraction | None = None

    @property
    def video(self) -> VideoStream | None:
        """Its pictures."""
        return self.info.main_video


@dataclass(frozen=True, slots=True)
class Style:
    """How the pieces are put together; times in seconds.

    Attributes:
        source_rate: of numbered pictures; None: as the film.
    """

    transition: str | None = None
    overlap: Fraction = Fraction(1)
    photo: Fraction = Fraction(4)
    music: float = 0.6
    fit: str = "contain"
    source_rate: Fraction | None = None


def film(
    pieces: Sequence[Piece],
    style: Style,
    size: tuple[int, int] | None = None,
    fps: Fraction | None = None,
    *,
    copied: bool = False,
) -> Project:
    """The project of ``kadr make``.

    Args:
        size, fps: of the film; None: those of the first clip, see :func:`film_size` and :func:`film_rate`.
        copied: packets are to be copied, so a first clip of BT.601 makes a film of BT.601.

    Raises:
        InputError: nothing to show or hear.
        InvalidParameterError: the transition is longer than a piece allows.
    """
    from kadr_sdk.project import parse_project

    pictures = [p for p in pieces if p.video is not None]
    music = [p for p in pieces if p.video is None and p.info.main_audio is not None]
    if not pictures and not music:
        raise InputError("none of the inputs has pictures or sound", hint="see: kadr probe FILE")
    rate = fps or _own_rate(pictures, style) or film_rate(pictures)
    clips, end = _clips(pictures, style, rate)
    tracks: list[dict[str, Any]] = []
    if clips:
        tracks.append({"id": "pictures", "clips": clips, "transitions": _joints(clips, style)})
    if music:
        tracks.append(_music(music, style, end))
    timeline = {
        "fps": f"{rate.numerator}/{rate.denominator}",
        "resolution": size or film_size(pictures),
        "tracks": tracks,
    }
    if copied and _standard(pictures):
        timeline["color"] = "bt601"
    return parse_project({"metadata": {"id": "film"}, "timeline": timeline})


def film_rate(pictures: Sequence[Piece]) -> Fraction:
    """The rate of the first clip that moves; a measured or variable one becomes the usual one near it.

    Sound alone has the finest rate there is: it ends where it ends, to the millisecond.
    """
    for piece in pictures:
        video = piece.video
        if video is not None and not video.still and video.rate is not None and 1 <= video.rate <= 240:
            return _near(video.rate, _USUAL if video.variable else (*_USUAL, *_SLOW))
    return Fraction(30) if pictures else Fraction(1000)


def _standard(pictures: Sequence[Piece]) -> bool:
    """The first clip that moves is of BT.601, by its tags or by its size."""
    moving = (p.video for p in pictures if p.video is not None and not p.video.still)
    first = next(moving, None)
    return first is not None and first.color.filled(first.width, first.height).matrix in _BT601


def _own_rate(pictures: Sequence[Piece], style: Style) -> Fraction | None:
    """What was said of numbered pictures, where they come first."""
    first = next((p.video for p in pictures if p.video is not None and not p.video.still), None)
    return style.source_rate if first is not None and first.numbered else None


def _near(measured: Fraction, kept: Sequence[Fraction]) -> Fraction:
    nearest = min(kept, key=lambda rate: abs(rate - measured) / rate)
    if abs(nearest - measured) < nearest / 200:
        return nearest
    if measured < 22:  # a phone in the dark: its frames are late, its film is not
        return Fraction(30)
    return min(_USUAL, key=lambda rate: abs(rate - measured))


def film_size(pictures: Sequence[Piece]) -> tuple[int, int]:
    """As the first clip that moves, in even numbers; of photos alone Full HD, upright like the first."""
    for piece in pictures:
        if piece.video is not None and not piece.video.still:
            width, height = piece.video.display_size
            return max(2, width - width % 2), max(2, height - height % 2)
    first = pictures[0].video.display_size if pictures and pictures[0].video else (16, 9)
    return (1080, 1920) if first[1] > first[0] else (1920, 1080)


def _clips(pictures: Sequence[Piece], style: Style, rate: Fraction) -> tuple[list[dict[str, Any]], Fraction]:
    overlap = Fraction(0)
    if style.transition and len(pictures) > 1:
        overlap = max(1, round(style.overlap * rate)) / rate
    clips: list[dict[str, Any]] = []
    at = Fraction(0)
    for number, piece in enumerate(pictures):
        length = _length(piece, style, rate)
        _check_room(piece, length, overlap, 2 if 0 < number < len(pictures) - 1 else 1, rate)
        clips.append(
            {
                "id": f"{number + 1:03d}-{piece.path.stem}"[:200],
                "source_file": str(piece.path.absolute()),
                "start_time": format_seconds(at),
                "duration": format_seconds(length),
                "fit": style.fit,
            }
        )
        if piece.video is not None and piece.video.numbered and style.source_rate:
            clips[-1]["source_rate"] = f"{style.source_rate.numerator}/{style.source_rate.denominator}"
        at += length - overlap
    return clips, at + overlap if clips else at


def _length(piece: Piece, style: Style, rate: Fraction) -> Fraction:
    """Whole frames of the film, so that every piece begins and ends on one."""
    seconds = style.photo if piece.seconds is None else piece.seconds
    if piece.video is not None and piece.video.numbered and piece.video.rate:
        seconds *= piece.video.rate / (style.source_rate or rate)
    frames = int(seconds * rate)
    return max(frames, 1) / rate


def _check_room(piece: Piece, length: Fraction, overlap: Fraction, sides: int, rate: Fraction) -> None:
    """A piece is longer than the transitions at its ends."""
    if not overlap or length > sides * overlap:
        return
    longest = int((length * rate - 1) / sides) / rate
    shorter = "--photo-seconds longer" if piece.seconds is None else "the clip longer"
    hint = f"leave this clip out, or make {shorter}"
    if longest > 0:
        hint = f"at most --transition-seconds {float(int(longest * 100)) / 100:g} fits"
    ends = "a transition" if sides == 1 else "transitions at both ends"
    raise InvalidParameterError(
        f"{float(length):.2f} s are too short for {ends} of {float(overlap):.2f} s",
        path=piece.path,
        hint=hint,
    )


def _joints(clips: list[dict[str, Any]], style: Style) -> list[dict[str, Any]]:
    if not style.transition:
        return []
    pairs = itertools.pairwise(clips)
    return [{"transition_type": style.transition, "between": [a["id"], b["id"]]} for a, b in pairs]


def _music(music: Sequence[Piece], style: Style, end: Fraction) -> dict[str, Any]:
    """Sound one after the other, cut where the pictures end and faded out."""
    clips: list[dict[str, Any]] = []
    at = Fraction(0)
    for number, piece in enumerate(music):
        audio = piece.info.main_audio
        assert audio is not None
        length = audio.duration or piece.info.duration or Fraction(0)
        if end:
            length = min(length, end - at)
        if length <= 0:
            continue
        fade = min(Fraction(1), length / 4)
        clips.append(
            {
                "id": f"music-{number + 1}",
                "source_file": str(piece.path.absolute()),
                "start_time": format_seconds(at),
                "duration": format_seconds(length),
                "fade_in": format_seconds(fade / 4),
                "fade_out": format_seconds(fade),
            }
        )
        at += length
    return {"id": "music", "type": "audio", "volume": style.music if end else 1.0, "clips": clips}
