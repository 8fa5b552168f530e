"""Projects in another shape: each clip covers the frame and is moved, by keyframes, after its subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from pathlib import Path

from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.errors import InvalidParameterError, Problem, ValidationError
from kadr_sdk.project import Clip, Project, Transform

from kadr_recognition.camera import Way
from kadr_recognition.document import Results
from kadr_recognition.follower import follower

__all__ = ["Shape", "parse_shape", "reframed", "shape_of"]

Shape = tuple[int, int]
_MOST_SIDE = 100
_FINE = 2e-3
"""A keyframe may be left out where it changes the place by less, in parts of the frame."""
_HALF = Fraction(1, 2)
Look = Callable[[Path], Results]


def parse_shape(text: str) -> Shape:
    """``9:16``, ``1:1``, ``4:5``: width and height of a frame.

    Raises:
        InvalidParameterError: it is none.
    """
    parts = text.split(":")
    if len(parts) == 2 and all(p.isascii() and p.isdigit() and 0 < int(p) <= _MOST_SIDE for p in parts):
        return int(parts[0]), int(parts[1])
    raise InvalidParameterError(f"{text!r} is not a shape", path="aspect", hint="write 9:16, 1:1 or 4:5")


def shape_of(picture: tuple[int, int], shape: Shape) -> tuple[int, int]:
    """The largest frame of a shape within a picture, in even numbers."""
    width, height = picture
    if width * shape[1] >= height * shape[0]:
        size = height * shape[0] // shape[1], height
    else:
        size = width, width * shape[1] // shape[0]
    return max(2, size[0] - size[0] % 2), max(2, size[1] - size[1] % 2)


def reframed(
    project: Project, base: Path, size: tuple[int, int], look: Look, names: Collection[str] = ()
) -> Project:
    """The project with another resolution; every clip of a film follows what is seen in it.

    Args:
        base: folder that the project's paths are relative to.
        size: the new resolution.
        look: says what is seen in a file; asked once for each.
        names: classes to follow; none: all.

    Raises:
        ValidationError: clips that cannot be followed, all of them.
    """
    problems: list[Problem] = []
    tracks = []
    for number, track in enumerate(project.timeline.tracks):
        clips = track.clips
        if track.type == "video" and track.enabled:
            clips = tuple(
                _clip(clip, f"timeline.tracks[{number}].clips[{at}]", base, size, look, names, problems)
                for at, clip in enumerate(clips)
            )
        tracks.append(track.model_copy(update={"clips": clips}))
    if problems:
        raise ValidationError("the project cannot be brought into another shape", problems)
    timeline = project.timeline.model_copy(update={"resolution": size, "tracks": tuple(tracks)})
    export = project.export.model_copy(update={"resolution": None})
    return project.model_copy(update={"timeline": timeline, "export": export})


def _clip(
    clip: Clip,
    path: str,
    base: Path,
    size: tuple[int, int],
    look: Look,
    names: Collection[str],
    problems: list[Problem],
) -> Clip:
    if clip.source_file is None or clip.stream.video == "none":
        return clip
    if isinstance(clip.speed, Curve):
        problems.append(
            Problem(f"{path}.speed", "an animated speed cannot be followed", "use a constant one")
        )
        return clip
    if clip.transform != Transform():
        text = "the clip has a place of its own, which would be lost"
        problems.append(Problem(f"{path}.transform", text, "take the transform away"))
        return clip
    found = look((base / clip.source_file).absolute())
    if clip.stream.video not in (None, found.media.get("stream")):
        text = f"only the main stream, {found.media.get('stream')}, can be followed"
        problems.append(Problem(f"{path}.stream.video", text, "leave it open"))
        return clip
    transform = _followed(clip, found, size, names)
    return clip.model_copy(update={"fit": "cover", "transform": transform})


def _followed(clip: Clip, found: Results, size: tuple[int, int], names: Collection[str]) -> Transform:
    """The transform that keeps the middle of the way in the middle of the frame."""
    crop = clip.crop
    view = (crop.left, crop.top, 1 - crop.left - crop.right, 1 - crop.top - crop.bottom)
    follows = follower(found, view, size, names)
    if follows is None:
        return Transform()
    frames, middle = follows.frames, follows.middle

    def offset(time: Fraction) -> float:
        return round((0.5 - middle(time)) * frames, 6) + 0.0

    value = _curve(clip, follows.way, offset)
    return Transform(position_x=value) if follows.axis == 0 else Transform(position_y=value)


def _curve(clip: Clip, way: Way, offset: Callable[[Fraction], float]) -> float | Curve:
    """The offset over the clip's own time: keyframes wherever the way bends."""
    if clip.freeze is not None:
        return offset(clip.freeze)
    assert isinstance(clip.speed, float | int)
    speed = Fraction(repr(clip.speed))
    length = len(way.middles) * way.step
    duration = (
        clip.duration if clip.duration is not None else max((length - clip.source_start) / speed, _HALF)
    )
    last = clip.source_start + duration * speed
    keys = []
    for time in _times(way, clip.source_start, last):
        own = (last - time if clip.reversed else time - clip.source_start) / speed
        keys.append(Keyframe(own, offset(time)))
    keys.sort(key=lambda k: k.time)
    kept = _thinned(keys)
    return kept[0].value if all(k.value == kept[0].value for k in kept) else Curve(tuple(kept))  # type: ignore[return-value]  # one number by construction


def _times(way: Way, first: Fraction, last: Fraction) -> Iterator[Fraction]:
    """The edges of the clip, and between them the places of the way."""
    yield first
    for step in range(int(first / way.step), len(way.middles)):
        time = (step + _HALF) * way.step
        if first < time < last:
            yield time
    if last > first:
        yield last


def _thinned(keys: list[Keyframe]) -> list[Keyframe]:
    """Without keyframes that lie on the line between others (Ramer, Douglas, Peucker)."""
    keep, spans = {0, len(keys) - 1}, [(0, len(keys) - 1)]
    while spans:
        a, b = spans.pop()
        worst, where = _FINE, -1
        for k in range(a + 1, b):
            part = float((keys[k].time - keys[a].time) / (keys[b].time - keys[a].time))
            off = abs(_value(keys[k]) - (_value(keys[a]) + (_value(keys[b]) - _value(keys[a])) * part))
            if off > worst:
                worst, where = off, k
        if where >= 0:
            keep.add(where)
            spans += [(a, where), (where, b)]
    return [keys[k] for k in sorted(keep)]


def _value(key: Keyframe) -> float:
    assert isinstance(key.value, float | int)
    return float(key.value)
