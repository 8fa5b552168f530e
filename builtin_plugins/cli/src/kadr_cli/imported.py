"""What an importer gave, fitted into its place: paths of media, their timecodes, the frame size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from kadr_sdk.errors import KadrError
from kadr_sdk.importing import TIMECODED, Imported, ImportNote
from kadr_sdk.times import parse_time

if TYPE_CHECKING:
    from kadr_sdk.media import MediaInfo
    from kadr_sdk.project import Clip, Project, Timeline

__all__ = ["Fitted", "fit"]


@dataclass(slots=True)
class Fitted:
    """The project as it is written, all notes, and the media files that are nowhere."""

    project: Project
    notes: list[ImportNote] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def fit(
    found: Imported,
    foreign: Path,
    output: Path,
    *,
    media: Path | None,
    size: tuple[int, int] | None,
    probe: Callable[[Path], MediaInfo],
) -> Fitted:
    """The project with its media where they are, seen from the output's folder.

    Args:
        foreign: the file that was imported; relative paths in the project count from its folder.
        media: a folder in which files are looked for by name.
        size: of the timeline; None: of the first pictures, where the importer says none.
    """
    return _Fitting(foreign.absolute().parent, output.absolute().parent, media, probe).run(found, size)


class _Fitting:
    def __init__(
        self, source: Path, target: Path, media: Path | None, probe: Callable[[Path], MediaInfo]
    ) -> None:
        self._source, self._target, self._media = source, target, media
        self._probe = probe
        self._paths: dict[str, Path | None] = {}
        self._infos: dict[Path, MediaInfo | None] = {}
        self._notes: list[ImportNote] = []
        self._told: set[Path] = set()

    def run(self, found: Imported, size: tuple[int, int] | None) -> Fitted:
        project = found.project
        timeline = self._timeline(project.timeline)
        sequences = {name: self._timeline(one) for name, one in project.sequences.items()}
        wanted = size or self._size(project)
        if wanted is not None:
            timeline = timeline.model_copy(update={"resolution": wanted})
            sequences = {n: s.model_copy(update={"resolution": wanted}) for n, s in sequences.items()}
        project = project.model_copy(update={"timeline": timeline, "sequences": sequences})
        missing = [text for text, path in self._paths.items() if path is None]
        return Fitted(project, [*found.notes, *self._notes], missing)

    def _timeline(self, timeline: Timeline) -> Timeline:
        tracks = [
            t.model_copy(update={"clips": tuple(self._clip(c) for c in t.clips)}) for t in timeline.tracks
        ]
        return timeline.model_copy(update={"tracks": tuple(tracks)})

    def _clip(self, clip: Clip) -> Clip:
        extensions = dict(clip.extensions)
        timecoded = extensions.pop(TIMECODED, False)
        changes: dict[str, object] = {"extensions": extensions}
        if clip.source_file is not None:
            path = self._path(clip.source_file)
            if path is not None:
                changes["source_file"] = _seen_from(path, self._target)
            if timecoded:
                changes |= self._own_time(clip, path)
        return clip.model_copy(update=changes)

    # -- files -----------------------------------------------------------------------------------

    def _path(self, text: str) -> Path | None:
        if text not in self._paths:
            self._paths[text] = next((p for p in self._places(text) if _is_there(p)), None)
        return self._paths[text]

    def _places(self, text: str) -> Iterator[Path]:
        """Where it says; else by its name, and for a name without an ending by that."""
        yield self._source / text
        name = PureWindowsPath(text).name  # knows both kinds of slashes
        for folder in (self._media, self._source):
            if folder is None or not name:
                continue
            yield folder / name
            if folder is self._media and "." not in name and (found := _by_stem(folder, name)):
                yield found

    def _info(self, path: Path) -> MediaInfo | None:
        if path not in self._infos:
            try:
                self._infos[path] = self._probe(path)
            except KadrError:  # the render will say what is wrong with it
                self._infos[path] = None
        return self._infos[path]

    # -- times and sizes -------------------------------------------------------------------------

    def _own_time(self, clip: Clip, path: Path | None) -> dict[str, object]:
        """Source times from the timecode of the first frame on."""
        begins = self._begins(path) if path is not None else None
        if begins is None or clip.source_start < begins:
            if clip.source_start and path is not None and path not in self._told:
                self._told.add(path)
                text = "its time is taken to begin at 0, as it has no earlier timecode"
                self._notes.append(ImportNote("assumed", path.name, text))
            return {}
        changes: dict[str, object] = {"source_start": clip.source_start - begins}
        if clip.freeze is not None:
            changes["freeze"] = clip.freeze - begins
        return changes

    def _begins(self, path: Path) -> Fraction | None:
        info = self._info(path)
        video = info.main_video if info is not None else None
        if info is None or not info.timecode or video is None or video.rate is None:
            return None
        try:
            return parse_time(info.timecode, video.rate)
        except ValueError:
            return None

    def _size(self, project: Project) -> tuple[int, int] | None:
        if "resolution" in project.timeline.model_fields_set:
            return None
        for track in project.timeline.tracks:
            for clip in track.clips if track.type == "video" else ():
                path = self._paths.get(clip.source_file or "")
                info = self._info(path) if path is not None else None
                if info is not None and (video := info.main_video) is not None:
                    size = (
                        (video.height, video.width) if video.rotation % 180 else (video.width, video.height)
                    )
                    text = f"a frame of {size[0]}x{size[1]}, as its first pictures have"
                    self._notes.append(ImportNote("assumed", "", text))
                    return size
        width, height = project.timeline.resolution
        self._notes.append(ImportNote("assumed", "", f"a frame of {width}x{height}; see --size"))
        return None


def _is_there(path: Path) -> bool:
    if "%" in path.name:  # numbered pictures: the folder has to do
        return os.path.isdir(path.parent)  # noqa: PTH112 - false instead of an error for impossible names
    return os.path.isfile(path)  # noqa: PTH113 - as above


def _by_stem(folder: Path, name: str) -> Path | None:
    """The one file of that name with whatever ending."""
    try:
        found = [p for p in folder.iterdir() if p.stem.lower() == name.lower() and p.is_file()]
    except OSError:
        return None
    return found[0] if len(found) == 1 else None


def _seen_from(path: Path, folder: Path) -> str:
    """Relative where it lies below the folder or beside it, else absolute."""
    absolute = path.absolute()
    try:
        relative = os.path.relpath(absolute, folder)
    except ValueError:  # another drive
        return absolute.as_posix()
    return absolute.as_posix() if relative.startswith(os.path.join("..", "..")) else Path(relative).as_posix()  # noqa: PTH118 - compared as text
