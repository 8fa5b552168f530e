"""Effects with several inputs: which tracks they take, checked before anything is built; masks."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.errors import Problem, did_you_mean

from kadr_kernel.render.looks import Look
from kadr_kernel.render.views import TrackView

__all__ = ["refuse_composites", "taken_tracks"]


def taken_tracks(
    look: Look, number: int, tracks: Sequence[TrackView], problems: list[Problem]
) -> tuple[int, ...]:
    """Numbers of the tracks that an effect on track ``number`` takes beside its own.

    They lie below it, so that no two effects can wait for each other.
    """
    declared, before = look.declaration.inputs, len(problems)
    path = f"{look.path}.inputs"
    if look.declaration.kind != "composite":
        if look.inputs:
            text = f"{look.declaration.id} has one input and takes no tracks"
            problems.append(Problem(path, text, "remove inputs"))
        return ()
    needed = sum(not item.optional for item in declared[1:])
    if not needed <= len(look.inputs) < len(declared):
        most = len(declared) - 1
        count = str(most) if needed == most else f"{needed} to {most}"
        text = f"{look.declaration.id} takes {count} tracks beside its own, and {len(look.inputs)} are named"
        problems.append(Problem(path, text, "name tracks that lie below this one, by their ids"))
        return ()
    below = {track.track.id: place for place, track in enumerate(tracks[:number])}
    for place, name in enumerate(look.inputs):
        if name not in below:
            text = f"there is no enabled video track {name!r} below this one"
            problems.append(Problem(f"{path}[{place}]", text, did_you_mean(name, below)))
    return tuple(below[name] for name in look.inputs) if len(problems) == before else ()


def refuse_composites(looks: Sequence[Look], problems: list[Problem]) -> None:
    """A clip has one picture: effects that take several stand on tracks."""
    for look in (part for k in looks for part in (k, k.mask) if part is not None):
        if look.declaration.kind == "composite" or look.inputs:
            text = f"{look.declaration.id} takes several pictures and cannot stand on a clip"
            if look.declaration.kind != "composite":
                text = f"{look.declaration.id} has one input and takes no tracks"
            problems.append(
                Problem(look.path, text, "put a composite effect on a track, without it no inputs")
            )
