"""A finished file against the project that it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from kadr_sdk.contributions import ExporterDescriptor
from kadr_sdk.errors import InvalidPathError, Problem
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.reports import CheckReport, Defect, Stretch
from numpy.typing import NDArray

from kadr_kernel.render.means import Means
from kadr_kernel.render.recorded import expected, facts_in

__all__ = ["verify_against", "verify_ladder"]

_WIDTH = 320  # of the pictures made for a look
_DARK, _SHARE = 26, 0.98  # codes of RGB, and how many of the samples
_STILL = 1.0  # codes on average

Look = Callable[[Fraction, float], VideoFrame]
"""The timeline's own frame at a time, at a scale."""


def verify_against(
    means: Means, path: Path, project: Project, base: Path, request: RenderRequest, level: str, look: Look
) -> CheckReport:
    """Check a file against what a plan says; black and frozen stretches against the timeline.

    What was noted while the film was encoded is taken from the cache, as far as it has it.

    Raises:
        ValidationError: the project cannot be rendered like that.
        InvalidPathError: the file is a folder of files without an index.
    """
    plan = means.planner.plan(project, base, means.decided(replace(request, output=path), project))
    exporter = ExporterDescriptor.from_dict(dict(means.catalogue.describe("exporter", plan.output.exporter)))
    if exporter.many and not exporter.index:
        hint = "verify its files one by one, without the project"
        raise InvalidPathError("is a folder of pictures", path=path, hint=hint)
    wanted = expected(plan, *facts_in(means.cache, plan))
    if plan.audio is not None and plan.audio.loudness is not None:
        asked = plan.audio.loudness
        wanted = replace(wanted, loudness=(asked.integrated, asked.true_peak))
    report = means.backend().check(path / exporter.index if exporter.many else path, wanted, level)
    known = [bool(row) for row in wanted.pictures]
    # Where it is known what was encoded, the pictures were held against that.
    unknown = [s for s in report.stretches if not all(known[s.first : s.end] or [False])]
    found = list(_unexplained(unknown, plan, path, _start(project, request), look))
    facts: dict[str, Any] = report.facts | {"known_pictures": sum(known), "known_sound": bool(wanted.levels)}
    problems: tuple[Problem, ...] = (*report.problems, *found)
    remarks = (*report.remarks, *_unknown(path, plan, facts)) if level == "full" else report.remarks
    return replace(report, problems=problems, facts=facts, remarks=remarks)


def verify_ladder(
    rungs: Sequence[tuple[str, RenderRequest]],
    path: Path,
    verify: Callable[[Path, RenderRequest], CheckReport],
) -> CheckReport:
    """Check each rendition in its folder; facts go by their names.

    Raises:
        InvalidPathError: there is no such folder.
    """
    if not path.is_dir():
        raise InvalidPathError(
            "is no folder of renditions", path=path, hint="give the folder that was rendered"
        )
    rows = {name: verify(path / name, request) for name, request in rungs}
    return CheckReport(
        next(iter(rows.values())).level,
        tuple(p for row in rows.values() for p in row.problems),
        {name: row.facts for name, row in rows.items()},
        remarks=tuple(r for row in rows.values() for r in row.remarks),
    )


def _unknown(path: Path, plan: RenderPlan, facts: Mapping[str, Any]) -> Iterator[Problem]:
    """What could not be compared, so that nobody takes it for good."""
    frames = plan.frames - int(facts["known_pictures"]) if plan.output.video is not None else 0
    sound = plan.audio is not None and not facts["known_sound"]
    parts = [f"{frames} of {plan.frames} frames"] * bool(frames) + ["the sound"] * sound
    if parts:
        text = f"it is not known what was encoded of {' and '.join(parts)}: another may be there"
        hint = "the cache has no notes of what was copied, or removed since: render with it, and verify that"
        yield Defect(f"{path}: container", text, hint, "unknown")


def _start(project: Project, request: RenderRequest) -> Fraction:
    wanted = request.range or project.export.range
    return wanted[0] if wanted else Fraction(0)


def _unexplained(
    stretches: list[Stretch], plan: RenderPlan, path: Path, start: Fraction, look: Look
) -> Iterator[Defect]:
    video = plan.output.video
    if video is None:
        return
    scale = min(1.0, _WIDTH / video.width)
    for stretch in stretches:
        last = min(stretch.end, plan.frames) - 1
        numbers = sorted({stretch.first, (stretch.first + last) // 2, last})
        if last < stretch.first:
            continue  # behind the end of the timeline: another count has been told
        pictures = [_rgb(look(start + number / video.rate, scale)) for number in numbers]
        if _SAME[stretch.kind](pictures):
            continue
        at, until = float(stretch.first / video.rate), float(stretch.end / video.rate)
        text = f"from {at:.3f} to {until:.3f} s the picture {_WORDS[stretch.kind]}"
        yield Defect(f"{path}: video", text, "render again", stretch.kind, at, until)


def _rgb(frame: VideoFrame) -> NDArray[np.int16]:
    return np.asarray(frame.planes[0], np.int16)


def _black(pictures: list[NDArray[np.int16]]) -> bool:
    return all(float(np.mean(picture <= _DARK)) >= _SHARE for picture in pictures)


def _frozen(pictures: list[NDArray[np.int16]]) -> bool:
    return all(float(np.mean(np.abs(p - pictures[0]))) <= _STILL for p in pictures[1:])


_SAME = {"black": _black, "frozen": _frozen}
_WORDS = {
    "black": "is black, and that of the timeline is not",
    "frozen": "stands still, and that of the timeline does not",
}
