"""The renderer: plan, schedule, join, verify, and only then the final name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.backend import Backend
from kadr_sdk.contributions import ExporterDescriptor, LadderExporter
from kadr_sdk.errors import (
    CancelledError,
    DependencyMissingError,
    InternalError,
    InvalidParameterError,
    InvalidPathError,
    KadrError,
    PreviewError,
    ValidationError,
)
from kadr_sdk.events import (
    RenderCancelled,
    RenderFailed,
)
from kadr_sdk.forecast import Forecast
from kadr_sdk.frames import VideoFrame
from kadr_sdk.media import MediaInfo
from kadr_sdk.output import Output
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import Export, Project
from kadr_sdk.rendering import Control, RenderRequest
from kadr_sdk.reports import CheckReport, Expectation, RenderReport
from kadr_sdk.services import Catalogue
from kadr_sdk.times import frame_at

from kadr_kernel.render.analysis import analyze
from kadr_kernel.render.canvas import TIMELINE_COLORS
from kadr_kernel.render.delivery import Exporters
from kadr_kernel.render.explain import explain
from kadr_kernel.render.forecast import forecast
from kadr_kernel.render.job import JobContext, JobControl
from kadr_kernel.render.ladder import exported, ladder_of, render_ladder, rungs
from kadr_kernel.render.manifests import replayed
from kadr_kernel.render.means import Means
from kadr_kernel.render.planner import SEMANTICS
from kadr_kernel.render.scratch import job_folder
from kadr_kernel.render.sound_blocks import sound_blocks
from kadr_kernel.render.together import Together
from kadr_kernel.render.verifying import verify_against, verify_ladder
from kadr_kernel.render.work import RenderJob, workers_of

__all__ = ["KernelRenderer", "default_backend"]


class KernelRenderer:
    """Satisfies :class:`kadr_sdk.rendering.Renderer`."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def backend(self) -> Backend:
        """The backend in use."""
        return self._means.backend()

    def probe(self, path: Path) -> MediaInfo:
        """What a media file holds."""
        return self._means.library.probe(path)

    def control(self) -> Control:
        """A new control."""
        return JobControl()

    def plan(self, project: Project, base: Path, request: RenderRequest) -> RenderPlan:
        """A sealed plan."""
        project, request = exported(project, request)
        self._means.hook("before_plan", project=project)
        return self._means.planner.plan(project, base, self._means.decided(request, project))

    def forecast(self, plan: RenderPlan, request: RenderRequest) -> Forecast:
        """What is there already, and about what the rest takes."""
        means = self._means
        size = means.cache.size if request.cache else _nothing
        return forecast(plan, size, means.costs, workers_of(means, plan, request), self._block_keys)

    def _block_keys(self, plan: RenderPlan) -> tuple[str, ...]:
        blocks = sound_blocks(plan.audio) if plan.audio is not None else ()
        return self._means.planner.block_keys(plan, blocks)

    def explain(self, plan: RenderPlan) -> Mapping[str, Any]:
        """What the hashes of a plan depend on."""
        return explain(plan, self._means.library.digest, SEMANTICS)

    def frame(self, project: Project, base: Path, at: Fraction, scale: float = 1.0) -> VideoFrame:
        """The output frame at a time of the timeline, as RGB; of high dynamic range as SDR shows it."""
        fps = project.timeline.fps
        number = frame_at(at, fps)
        high = TIMELINE_COLORS[project.timeline.color].high_range
        width, height = (max(2, round(side * scale / 2) * 2) for side in project.timeline.resolution)
        request = RenderRequest(
            container="png",
            range=(Fraction(number) / fps, Fraction(number + 1) / fps),
            resolution=(width, height),
            video={"pixel_format": "rgb24"} | ({"color": "bt709"} if high else {}),
            purpose="preview",
        )
        plain = project.model_copy(update={"export": Export()})
        plan = self._frame_plan(plain, base, request, at)
        with closing(JobContext(JobControl(), self._means.catalogue, self._means.publish)) as context:
            root = plan.segments[0].spans[0].root
            with closing(_generator(self._means.backend().frames(root, context))) as frames:
                for frame in frames:
                    return frame.copy()
        raise PreviewError("no frame came out of the graph", timestamp=str(at))

    def replay(self, manifest: Path, request: RenderRequest, control: Control | None = None) -> RenderReport:
        """Render once more what a manifest says."""
        project, base, found = replayed(manifest, request, self._means)
        return self.render(project, base, found, control)

    def verify(
        self,
        path: Path,
        level: str = "fast",
        project: Project | None = None,
        base: Path | None = None,
        request: RenderRequest | None = None,
    ) -> CheckReport:
        """Check a finished file, against its project where it is given."""
        if project is None or base is None:
            return self._means.backend().check(path, Expectation(), level)

        def look(at: Fraction, scale: float) -> VideoFrame:
            return self.frame(project, base, at, scale)

        meant, asked = exported(project, request or RenderRequest())

        def against(path: Path, asked: RenderRequest) -> CheckReport:
            return verify_against(self._means, path, meant, base, asked, level, look)

        ladder = ladder_of(meant, replace(asked, output=path), Exporters(self._means.catalogue))
        return verify_ladder(rungs(ladder, meant, asked), path, against) if ladder else against(path, asked)

    def analyze(
        self, path: Path, name: str, values: Mapping[str, Any], control: Control | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of an analyzer over all frames of a file."""
        means = self._means
        running = control if isinstance(control, JobControl) else JobControl()
        on_failure = str(means.setting("sandbox.on_failure") or "fail")
        with closing(JobContext(running, means.catalogue, means.publish, on_failure=on_failure)) as context:
            yield from analyze(path, name, values, means.catalogue, means.backend(), means.library, context)

    def _frame_plan(self, project: Project, base: Path, request: RenderRequest, at: Fraction) -> RenderPlan:
        try:
            return self._means.planner.plan(project, base, request, seal=False)
        except ValidationError as error:
            if [p.path for p in error.problems] != ["export.range"]:
                raise
            # The range is ours, not the user's: said in his words.
            reason = error.problems[0].message.removeprefix("starts ")
            raise InvalidParameterError(f"no frame at {float(at):g} s: that is {reason}", path="at") from None

    def render(
        self, project: Project, base: Path, request: RenderRequest, control: Control | None = None
    ) -> RenderReport:
        """Plan, render, join, verify and put the result under its final name."""
        project, request = exported(project, request)
        ladder = ladder_of(project, request, Exporters(self._means.catalogue))
        if ladder is not None and request.manifest:
            hint = "render one of its renditions with a manifest"
            raise InvalidParameterError("a ladder has no manifest", path="manifest", hint=hint)
        if ladder is not None and request.output is not None:
            return self._ladder(project, base, request, ladder, control)
        job = RenderJob(self._means, project, request, control)
        with self._telling(job):
            return job.run(base)

    def render_all(
        self, project: Project, base: Path, requests: Sequence[RenderRequest], control: Control | None = None
    ) -> tuple[RenderReport, ...]:
        """Several outputs of one edit; what they share is decoded and composed once."""
        _refuse_twice(requests)
        exporters = Exporters(self._means.catalogue)
        ladders = [r for r in requests if r.output and ladder_of(*exported(project, r), exporters)]
        for request in ladders:  # what would be refused is refused before the first frame of any
            self.plan(project, base, request)
        single = [request for request in requests if request not in ladders]
        made = [report for report, _ in self._together(project, base, single, control)]
        rows = zip(single, made, strict=True)
        found = [(r, self.render(project, base, r, control)) for r in ladders]
        return tuple(report for _, report in sorted([*rows, *found], key=lambda row: requests.index(row[0])))

    def _ladder(
        self,
        project: Project,
        base: Path,
        request: RenderRequest,
        exporter: ExporterDescriptor,
        control: Control | None,
    ) -> RenderReport:
        tied: LadderExporter = self._means.catalogue.load("exporter", exporter.id)
        requests = rungs(exporter, project, request)
        return render_ladder(
            request, requests, tied, lambda found: self._together(project, base, found, control)
        )

    def _together(
        self, project: Project, base: Path, requests: Sequence[RenderRequest], control: Control | None
    ) -> list[tuple[RenderReport, Output]]:
        control = control or self.control()
        jobs = [RenderJob(self._means, *exported(project, request), control) for request in requests]
        plans = []
        for job in jobs:
            with self._telling(job):
                plans.append(job.plan(base))
        with job_folder(self._means.scratch, "together", self._means.scratch / "none") as folder:
            together = Together(plans, folder)
            made = []
            for job, plan in zip(jobs, plans, strict=True):
                with self._telling(job):
                    made.append((job.carry_out(plan, base, together), plan.output))
        return made

    @contextmanager
    def _telling(self, job: RenderJob) -> Iterator[None]:
        """A span around the job, and its end as an event where it does not go well."""
        try:
            with self._means.tracer.span("render", job=job.id):
                yield
        except KeyboardInterrupt:
            job.control.cancel()
            self._means.publish(RenderCancelled(job.id), correlation=job.id)
            raise CancelledError("the render was cancelled") from None
        except CancelledError:
            self._means.publish(RenderCancelled(job.id), correlation=job.id)
            raise
        except Exception as error:
            code = error.code if isinstance(error, KadrError) else InternalError.code
            self._means.publish(RenderFailed(job.id, code, str(error)), correlation=job.id)
            raise


def _nothing(_kind: str, _key: str) -> None:
    """What a render without the cache finds there."""


def _refuse_twice(requests: Sequence[RenderRequest]) -> None:
    seen: set[Path] = set()
    for request in requests:
        path = request.output.absolute() if request.output else None
        if path in seen:
            raise InvalidPathError("is named twice", path=path, hint="give every output a name of its own")
        if path is not None:
            seen.add(path)


def _generator(frames: Iterator[VideoFrame]) -> Generator[VideoFrame, None, None]:
    yield from frames


def default_backend(catalogue: Catalogue) -> Callable[[], Backend]:
    """The preferred backend of the catalogue, loaded on first use."""

    def load() -> Backend:
        rows = catalogue.all("backend")
        if not rows:
            raise DependencyMissingError(
                "no backend is active, so media can be neither read nor written",
                hint="install kadr-pyav, or: kadr plugin enable kadr.pyav",
            )
        backend: Backend = catalogue.load("backend", rows[0].id)
        return backend

    return load
