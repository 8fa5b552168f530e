"""The parts of one render: segments by an executor, the sound whole, each made once or reused."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from kadr_sdk.backend import RenderContext
from kadr_sdk.errors import CancelledError, StorageError
from kadr_sdk.events import SegmentEncoded
from kadr_sdk.execution import Crew, Media, PartDone, PartTask, Team
from kadr_sdk.output import Output
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.plan import RenderPlan, Segment, segment_paths, sound_paths
from kadr_sdk.rendering import RenderRequest

from kadr_kernel.render.costs import audio_kind, film_kind, film_work, segment_kinds
from kadr_kernel.render.dispatch import Dispatch
from kadr_kernel.render.job import JobContext, PartContext, Progress
from kadr_kernel.render.making import damage_of, make_part
from kadr_kernel.render.means import Means
from kadr_kernel.render.needs import cost_of, memory_needed
from kadr_kernel.render.reuse import NotedWriter, Part, Reuse
from kadr_kernel.render.sound_making import SoundMaker
from kadr_kernel.render.together import Together

__all__ = ["PartMaker", "executor_of"]

_HERE = "threads"  # of this process


def executor_of(means: Means, request: RenderRequest) -> str:
    """Id of the executor that a request, or the configuration, names.

    Raises:
        NotFoundError: there is none of that name.
    """
    wanted = request.executor or str(means.setting("render.executor") or _HERE)
    return means.catalogue.find("executor", wanted).id


class PartMaker:
    """Makes the parts of a job.

    Args:
        job: its id.
        folder: where parts are made.
        together: shared with the other outputs of the same edit.
    """

    def __init__(
        self,
        job: str,
        means: Means,
        request: RenderRequest,
        context: JobContext,
        reuse: Reuse,
        folder: Path,
        together: Together | None,
    ) -> None:
        self._job = job
        self._means = means
        self._request = request
        self._backend = means.backend()
        self._context = context
        self._publish = context.publish
        self._reuse = reuse
        self._folder = folder
        self._together = together
        self._sound = SoundMaker(means, reuse, folder)
        self._executor = executor_of(means, request)
        self._on_failure = str(means.setting("sandbox.on_failure") or "fail")
        self._made: dict[str, Path] = {}
        self._round = 0
        self._failure: BaseException | None = None
        self._team: Team | None = None

    def make(
        self, plan: RenderPlan, workers: int, *, again: bool = False
    ) -> tuple[list[Path | None], Path | None]:
        """The parts of the pictures, none for a copy, and the part of the sound.

        Args:
            again: the plan replaces one whose parts were made; what is the same is there already.
        """
        self._round += again
        if not plan.film:
            return self._parts(plan, plan.segments, workers)
        sound: list[Path | None] = []

        def make() -> Part:
            masters, mixed = self._parts(plan, plan.segments, workers)
            sound.append(mixed)
            return self._film(plan, [path for path in masters if path])

        film = self._reuse.part("film", plan.film, make)
        if film.origin == "cached":
            self._reuse.found("segment", len(plan.segments))
            self._context.advance(plan.frames)
            sound.append(self._parts(plan, (), 1)[1])
        return [film.path], sound[0]

    def _parts(
        self, plan: RenderPlan, segments: Sequence[Segment], workers: int
    ) -> tuple[list[Path | None], Path | None]:
        wanted = [s for s in segments if s.copy is None and s.hash not in self._made]
        tasks: list[Callable[[], Path]] = [
            # Bound now, not when the loop is over.
            lambda s=segment: self._segment(plan, s)  # type: ignore[misc]
            for segment in wanted
        ]
        sound = plan.audio is not None and plan.audio.hash not in self._made
        if sound:
            # First in line, so that the sound is not what everybody waits for at the end.
            tasks.insert(0, lambda: self._audio(plan))
        executor = self._executor
        if executor != _HERE and all(self._reuse.has("segment", s.hash) for s in wanted):
            executor = _HERE  # nobody need come to make what is there already
        try:
            with closing(self._open_team(plan, workers, executor)) as self._team:
                pool = "cpu" if executor == _HERE else "remote"
                dispatch = Dispatch(self._means.scheduler, self._context.control.cancel, pool)
                slots = min(self._team.slots, len(wanted)) + (1 if sound and wanted else 0)
                done = list(dispatch.run(tasks, slots))
        except BaseException:
            if self._failure is not None:  # the others only tell that they were cancelled by it
                raise self._failure from None
            raise
        finally:
            self._team = None  # it knows this object: a circle would keep the job's files open
        for segment in () if self._round else segments:
            self._counted(segment)
        if sound and plan.audio is not None:
            self._made[plan.audio.hash] = done.pop(0)
        self._made |= {s.hash: path for s, path in zip(wanted, done, strict=True)}
        found = [None if s.copy else self._made[s.hash] for s in segments]
        return found, self._made[plan.audio.hash] if plan.audio is not None else None

    def _film(self, plan: RenderPlan, masters: list[Path]) -> Part:
        """The whole film in one session, from masters."""
        assert plan.output.video is not None
        rate = float(plan.output.video.rate)
        progress = Progress(self._job, 2 * plan.frames, rate, self._publish, "encode")
        context = JobContext(self._context.control, self._means.catalogue, self._publish, progress.advance)
        sink = PartWriter(self._folder / "film.part")
        began = time.monotonic()
        try:
            with ExitStack() as stack:
                parts = [stack.enter_context(PartReader(path)) for path in masters]
                digest = self._backend.encode_film(parts, plan.output, sink, context)
        except BaseException:
            sink.abandon()
            raise
        spent = time.monotonic() - began
        self._means.costs.note([film_kind(plan)], film_work(plan), spent, sink.path.stat().st_size)
        return Part(sink.path, digest)

    def _counted(self, segment: Segment) -> None:
        """A copy is made by the join, which hardly takes time: it counts as done before."""
        if segment.copy is not None:
            self._context.advance(segment.count)
            row = (segment.index, segment.count, segment.copy.bytes, 0.0, segment.hash, "copied")
            self._publish(SegmentEncoded(self._job, *row))

    def _segment(self, plan: RenderPlan, segment: Segment) -> Path:
        began = time.monotonic()
        # A plan made again counts its segments anew, and the progress has counted every frame.
        own = PartContext(self._context, quiet=self._round > 0)
        reads = segment_paths(segment)
        path = self._folder / f"segment-{self._round}-{segment.index:06d}.part"
        span = self._means.tracer.span
        with span("render.segment", job=self._job, segment=segment.index, frames=segment.count):
            part = self._part("segment", segment.hash, lambda: self._encode(plan, segment, path, own), reads)
        if part.origin == "cached":
            own.reused(segment.count, part.warnings)
        self._encoded(plan, segment, part, began)
        return part.path

    def _part(self, kind: str, key: str, make: Callable[[], Part], reads: set[str]) -> Part:
        try:
            return self._reuse.part(kind, key, make, reads)
        except BaseException as error:
            self._stop_others(error)
            raise

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
        done = self._done(task, context)
        made = [Part(p, d, done.warnings) for p, d in zip(paths, done.digests, strict=True)]
        if together is not None:
            for one, part in zip([segment, *(s for _, s in beside)], made, strict=True):
                together.put(one.hash, part)
        return made[0]

    def _done(self, task: PartTask, context: PartContext) -> PartDone:
        """What the team made; what comes from elsewhere is read before it is believed.

        Raises:
            StorageError: parts arrived damaged, and damaged again when they were made anew.
        """
        assert self._team is not None
        done = self._team.run(task, context)
        if self._executor != _HERE and (why := damage_of(task, done)):
            context.warn(f"segment {task.segment.index} arrived damaged and is made again: {why}")
            done = self._team.run(task, PartContext(self._context, quiet=True))
            if why := damage_of(task, done):
                hint = "check the store, or the folder, that the workers share"
                raise StorageError(f"a part arrived damaged twice: {why}", path=task.paths[0], hint=hint)
        return done

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
        return PartTask(self._job, segment, outputs, paths, media, memory, cost, self._on_failure)

    def _open_team(self, plan: RenderPlan, workers: int, executor: str) -> Team:
        """An executor at work.

        Raises:
            NotFoundError: there is no such executor.
        """
        means = self._means
        crew = Crew(
            workers=workers,
            # The sound is made here, whatever it depends on.
            recipe=lambda: means.recipe(all(s.portable for s in plan.segments)),
            here=self._make_here,
            reserve=lambda task: means.scheduler.reserve(task.memory, owner=task.job),
            address=self._request.address or str(means.setting("render.address") or ""),
        )
        team: Team = means.catalogue.load("executor", executor).open(crew)
        return team

    def _make_here(self, task: PartTask, context: RenderContext) -> PartDone:
        assert isinstance(context, PartContext)
        return make_part(self._backend, task, context)

    def _stop_others(self, error: BaseException) -> None:
        """Remember the first failure, and end the others."""
        if self._failure is None and not isinstance(error, CancelledError):
            self._failure = error
        self._context.control.cancel()

    def _encoded(self, plan: RenderPlan, segment: Segment, part: Part, began: float) -> None:
        seconds = round(time.monotonic() - began, 4)
        size = part.path.stat().st_size
        if part.origin == "rendered" and self._together is None:  # else one's time is that of several
            self._means.costs.note(segment_kinds(plan, segment), cost_of(plan, segment), seconds, size)
        row = (segment.index, segment.count, size, seconds, part.digest, part.origin)
        self._publish(SegmentEncoded(self._job, *row))

    def _audio(self, plan: RenderPlan) -> Path:
        assert plan.audio is not None
        began = time.monotonic()
        own = PartContext(self._context, quiet=bool(plan.segments))
        path = self._folder / "audio.part"
        reads = sound_paths(plan.audio)
        part = self._part("audio", plan.audio.hash, lambda: self._mix(plan, path, own), reads)
        if part.origin == "cached":
            own.reused(plan.audio.count, part.warnings)
        elif self._together is None and not self._sound.reused:
            kinds, spent = [audio_kind(plan, plan.audio)], time.monotonic() - began
            self._means.costs.note(kinds, plan.audio.count, spent, part.path.stat().st_size)
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
            mix = self._sound.mix(plan, context)
            digest = self._backend.render_audio(mix, plan.output, sink, context)
        except BaseException:
            sink.abandon()
            raise
        finally:
            self._sound.drop()
        made = Part(path, digest, tuple(context.warnings))
        if together is not None:
            together.put(key, made)
        return made
