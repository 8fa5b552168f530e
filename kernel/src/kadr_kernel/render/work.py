"""One render from plan to final name: schedule, join, verify."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kadr_sdk.compliance import Limits, Rule, comply
from kadr_sdk.contributions import ExporterDescriptor
from kadr_sdk.copying import SeamFault
from kadr_sdk.errors import InternalError, InvalidPathError, VerifyError
from kadr_sdk.events import Event, RenderCompleted, RenderPlanned, RenderStarted
from kadr_sdk.parts import PartReader
from kadr_sdk.plan import Copy, RenderPlan, media_paths
from kadr_sdk.project import Project
from kadr_sdk.rendering import Control, RenderRequest
from kadr_sdk.reports import CheckReport, RenderReport

from kadr_kernel.disk import write_whole
from kadr_kernel.render.assembly import Assembly
from kadr_kernel.render.delivery import Exporters
from kadr_kernel.render.inputs import Inputs
from kadr_kernel.render.job import JobContext, JobControl, Progress
from kadr_kernel.render.manifests import manifest_of, manifest_path
from kadr_kernel.render.means import Means
from kadr_kernel.render.needs import disk_needed, memory_needed
from kadr_kernel.render.parts import PartMaker, executor_of
from kadr_kernel.render.reuse import Reuse
from kadr_kernel.render.scratch import job_folder
from kadr_kernel.render.target import Target, check_target, refuse_inputs, tree_digest
from kadr_kernel.render.together import Together

__all__ = ["RenderJob", "workers_of"]


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
        self._request = means.decided(request, project)
        self._backend = means.backend()
        self._inputs = Inputs(means.library)
        self._reuse = Reuse(means.cache if request.cache else None, self.control.check, self._inputs.require)
        self._refused: set[Copy] = set()
        self._stages: dict[str, float] = {}
        self._loudness: dict[str, float | None] = {}
        self._started = time.monotonic()
        self._on_failure = str(means.setting("sandbox.on_failure") or "fail")
        executor_of(means, request)  # refused before anything is read

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
        exporter = self._exporter(plan)
        with Target(request.output, overwrite=request.overwrite, many=exporter.many) as target:
            target.refuse_inputs(media_paths(plan))
            target.check_space(disk_needed(plan))
            means.hook("before_render", plan=plan, output=target.path)
            workers = workers_of(means, plan, request)
            self._publish(RenderPlanned(self.id, plan.frames, len(plan.segments), float(plan.seconds)))
            self._publish(RenderStarted(self.id, plan.project, str(target.path), plan.frames, workers))
            plan, context, check = self._make(plan, base, exporter, target, workers, together)
            self._inputs.require_all()
            digest, size = _digest(target)
            self._refuse_other(digest)
            self.control.check()
            target.finish()
        self._record(plan, base, digest, size)
        report = self._report(plan, target, workers, context, check, digest, size)
        self._publish(RenderCompleted(self.id, report.output, report.frames, report.seconds, report.bytes))
        means.hook("after_render", plan=plan, report=report)
        return report

    def _refuse_early(self, base: Path, output: Path) -> None:
        """What is wrong with the target is said before any media is read."""
        timelines = (self._project.timeline, *self._project.sequences.values())
        clips = (c for timeline in timelines for t in timeline.tracks for c in t.clips)
        Exporters(self._means.catalogue).refuse_pattern(output)
        refuse_inputs(output.absolute(), (str(base / c.source_file) for c in clips if c.source_file))
        check_target(output.absolute(), overwrite=self._request.overwrite)
        if self._request.manifest:
            check_target(manifest_path(output.absolute()), overwrite=self._request.overwrite)
        if output.is_dir() and not (output.suffix or self._request.container or self._request.preset):
            raise InvalidPathError("is a folder", path=output, hint="give a file name")

    def _refuse_other(self, digest: str) -> None:
        wanted = self._request.digest
        if wanted and digest != wanted:
            text = f"the result has the digest {digest[:16]} instead of {wanted[:16]}"
            hint = "an encoder or effect does not repeat itself; nothing was written"
            raise VerifyError(text, path=self._request.output or "", hint=hint)

    def _record(self, plan: RenderPlan, base: Path, digest: str, size: int) -> None:
        request = self._request
        if request.manifest and request.output is not None:
            made = (digest, size)
            record = manifest_of(plan, self._project, base, request, self._means.library, made)
            write_whole(manifest_path(request.output.absolute()), record.dump())

    def _plan(self, base: Path) -> RenderPlan:
        self._means.hook("before_plan", project=self._project)
        return self._planned(base)

    def _planned(self, base: Path) -> RenderPlan:
        plan = self._means.planner.plan(self._project, base, self._request, refused=self._refused)
        self._inputs.note(plan)
        return plan

    def _publish(self, event: Event) -> None:
        self._means.publish(event, correlation=self.id)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            with self._means.tracer.span(f"render.{name}", job=self.id):
                yield
        finally:
            spent = time.monotonic() - began
            self._stages[name] = round(self._stages.get(name, 0.0) + spent, 4)

    def _exporter(self, plan: RenderPlan) -> ExporterDescriptor:
        data = dict(self._means.catalogue.describe("exporter", plan.output.exporter))
        return ExporterDescriptor.from_dict(data)

    # -- work ----------------------------------------------------------------------------------

    def _make(
        self,
        plan: RenderPlan,
        base: Path,
        exporter: ExporterDescriptor,
        target: Target,
        workers: int,
        together: Together | None,
    ) -> tuple[RenderPlan, JobContext, CheckReport | None]:
        progress = self._progress(plan)
        means = self._means
        context = JobContext(self.control, means.catalogue, self._publish, progress.advance, self._on_failure)
        quiet = JobContext(self.control, means.catalogue, self._publish)
        level = self._request.verify or str(means.setting("render.verify"))
        assembly = Assembly(self._backend, means.catalogue, quiet, level, self._stage)
        with job_folder(means.scratch, self.id, target.temporary) as folder, closing(context):
            maker = PartMaker(self.id, means, self._request, context, self._reuse, folder, together)
            while True:
                with self._stage("render"):
                    pictures, sound = maker.make(plan, workers, again=bool(self._refused))
                    self._loudness = _loudness_of(sound)
                check, faults = assembly.put_together(plan, exporter, pictures, sound, target)
                if not faults:
                    means.costs.save()
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

    # -- numbers -------------------------------------------------------------------------------

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
            encoded=plan.encoded,
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


def workers_of(means: Means, plan: RenderPlan, request: RenderRequest) -> int:
    """Segments at once: as asked for, configured, or as processors and memory allow; the hook decides."""
    scheduler = means.scheduler
    wanted = request.workers or _whole(means.setting("render.workers"))
    if not wanted:
        largest = max((memory_needed(plan, s) for s in plan.segments if s.copy is None), default=1)
        wanted = max(1, min(scheduler.cpu_count, scheduler.memory_budget // largest))
    chosen = means.hook("choose_workers", plan=plan, suggested=wanted)
    wanted = chosen if isinstance(chosen, int) and chosen > 0 else wanted
    return max(1, min(wanted, sum(s.copy is None for s in plan.segments)))


def _loudness_of(sound: Path | None) -> dict[str, float | None]:
    """What was measured of the sound while it was made."""
    if sound is None:
        return {}
    found: dict[str, float | None] = PartReader(sound).facts.get("loudness", {})
    return found


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _digest(target: Target) -> tuple[str, int]:
    """sha256 and size of the result; of a folder, of all files in order of name."""
    if target.many:
        return tree_digest(target.temporary)
    with target.temporary.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), target.temporary.stat().st_size
