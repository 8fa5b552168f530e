"""One render from plan to final name: schedule, join, verify."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kadr_sdk.backend import Backend, RenderContext
from kadr_sdk.compliance import Limits, Rule, comply
from kadr_sdk.contributions import ExporterDescriptor
from kadr_sdk.copying import SeamFault
from kadr_sdk.errors import CancelledError, InternalError, InvalidPathError, VerifyError
from kadr_sdk.events import Event, RenderCompleted, RenderPlanned, RenderStarted, SegmentEncoded
from kadr_sdk.execution import Crew, Media, PartDone, PartTask, Recipe, Team
from kadr_sdk.output import Output
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.plan import Copy, RenderPlan, Segment, media_paths, segment_paths
from kadr_sdk.project import Project
from kadr_sdk.rendering import Control, RenderRequest
from kadr_sdk.reports import CheckReport, RenderReport
from kadr_sdk.services import Cache, Catalogue, Scheduler

from kadr_kernel.render.assembly import Assembly
from kadr_kernel.render.delivery import Exporters
from kadr_kernel.render.dispatch import Dispatch
from kadr_kernel.render.job import JobContext, JobControl, PartContext, Progress
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.making import make_part
from kadr_kernel.render.needs import cost_of, disk_needed, memory_needed
from kadr_kernel.render.planner import Planner
from kadr_kernel.render.reuse import NotedWriter, Part, Reuse
from kadr_kernel.render.scratch import job_folder
from kadr_kernel.render.target import Target, check_target, refuse_inputs, tree_digest
from kadr_kernel.render.together import Together

__all__ = ["Means", "RenderJob"]


@dataclass(frozen=True, slots=True)
class Means:
    """What a render works with.

    Attributes:
        publish: takes an event, and the job's id as ``correlation``.
        hook: calls a hook by name with its arguments.
        setting: a value of the configuration by key.
        scratch: folder for the parts of running jobs.
        backend: the backend in use, loaded on first use.
        recipe: of this kernel, for other processes; takes whether the work is portable.
    """

    catalogue: Catalogue
    planner: Planner
    library: MediaLibrary
    scheduler: Scheduler
    cache: Cache
    publish: Callable[..., object]
    hook: Callable[..., object]
    setting: Callable[[str], object]
    scratch: Path
    backend: Callable[[], Backend]
    recipe: Callable[[bool], Recipe]

    def decided(self, request: RenderRequest) -> RenderRequest:
        """The request with what it leaves to the configuration, as far as the plan depends on it."""
        if request.smart_copy:
            return request
        return replace(request, smart_copy=str(self.setting("render.smart_copy") or "off"))


class RenderJob:
    """One render."""

    def __init__(
        self, means: Means, project: Project, request: RenderRequest, control: Control | None
    ) -> None:
        self.id = f"job-{uuid.uuid4().hex[:8]}"
        if control is not None and not isinstance(control, JobControl):
            raise InternalError("a control comes from Renderer.control()")
        self.control = control or JobControl()
        self._means = means
        self._project = project
        self._request = means.decided(request)
        self._backend = means.backend()
        self._reuse = Reuse(means.cache if request.cache else None, self.control.check)
        self._made: dict[str, Path] = {}
        self._refused: set[Copy] = set()
        self._stages: dict[str, float] = {}
        self._loudness: dict[str, float | None] = {}
        self._started = time.monotonic()
        self._failure: BaseException | None = None
        self._together: Together | None = None
        self._on_failure = str(means.setting("sandbox.on_failure") or "fail")
        wanted = request.executor or str(means.setting("render.executor") or "threads")
        self._executor = means.catalogue.find("executor", wanted).id

    def run(self, base: Path) -> RenderReport:
        """Do it all; what was begun is cleaned up where it fails."""
        return self.carry_out(self.plan(base), base)

    def plan(self, base: Path) -> RenderPlan:
        """The plan; what can be refused is refused here."""
        if self._request.output is None:
            raise InvalidPathError("no output is named", hint="add -o FILE")
        self._refuse_early(base, self._request.output)
        with self._stage("plan"):
            return self._plan(base)

    def carry_out(self, plan: RenderPlan, base: Path, together: Together | None = None) -> RenderReport:
        """Make what was planned.

        Args:
            together: shared with the other outputs of the same edit.
        """
        means, request = self._means, self._request
        assert request.output is not None
        self._together = together
        exporter = self._exporter(plan)
        with Target(request.output, overwrite=request.overwrite, many=exporter.many) as target:
            target.refuse_inputs(media_paths(plan))
            target.check_space(disk_needed(plan))
            means.hook("before_render", plan=plan, output=target.path)
            workers = self._workers(plan)
            self._publish(RenderPlanned(self.id, plan.frames, len(plan.segments), float(plan.seconds)))
            self._publish(RenderStarted(self.id, plan.project, str(target.path), plan.frames, workers))
            plan, context, check = self._make(plan, base, exporter, target, workers)
            means.library.require_unchanged(media_paths(plan))
            digest, size = _digest(target)
            self.control.check()
            target.finish()
        report = self._report(plan, target, workers, context, check, digest, size)
        self._publish(RenderCompleted(self.id, report.output, report.frames, report.seconds, report.bytes))
        means.hook("after_render", plan=plan, report=report)
        return report

    def _refuse_early(self, base: Path, output: Path) -> None:
        """What is wrong with the target is said before any media is read."""
        clips = (c for t in self._project.timeline.tracks for c in t.clips)
        refuse_inputs(output.absolute(), (str(base / c.source_file) for c in clips if c.source_file))
        check_target(output.absolute(), overwrite=self._request.overwrite)
        if output.is_dir() and not (output.suffix or self._request.container or self._request.preset):
            raise InvalidPathError("is a folder", path=output, hint="give a file name")

    def _plan(self, base: Path) -> RenderPlan:
        self._means.hook("before_plan", project=self._project)
        return self._planned(base)

    def _planned(self, base: Path) -> RenderPlan:
        return self._means.planner.plan(self._project, base, self._request, refused=self._refused)

    def _publish(self, event: Event) -> None:
        self._means.publish(event, correlation=self.id)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - began
            self._stages[name] = round(self._stages.get(name, 0.0) + spent, 4)

    def _exporter(self, plan: RenderPlan) -> ExporterDescriptor:
        data = dict(self._means.catalogue.describe("exporter", plan.output.exporter))
        return ExporterDescriptor.from_dict(data)

    # -- work ----------------------------------------------------------------------------------

    def _make(
        self, plan: RenderPlan, base: Path, exporter: ExporterDescriptor, target: Target, workers: int
    ) -> tuple[RenderPlan, JobContext, CheckReport | None]:
        progress = self._progress(plan)
        means = self._means
        context = JobContext(self.control, means.catalogue, self._publish, progress.advance, self._on_failure)
        quiet = JobContext(self.control, means.catalogue, self._publish)
        level = self._request.verify or str(means.setting("render.verify"))
        assembly = Assembly(self._backend, means.catalogue, quiet, level, self._stage)
        with job_folder(means.scratch, self.id, target.temporary) as folder, closing(context):
            while True:
                with self._stage("render"):
                    pictures, sound = self._render_all(plan, folder, context, workers)
                    self._loudness = _loudness_of(sound)
                check, faults = assembly.put_together(plan, exporter, pictures, sound, target)
                if not faults:
                    return plan, context, check
                # Ends: each time round there is at least one copy less.
                with self._stage("plan"):
                    plan = self._without(plan, faults, base, context)

    def _without(
        self, plan: RenderPlan, faults: tuple[SeamFault, ...], base: Path, context: JobContext
    ) -> RenderPlan:
        """The plan with faulty copies encoded instead, and a warning for each.

        Raises:
            VerifyError: copying was required.
        """
        for fault in faults:
            copy = plan.segments[fault.segment].copy
            if copy is None:
                raise InternalError(f"segment {fault.segment} is no copy: {fault.message}")
            if self._request.smart_copy == "require":
                hint = "use --smart-copy auto to encode what cannot be copied"
                raise VerifyError(f"a copy does not fit: {fault.message}", path=copy.path, hint=hint)
            self._refused.add(copy)
            context.warn(f"encoded and not copied: {fault.message}", copy.path)
        return self._planned(base)

    def _progress(self, plan: RenderPlan) -> Progress:
        video = plan.output.video
        if video is not None:
            return Progress(self.id, plan.frames, float(video.rate), self._publish)
        assert plan.audio is not None
        return Progress(self.id, plan.audio.count, plan.audio.rate, self._publish, "audio")

    def _render_all(
        self, plan: RenderPlan, folder: Path, context: JobContext, workers: int
    ) -> tuple[list[Path | None], Path | None]:
        """The parts of the pictures, none for a copy, and the part of the sound."""
        if not plan.film:
            return self._render_parts(plan, plan.segments, folder, context, workers)
        sound: list[Path | None] = []

        def make() -> Part:
            masters, mixed = self._render_parts(plan, plan.segments, folder, context, workers)
            sound.append(mixed)
            return self._film(plan, [path for path in masters if path], folder)

        film = self._reuse.part("film", plan.film, make)
        if film.origin == "cached":
            self._reuse.found("segment", len(plan.segments))
            context.advance(plan.frames)
            sound.append(self._render_parts(plan, (), folder, context, 1)[1])
        return [film.path], sound[0]

    def _render_parts(
        self,
        plan: RenderPlan,
        segments: Sequence[Segment],
        folder: Path,
        context: JobContext,
        workers: int,
    ) -> tuple[list[Path | None], Path | None]:
        again = bool(self._refused)  # the progress has counted every frame already
        wanted = [s for s in segments if s.copy is None and s.hash not in self._made]
        tasks: list[Callable[[], Path]] = [
            # Bound now, not when the loop is over.
            lambda s=segment: self._segment(plan, s, folder, context, quiet=again)  # type: ignore[misc]
            for segment in wanted
        ]
        sound = plan.audio is not None and plan.audio.hash not in self._made
        if sound:
            # First in line, so that the sound is not what everybody waits for at the end.
            tasks.insert(0, lambda: self._audio(plan, folder, context))
        try:
            with closing(self._open_team(plan, workers)) as self._team:
                pool = "cpu" if self._executor == "threads" else "remote"
                dispatch = Dispatch(self._means.scheduler, self.control.cancel, pool)
                slots = min(self._team.slots, len(wanted)) + (1 if sound and wanted else 0)
                done = list(dispatch.run(tasks, slots))
        except BaseException:
            if self._failure is not None:  # the others only tell that they were cancelled by it
                raise self._failure from None
            raise
        for segment in () if again else segments:
            self._counted(segment, context)
        if sound and plan.audio is not None:
            self._made[plan.audio.hash] = done.pop(0)
        self._made |= {s.hash: path for s, path in zip(wanted, done, strict=True)}
        found = [None if s.copy else self._made[s.hash] for s in segments]
        return found, self._made[plan.audio.hash] if plan.audio is not None else None

    def _film(self, plan: RenderPlan, masters: list[Path], folder: Path) -> Part:
        """The whole film in one session, from masters."""
        assert plan.output.video is not None
        rate = float(plan.output.video.rate)
        progress = Progress(self.id, 2 * plan.frames, rate, self._publish, "encode")
        context = JobContext(self.control, self._means.catalogue, self._publish, progress.advance)
        sink = PartWriter(folder / "film.part")
        try:
            with ExitStack() as stack:
                parts = [stack.enter_context(PartReader(path)) for path in masters]
                digest = self._backend.encode_film(parts, plan.output, sink, context)
        except BaseException:
            sink.abandon()
            raise
        return Part(sink.path, digest)

    def _counted(self, segment: Segment, context: JobContext) -> None:
        """A copy is made by the join, which hardly takes time: it counts as done before."""
        if segment.copy is not None:
            context.advance(segment.count)
            row = (segment.index, segment.count, segment.copy.bytes, 0.0, segment.hash, "copied")
            self._publish(SegmentEncoded(self.id, *row))

    def _segment(
        self, plan: RenderPlan, segment: Segment, folder: Path, context: JobContext, *, quiet: bool
    ) -> Path:
        began = time.monotonic()
        own = PartContext(context, quiet=quiet)
        # A plan made again counts its segments anew.
        path = folder / f"segment-{len(self._refused)}-{segment.index:06d}.part"
        part = self._reuse.part("segment", segment.hash, lambda: self._encode(plan, segment, path, own))
        if part.origin == "cached":
            own.reused(segment.count, part.warnings)
        self._encoded(segment, part, began)
        return part.path

    def _encode(self, plan: RenderPlan, segment: Segment, path: Path, context: PartContext) -> Part:
        together = self._together
        if together is not None and (part := together.get(segment.hash)) is not None:
            context.reused(segment.count, part.warnings)
            return part
        beside = together.beside(segment) if together else []
        paths = [(together and together.path(segment.hash)) or path]
        paths += [together.path_of(other) for _, other in beside] if together else []
        outputs = (plan.output, *(other.output for other, _ in beside))
        task = self._task(plan, segment, outputs, tuple(paths), beside)
        try:
            done = self._team.run(task, context)
        except BaseException as error:
            self._stop_others(error)
            raise
        made = [Part(p, d, done.warnings) for p, d in zip(paths, done.digests, strict=True)]
        if together is not None:
            for one, part in zip([segment, *(s for _, s in beside)], made, strict=True):
                together.put(one.hash, part)
        return made[0]

    def _task(
        self,
        plan: RenderPlan,
        segment: Segment,
        outputs: tuple[Output, ...],
        paths: tuple[Path, ...],
        beside: list[tuple[RenderPlan, Segment]],
    ) -> PartTask:
        both = [(plan, segment), *beside]
        media = tuple(Media(p, self._means.library.digest(p)) for p in sorted(segment_paths(segment)))
        memory = sum(memory_needed(p, s) for p, s in both)
        cost = sum(cost_of(p, s) for p, s in both)
        return PartTask(self.id, segment, outputs, paths, media, memory, cost, self._on_failure)

    def _open_team(self, plan: RenderPlan, workers: int) -> Team:
        """The executor at work.

        Raises:
            NotFoundError: there is no such executor.
        """
        means = self._means
        executor = means.catalogue.load("executor", self._executor)
        crew = Crew(
            workers=workers,
            recipe=lambda: means.recipe(plan.portable),
            here=self._make_here,
            reserve=lambda task: means.scheduler.reserve(task.memory, owner=task.job),
            address=self._request.address or str(means.setting("render.address") or ""),
        )
        team: Team = executor.open(crew)
        return team

    def _make_here(self, task: PartTask, context: RenderContext) -> PartDone:
        assert isinstance(context, PartContext)
        return make_part(self._backend, task, context)

    def _stop_others(self, error: BaseException) -> None:
        """Remember the first failure, and end the others."""
        if self._failure is None and not isinstance(error, CancelledError):
            self._failure = error
        self.control.cancel()

    def _encoded(self, segment: Segment, part: Part, began: float) -> None:
        seconds = round(time.monotonic() - began, 4)
        size = part.path.stat().st_size
        row = (segment.index, segment.count, size, seconds, part.digest, part.origin)
        self._publish(SegmentEncoded(self.id, *row))

    def _audio(self, plan: RenderPlan, folder: Path, context: JobContext) -> Path:
        assert plan.audio is not None
        own = PartContext(context, quiet=bool(plan.segments))
        path = folder / "audio.part"
        part = self._reuse.part("audio", plan.audio.hash, lambda: self._mix(plan, path, own))
        if part.origin == "cached":
            own.reused(plan.audio.count, part.warnings)
        return part.path

    def _mix(self, plan: RenderPlan, path: Path, context: PartContext) -> Part:
        assert plan.audio is not None
        together, key = self._together, plan.audio.hash
        if together is not None and (part := together.get(key)) is not None:
            context.reused(plan.audio.count, part.warnings)
            return part
        path = (together and together.path(key)) or path
        sink = NotedWriter(path, context)
        try:
            digest = self._backend.render_audio(plan.audio, plan.output, sink, context)
        except BaseException as error:
            self._stop_others(error)
            sink.abandon()
            raise
        made = Part(path, digest, tuple(context.warnings))
        if together is not None:
            together.put(key, made)
        return made

    # -- numbers -------------------------------------------------------------------------------

    def _workers(self, plan: RenderPlan) -> int:
        scheduler = self._means.scheduler
        wanted = self._request.workers or _whole(self._means.setting("render.workers"))
        if not wanted:
            largest = max((memory_needed(plan, s) for s in plan.segments if s.copy is None), default=1)
            wanted = max(1, min(scheduler.cpu_count, scheduler.memory_budget // largest))
        chosen = self._means.hook("choose_workers", plan=plan, suggested=wanted)
        wanted = chosen if isinstance(chosen, int) and chosen > 0 else wanted
        return max(1, min(wanted, sum(s.copy is None for s in plan.segments)))

    def _report(
        self,
        plan: RenderPlan,
        target: Target,
        workers: int,
        context: JobContext,
        check: CheckReport | None,
        digest: str,
        size: int,
    ) -> RenderReport:
        return RenderReport(
            job=self.id,
            output=str(target.path),
            frames=plan.frames if plan.segments else 0,
            duration=float(plan.seconds),
            bytes=size,
            seconds=round(time.monotonic() - self._started, 4),
            workers=workers,
            segments=len(plan.segments),
            digest=digest,
            plan=plan.hash,
            stages=self._stages,
            check=check,
            warnings=plan.warnings + context.warnings,
            reused=self._reuse.count("segment"),
            copied=sum(s.count for s in plan.segments if s.copy is not None),
            guests=context.guests,
            preset=plan.output.preset,
            rules=self._rules(plan, check),
            loudness=self._loudness,
        )

    def _rules(self, plan: RenderPlan, check: CheckReport | None) -> tuple[Rule, ...]:
        """What the preset's platform asks, found in the finished file."""
        if not plan.output.preset or check is None:
            return ()
        preset = Exporters(self._means.catalogue).preset(plan.output.preset)
        # What was measured of the mix stands in for what only decoding it all would tell.
        return comply(Limits.from_dict(preset.limits or {}), {"loudness": self._loudness, **check.facts})


def _loudness_of(sound: Path | None) -> dict[str, float | None]:
    """What was measured of the sound while it was made."""
    if sound is None:
        return {}
    with PartReader(sound) as part:
        found: dict[str, float | None] = part.header.get("facts", {}).get("loudness", {})
    return found


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _digest(target: Target) -> tuple[str, int]:
    """sha256 and size of the result; of a folder, of all files in order of name."""
    if target.many:
        return tree_digest(target.temporary)
    with target.temporary.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), target.temporary.stat().st_size
