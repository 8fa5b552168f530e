"""The render services that hosts use: open a project, plan it, render it, look at a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from kadr_sdk.backend import Backend
from kadr_sdk.forecast import Forecast
from kadr_sdk.frames import VideoFrame
from kadr_sdk.media import MediaInfo
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import Project
from kadr_sdk.reports import CheckReport, RenderReport

__all__ = ["Control", "ProjectStore", "RenderRequest", "Renderer"]


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """What to render and how; None: as the project says, then as the exporter does.

    Attributes:
        export: id of the one of the project's ``exports`` that is meant; empty: its ``export``.
        output: target path; its extension chooses the exporter unless ``container`` or
            ``preset`` does.
        range: seconds of the timeline, from and to.
        resolution, fps: of the output.
        video, audio: overrides by the names of the project's export fields.
        workers: segments at once; 0: as many as processors and memory allow.
        executor: id of the executor; "": as set up.
        address: of the scheduler that the executor works with; "": as set up.
        verify: ``fast``, ``full`` or ``off``.
        overwrite: an existing target may be replaced.
        cache: finished work of earlier renders is reused, and that of this one is kept.
        purpose: ``export`` or ``preview``: effects are told, and proxies are for previews.
        smart_copy: ``off``; ``auto`` copies the packets of what nothing touches; ``require``
            does so and refuses a project of which more than the ends of clips would be
            encoded. Empty: as the project, else the setting ``render.smart_copy``, says.
        manifest: beside the output is written what it was made of, see :mod:`kadr_sdk.records`.
        digest: sha256 that the output must have to take its name; empty: any.
    """

    output: Path | None = None
    preset: str | None = None
    container: str | None = None
    range: tuple[Fraction, Fraction] | None = None
    resolution: tuple[int, int] | None = None
    fps: Fraction | None = None
    video: Mapping[str, Any] = field(default_factory=dict)
    audio: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 0
    executor: str = ""
    address: str = ""
    verify: str = ""
    overwrite: bool = False
    damage: str = "error"
    cache: bool = True
    purpose: str = "export"
    smart_copy: str = ""
    manifest: bool = False
    digest: str = ""
    export: str = ""


class Control(Protocol):
    """Handle on a running job; usable from any thread."""

    def cancel(self) -> None:
        """Stop within a frame; nothing stands under the final name."""
        ...

    def pause(self) -> None:
        """Hold within a frame."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...


class ProjectStore(Protocol):
    """Project files."""

    def open(self, path: Path) -> Project:
        """Read and check a document; documents of the original shape are converted.

        Raises:
            InvalidPathError: missing or not a file.
            SerializationError, ValidationError: see :func:`kadr_sdk.project.parse_project`.
        """
        ...

    def save(self, project: Project, path: Path) -> None:
        """Write atomically, keeping backups of what stood there.

        Raises:
            StorageError: the old file is untouched.
        """
        ...


class Renderer(Protocol):
    """From a project to pictures. ``base`` is the folder that relative media paths start from."""

    def backend(self) -> Backend:
        """The backend in use.

        Raises:
            DependencyMissingError: none is installed; says which to install.
        """
        ...

    def probe(self, path: Path) -> MediaInfo:
        """What a media file holds, remembered while the kernel runs and the file is unchanged."""
        ...

    def plan(self, project: Project, base: Path, request: RenderRequest) -> RenderPlan:
        """A sealed plan; every problem of project, media and output at once.

        Raises:
            ValidationError: with every problem, before any frame.
        """
        ...

    def forecast(self, plan: RenderPlan, request: RenderRequest) -> Forecast:
        """What a render of a sealed plan would copy, find in the cache and make, and what it takes."""
        ...

    def explain(self, plan: RenderPlan) -> Mapping[str, Any]:
        """What the hashes of a sealed plan depend on, as JSON-ready data.

        ``common``: the number of the meaning of plans, versions of libraries, and the settings of
        the pictures. ``segments``, and ``audio`` (None without sound): each with its ``hash``,
        ``media`` (digest by path), ``code`` (digest by effect), ``processor`` (its class, where
        bytes depend on it) and what is done: ``spans`` or ``copy``, ``mix``.
        """
        ...

    def control(self) -> Control:
        """A new control to pass to :meth:`render`."""
        ...

    def render(
        self, project: Project, base: Path, request: RenderRequest, control: Control | None = None
    ) -> RenderReport:
        """Plan, render, join, verify and put the result under its final name.

        Progress and outcome are events. On any failure nothing stands under the final name
        and what stood there is untouched.

        Raises:
            ValidationError: before any frame.
            InvalidPathError: target exists, is an input, or cannot be written.
            RenderError, ResourceError, CancelledError: while working.
        """
        ...

    def render_all(
        self, project: Project, base: Path, requests: Sequence[RenderRequest], control: Control | None = None
    ) -> tuple[RenderReport, ...]:
        """Several outputs of one edit, as :meth:`render` makes each of them.

        All are planned before the first is begun, so what is wrong with any is said before any
        work. Where the outputs show the same frames in one size and pixel format, these are
        decoded and composed once for all. Each takes its name when it is done: where a later
        one fails, those before it stay.
        """
        ...

    def frame(self, project: Project, base: Path, at: Fraction, scale: float = 1.0) -> VideoFrame:
        """The output frame at a time of the timeline, as RGB (``rgb24``)."""
        ...

    def replay(self, manifest: Path, request: RenderRequest, control: Control | None = None) -> RenderReport:
        """Render once more what a manifest says; the result has the same digest, or there is none.

        Args:
            request: its output, overwriting, workers, cache, verification and manifest count; the
                rest is the manifest's.

        Raises:
            ValidationError: other bytes would come out: with every version and input that differs.
            VerifyError: other bytes came out; nothing was written.
        """
        ...

    def verify(
        self,
        path: Path,
        level: str = "fast",
        project: Project | None = None,
        base: Path | None = None,
        request: RenderRequest | None = None,
    ) -> CheckReport:
        """Check a finished file; every problem is in the report.

        Args:
            level: ``fast`` or ``full``, see :meth:`kadr_sdk.backend.Backend.check`.
            project: what it was made of, with the request that it was made by: its counts, times,
                sound and loudness are then known, what the cache knows of its frames is compared,
                and black or frozen stretches are defects unless the timeline has them.

        Raises:
            ValidationError: the project cannot be rendered.
        """
        ...

    def analyze(
        self, path: Path, name: str, values: Mapping[str, Any], control: Control | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """What an analyzer says of every frame of a media file, in order of time.

        Args:
            name: id or short name of a contribution ``analyzer``.
            values: its parameters by name; files are relative to the working folder.

        Raises:
            NotFoundError, ValidationError: no such analyzer, or wrong parameters; at the first row.
            MediaFileError: no pictures, or damage.
            RenderError: the analyzer failed; names it.
        """
        ...
