"""Transitions between the clips of a track, and overlaps without one."""

from __future__ import annotations

from kadr_sdk.errors import Problem
from kadr_sdk.project import TransitionUse
from kadr_sdk.times import frame_at

from kadr_kernel.render.views import ClipView, Joint, TrackView

__all__ = ["check_overlaps", "find_joints"]


def find_joints(track: TrackView, problems: list[Problem]) -> None:
    """Link the clips of each transition, handles included; problems are appended."""
    clips = {c.clip.id: c for c in track.clips}
    for number, use in enumerate(track.track.transitions):
        path = f"{track.path}.transitions[{number}]"
        out, into = clips.get(use.between[0]), clips.get(use.between[1])
        if out is None or into is None:
            continue  # the clip's own problem is already listed
        joint = _joint(path, use, out, into, problems)
        if joint is None:
            continue
        if out.joint_out or into.joint_in:
            problems.append(Problem(path, "there is a transition between these clips already"))
            continue
        out.joint_out = into.joint_in = joint
        out.seen_end, into.seen_start = joint.end, joint.start
        track.joints.append(joint)
    for clip in track.clips:
        if clip.joint_in and clip.joint_out and clip.joint_in.end > clip.joint_out.start:
            hint = "shorten the transitions or lengthen the clip"
            problems.append(Problem(clip.path, "its two transitions overlap each other", hint))


def _joint(
    path: str, use: TransitionUse, out: ClipView, into: ClipView, problems: list[Problem]
) -> Joint | None:
    if into.start < out.start or into.start > out.end:
        message = (
            "the clips neither overlap nor touch" if into.start > out.end else "the clips stand the other way"
        )
        problems.append(Problem(path, message, "move the second clip to the end of the first, or over it"))
        return None
    overlap = out.end - into.start
    wanted = frame_at(use.duration, out.fps) if use.duration is not None else None
    if overlap:
        if wanted is not None and wanted != overlap:
            message = f"the clips overlap by {overlap} frames, the transition says {wanted}"
            problems.append(Problem(f"{path}.duration", message, "leave the duration out, or move a clip"))
        if into.end < out.end:
            problems.append(Problem(path, "the incoming clip ends within the outgoing one"))
            return None
        return Joint(path, use, out, into, into.start, out.end)
    if not wanted:
        problems.append(Problem(f"{path}.duration", "between clips that touch a duration is needed"))
        return None
    before = {"center": wanted // 2, "start": 0, "end": wanted}[use.alignment]
    for clip, taken in ((out, before), (into, wanted - before)):
        if taken > clip.frames:
            message = f"longer than the clip {clip.clip.id!r}, which has {clip.frames} frames"
            hint = "shorten the transition, or lengthen the clip"
            problems.append(Problem(f"{path}.duration", message, hint))
            return None
    return Joint(path, use, out, into, out.end - before, out.end - before + wanted)


def check_overlaps(track: TrackView, problems: list[Problem]) -> None:
    """Pictures of one track lie over each other only where a transition says how."""
    if track.track.type != "video":
        return
    latest: ClipView | None = None
    for clip in track.clips:
        if latest is not None and clip.start < latest.end:
            joint = latest.joint_out
            if joint is None or joint.into is not clip:
                hint = "add a transition between them, move one, or use another track"
                over = latest.end - clip.start
                problems.append(Problem(clip.path, f"overlaps {latest.clip.id!r} by {over} frames", hint))
        if latest is None or clip.end > latest.end:
            latest = clip
