"""Effects with several inputs: which tracks they take, checked before anything is built; masks."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.errors import Problem, did_you_mean

from kadr_kernel.render.looks import Look
from kadr_kernel.render.views import TrackView

__all__ = ["check_composites", "taken_tracks"]


def taken_tracks(
    look: Look, number: int, tracks: Sequence[TrackView], problems: list[Problem]
) -> tuple[int, ...]:
    """Numbers of the tracks that an effect on track ``number`` takes beside its own.

    They lie below it, so that no two effects can wait for each other.
    """
    before = len(problems)
    path = f"{look.path}.inputs"
    if not _counted(look, "tracks", "name tracks that lie below this one, by their ids", problems):
        return ()
    below = {track.track.id: place for place, track in enumerate(tracks[:number])}
    for place, name in enumerate(look.inputs):
        if name not in below:
            text = f"there is no enabled video track {name!r} below this one"
            problems.append(Problem(f"{path}[{place}]", text, did_you_mean(name, below)))
    return tuple(below[name] for name in look.inputs) if len(problems) == before else ()


def check_composites(looks: Sequence[Look], problems: list[Problem]) -> None:
    """On a clip the further inputs of effects are sequences, which are looked up with the timeline."""
    for look in (part for k in looks for part in (k, k.mask) if part is not None):
        _counted(look, "sequences", "name sequences of the project, by their ids", problems)


def _counted(look: Look, what: str, hint: str, problems: list[Problem]) -> bool:
    """True where an effect takes something beside its own picture, and as much is named."""
    declared, path = look.declaration.inputs, f"{look.path}.inputs"
    if look.declaration.kind != "composite":
        if look.inputs:
            text = f"{look.declaration.id} has one input and takes no {what}"
            problems.append(Problem(path, text, "remove inputs"))
        return False
    needed, most = sum(not item.optional for item in declared[1:]), len(declared) - 1
    if needed <= len(look.inputs) <= most:
        return True
    count = str(most) if needed == most else f"{needed} to {most}"
    text = f"{look.declaration.id} takes {count} {what} beside its own, and {len(look.inputs)} are named"
    problems.append(Problem(path, text, hint))
    return False
