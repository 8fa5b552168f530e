"""Films cut to what is seen: ordinary projects, to be changed and rendered as any other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from kadr_sdk.errors import InvalidParameterError, MediaFileError
from kadr_sdk.media import MediaInfo
from kadr_sdk.project import Project, parse_project
from kadr_sdk.times import format_seconds

__all__ = ["cut_project", "project_rate", "relative", "whole_project"]


def project_rate(info: MediaInfo) -> Fraction:
    """The film's own rate; 25 where it has none that a timeline takes."""
    video = info.main_video
    rate = video.rate if video is not None else None
    return rate if rate is not None and 1 <= rate <= 240 else Fraction(25)


def relative(film: Path, project: Path) -> str:
    """How a project file names a film: relative to its folder where the film is below it."""
    film, folder = film.absolute(), project.absolute().parent
    return film.relative_to(folder).as_posix() if film.is_relative_to(folder) else str(film)


def cut_project(info: MediaInfo, source: str, stretches: Sequence[tuple[Fraction, Fraction]]) -> Project:
    """The stretches of a film one after the other.

    Args:
        source: the film, as the project file names it.
        stretches: seconds since the start of the file; whole frames around them are taken.

    Raises:
        InvalidParameterError: there is none.
    """
    rate = project_rate(info)
    clips, at, end = [], 0, 0
    for number, (start, stop) in enumerate(stretches, 1):
        first = max(int(start * rate), end)
        end = ceil(stop * rate) if number < len(stretches) else max(int(stop * rate), first + 1)
        if end <= first:
            continue
        times = {"start_time": at, "source_start": first, "duration": end - first}
        clip: dict[str, Any] = {key: format_seconds(frames / rate) for key, frames in times.items()}
        clips.append(clip | {"id": f"s{number}", "source_file": source})
        at += end - first
    if not clips:
        raise InvalidParameterError("nothing of it is seen, so there is nothing to cut to", path="classes")
    return _project(info, clips)


def whole_project(info: MediaInfo, source: str) -> Project:
    """All of a film.

    Raises:
        MediaFileError: there are no pictures in it.
    """
    if info.main_video is None:
        raise MediaFileError("there are no pictures in it", path=info.path, hint="give a film or a picture")
    return _project(info, [{"id": "film", "source_file": source}])


def _project(info: MediaInfo, clips: list[dict[str, Any]]) -> Project:
    video, rate = info.main_video, project_rate(info)
    assert video is not None  # nothing is seen in sound
    width, height = (max(2, side - side % 2) for side in video.display_size)
    timeline = {
        "fps": f"{rate.numerator}/{rate.denominator}",
        "resolution": [width, height],
        "tracks": [{"id": "film", "clips": clips}],
    }
    return parse_project({"metadata": {"id": "film", "name": Path(info.path).stem}, "timeline": timeline})
