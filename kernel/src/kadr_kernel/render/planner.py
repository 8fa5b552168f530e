"""The planner: a project becomes a sealed plan, or every problem at once."""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, zip_longest
from pathlib import Path

from kadr_sdk.backend import Backend
from kadr_sdk.errors import Problem, ValidationError
from kadr_sdk.output import Chapter, Output
from kadr_sdk.plan import Call, Conform, Copy, Decode, Native, RenderPlan, Segment, Span, content_hash, walk
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.services import Catalogue, PluginRow
from kadr_sdk.times import frame_at

from kadr_kernel.render.canvas import TIMELINE_COLORS, Canvas, canvas_for, converted
from kadr_kernel.render.copying import Copier
from kadr_kernel.render.delivery import Delivery, Exporters, deliver, output_of
from kadr_kernel.render.encoders import with_encoders
from kadr_kernel.render.garbage import collected_rarely
from kadr_kernel.render.graph import GraphBuilder
from kadr_kernel.render.layers import LayerBuilder
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.light import conversion, peak_of, prepared_with_light
from kadr_kernel.render.looks import Looks
from kadr_kernel.render.machine import processor_class
from kadr_kernel.render.nested import NestedGraphs
from kadr_kernel.render.nesting import Nesting
from kadr_kernel.render.proxies import Find, with_proxies
from kadr_kernel.render.segments import cut_points
from kadr_kernel.render.sound import audio_plan
from kadr_kernel.render.sound_blocks import BLOCK_RULE, SoundBlock
from kadr_kernel.render.sound_buses import has_sound
from kadr_kernel.render.sound_effects import SoundEffects
from kadr_kernel.render.sound_exact import is_exact
from kadr_kernel.render.timeline import resolve_timeline
from kadr_kernel.render.views import TimelineView

__all__ = ["SEMANTICS", "Planner"]

SEMANTICS = 4
"""Number of the meaning of plans; raised whenever the same plan would give other pictures."""


class Planner:
    """Makes plans. Holds no state of its own between calls.

    Args:
        hook: calls a hook by name with its arguments.
        proxy: finds proxies for previews.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        backend: Callable[[], Backend],
        library: MediaLibrary,
        plugins: Callable[[], list[PluginRow]],
        hook: Callable[..., object] = lambda _name, **_arguments: None,
        proxy: Find = lambda _path, _stream, _scale: None,
    ) -> None:
        self._catalogue = catalogue
        self._backend = backend
        self._library = library
        self._plugins = plugins
        self._hook = hook
        self._proxy = proxy

    @collected_rarely()
    def plan(
        self,
        project: Project,
        base: Path,
        request: RenderRequest,
        *,
        seal: bool = True,
        refused: Collection[Copy] = (),
    ) -> RenderPlan:
        """The plan; with ``seal`` content hashes are computed, which reads all media once.

        Args:
            refused: what must not be copied, because its seams were found to be wrong.

        Raises:
            ValidationError: with every problem.
        """
        problems: list[Problem] = []
        delivery = deliver(project, request, Exporters(self._catalogue), problems)
        fps = delivery.fps if delivery else project.timeline.fps
        nesting = Nesting(project.sequences, project.timeline.fps, fps, {e.id: e for e in project.effects})
        view = resolve_timeline(project.timeline, fps, base, self._library, problems, nesting)
        first, end = _range(project, request, view, problems)
        plan: RenderPlan | None = None
        if delivery is not None:
            plan = self._build(project, base, request, delivery, view, first, end, problems, refused)
        else:
            looks = Looks(self._catalogue, self._backend().capabilities(), base, digest=self._library.digest)
            self._check_only(project, request, looks, view, first, end, problems)
        if problems or plan is None:
            name = project.metadata.name or project.metadata.id
            raise ValidationError(f"the project {name!r} cannot be rendered", _unique(problems))
        if request.purpose == "preview" or (delivery and delivery.preset and delivery.preset.proxies):
            plan = with_proxies(plan, self._proxy, self._library)
        return self.seal(plan) if seal else plan

    def _build(
        self,
        project: Project,
        base: Path,
        request: RenderRequest,
        delivery: Delivery,
        view: TimelineView,
        first: int,
        end: int,
        problems: list[Problem],
        refused: Collection[Copy],
    ) -> RenderPlan | None:
        backend = self._backend()
        capabilities = backend.capabilities()
        shown = (v for t in view.tracks for v in t.clips if t.track.type == "video")
        pictures = any(v.video or v.clip.generator or v.nested for v in shown)
        sound = any(has_sound(t, v) for t in view.tracks for v in t.clips)
        chapters = _chapters(project, first, end, delivery.fps)
        output = output_of(
            delivery, project, pictures=pictures, sound=sound, chapters=chapters, problems=problems
        )
        if output is not None:
            output = with_encoders(output, capabilities.encoders, self._hook, problems)
            _check_size(output, capabilities.max_pixels, problems)
            color = TIMELINE_COLORS[project.timeline.color]
            output = prepared_with_light(output, view, color, backend.prepare, problems)
        looks = Looks(self._catalogue, capabilities, base, request.purpose, self._library.digest)
        segments: tuple[Segment, ...] = ()
        if output is not None and output.video is not None:
            canvas = canvas_for(project.timeline, output.master or output.video, peak_of(view))
            segments = self._segments(
                project, request, output, canvas, looks, view, first, end, problems, refused
            )
        elif output is None:
            self._check_only(project, request, looks, view, first, end, problems)
        audio = None
        if output is not None and output.audio is not None:
            effects = SoundEffects(looks, {e.id: e for e in project.effects}, view.fps, output.audio)
            loudness, damage = delivery.loudness, request.damage
            audio = audio_plan(view, first, end, problems, effects, damage, loudness, sound_only=not pictures)
            if audio is not None:
                exact = is_exact(audio, output.audio, self._library.probe)
                audio = replace(audio, exact=exact)
            output = output if audio else replace(output, audio=None)
        if problems or output is None:
            return None
        return RenderPlan(
            project.metadata.id,
            output,
            end - first,
            segments,
            audio,
            capabilities.name,
            tuple(view.notes) + _notes(segments, output),
            _warnings(view),
            tuple(self.versions(looks.plugins).items()),
            capabilities.versions,
        )

    def _segments(
        self,
        project: Project,
        request: RenderRequest,
        output: Output,
        canvas: Canvas,
        looks: Looks,
        view: TimelineView,
        first: int,
        end: int,
        problems: list[Problem],
        refused: Collection[Copy],
    ) -> tuple[Segment, ...]:
        assert output.video is not None
        graph = self._graph(project, request, canvas, looks, view, first, end)
        graph.check(self._backend().capabilities().blends, problems)
        if problems:
            return ()
        whole = output.video.bitrate and output.master is None
        cuts = [first] if whole else cut_points(graph.stretches(), output.video.rate)
        if output.chunk:
            cuts = list(range(first, end, output.chunk))
        spans = [_delivered(s, output, canvas) for s in graph.spans(cuts)]
        starts = [c - first for c in cuts]
        if request.smart_copy not in ("auto", "require"):
            return tuple(_group(spans, starts, end - first))
        choice = Copier(self._library, self._backend(), output, refused).choose(spans)
        if request.smart_copy == "require":
            problems += choice.refusals(output.video.rate)
        if choice.copies:
            starts = choice.cuts(starts, end - first, output.video.rate)
            spans = [_delivered(s, output, canvas) for s in graph.spans([c + first for c in starts])]
        return tuple(choice.applied(_group(spans, starts, end - first)))

    def _check_only(
        self,
        project: Project,
        request: RenderRequest,
        looks: Looks,
        view: TimelineView,
        first: int,
        end: int,
        problems: list[Problem],
    ) -> None:
        """Effects are checked even where the output is wrong, so that all problems show at once."""
        width, height = project.timeline.resolution
        canvas = Canvas(
            width,
            height,
            "yuv420p",
            TIMELINE_COLORS[project.timeline.color],
            (0.0, 0.0, 0.0, 1.0),
            (width, height),
        )
        graph = self._graph(project, request, canvas, looks, view, first, end)
        graph.check(self._backend().capabilities().blends, problems)

    def _graph(
        self,
        project: Project,
        request: RenderRequest,
        canvas: Canvas,
        looks: Looks,
        view: TimelineView,
        first: int,
        end: int,
    ) -> GraphBuilder:
        pool = {effect.id: effect for effect in project.effects}
        builder = LayerBuilder(canvas, looks, pool, view.fps, request.damage)
        builder.nested = NestedGraphs(builder)
        return GraphBuilder(view, builder, first, end)

    def versions(self, plugins: Iterable[str]) -> dict[str, str]:
        """Of plugins by id, as far as they are here."""
        rows = {row.id: row.manifest for row in self._plugins() if row.manifest is not None}
        return {p: rows[p].version for p in sorted(plugins) if p in rows}

    def seal(self, plan: RenderPlan) -> RenderPlan:
        """The plan with content hashes: media by digest, code, toolchain and output settings."""
        identify = functools.cache(self._library.digest)  # each file is looked at once for a plan
        common = {"semantics": SEMANTICS, "toolchain": plan.toolchain}
        pictures = content_hash(common | {"video": plan.output.master or plan.output.video})
        segments = tuple(
            replace(s, hash=content_hash([pictures, s.spans, s.count, _where(s), *_copied(s)], identify))
            for s in plan.segments
        )
        audio = plan.audio
        if audio is not None:
            where = {} if audio.portable else {"where": processor_class()}
            parts = {"common": common, "audio": audio, "to": plan.output.audio, "blocks": BLOCK_RULE} | where
            sealed = content_hash(parts, identify)
            audio = replace(audio, hash=sealed)
        film = ""
        if plan.output.master is not None and segments:
            film = content_hash(common | {"masters": [s.hash for s in segments], "to": plan.output.video})
        whole = content_hash(
            {"segments": [s.hash for s in segments], "audio": audio and audio.hash, "output": plan.output}
        )
        self._library.save()
        return replace(plan, segments=segments, audio=audio, hash=whole, film=film)

    def block_keys(self, plan: RenderPlan, blocks: Sequence[SoundBlock]) -> tuple[str, ...]:
        """Content hashes of the blocks of a plan's mix, whatever it is encoded as."""
        identify = functools.cache(self._library.digest)
        common = [{"semantics": SEMANTICS, "toolchain": plan.toolchain}, BLOCK_RULE]
        assert plan.audio is not None
        where = "" if plan.audio.portable else processor_class()
        return tuple(content_hash([*common, where, block.plan], identify) for block in blocks)


def _copied(segment: Segment) -> list[Copy]:
    """Nothing for an encoded segment, whose hash is the same whether copying was asked for or not."""
    return [] if segment.copy is None else [segment.copy]


def _where(segment: Segment) -> str:
    """The class of processor, where the segment's bytes depend on it."""
    return "" if segment.portable else processor_class()


def _range(
    project: Project, request: RenderRequest, view: TimelineView, problems: list[Problem]
) -> tuple[int, int]:
    wanted = request.range or project.export.range
    if view.frames == 0 and not problems:
        hint = "add a clip to an enabled track"
        problems.append(Problem("timeline.tracks", "there is nothing to render", hint))
    if wanted is None:
        return 0, view.frames
    first, end = (frame_at(t, view.fps) for t in wanted)
    length = float(Fraction(view.frames) / view.fps)
    if first < 0:
        problems.append(Problem("export.range", "starts before the timeline", "begin at 0 or later"))
    elif end <= first:
        hint = "give the earlier time first, at least a frame before the other"
        problems.append(Problem("export.range", "the range ends before it starts", hint))
    elif view.frames and first >= view.frames:
        problems.append(Problem("export.range", f"starts after the end of the timeline at {length:.3f} s"))
    elif view.frames and end > view.frames:
        problems.append(Problem("export.range", f"ends after the end of the timeline at {length:.3f} s"))
    return first, end


def _check_size(output: Output, limit: int, problems: list[Problem]) -> None:
    video = output.video
    if video is not None and video.width * video.height > limit:
        text = f"the output is {video.width}x{video.height}, more than the limit of {limit} pixels"
        problems.append(Problem("export.resolution", text, "choose a smaller resolution"))


def _delivered(span: Span, output: Output, canvas: Canvas) -> Span:
    """The span with the conversion to the encoder's pixel format, where the canvas is another."""
    encoding = output.master or output.video
    assert encoding is not None
    peak = canvas.peak if canvas.color.high_range and not encoding.color.high_range else 0.0
    root = converted(span.root, encoding.pixel_format, canvas.color, to=encoding.color, peak=peak)
    return span if root is span.root else replace(span, root=root)


def _group(spans: list[Span], cuts: list[int], end: int) -> list[Segment]:
    segments = []
    starts = [s.start for s in spans]
    for index, (a, b) in enumerate(pairwise([*cuts, end])):
        own = tuple(spans[bisect_left(starts, a) : bisect_left(starts, b)])
        portable = all(n.portable for s in own for n in walk(s.root) if isinstance(n, Native | Call))
        segments.append(Segment(index, a, b - a, own, portable))
    return segments


def _chapters(project: Project, first: int, end: int, fps: Fraction) -> tuple[Chapter, ...]:
    """Chapter markers within the range, each lasting to the next."""
    origin, stop = first / fps, end / fps
    marks = sorted((m for m in project.timeline.markers if m.kind == "chapter"), key=lambda m: m.time)
    inside = [m for m in marks if m.time < stop]
    found = []
    for mark, following in zip_longest(inside, inside[1:]):
        start = max(mark.time, origin) - origin
        finish = (following.time if following else stop) - origin
        if finish > start:
            found.append(Chapter(start, finish, mark.name))
    return tuple(found)


def _notes(segments: tuple[Segment, ...], output: Output) -> tuple[Problem, ...]:
    notes: dict[str, Problem] = {}
    for segment in segments:
        for span in segment.spans:
            for node in walk(span.root):
                if isinstance(node, Conform) and isinstance(node.input, Decode):
                    _note_conversion(node, node.input, notes)
    for root in (s.root for segment in segments for s in segment.spans):
        if isinstance(root, Conform) and not isinstance(root.input, Decode) and (text := conversion(root)):
            notes["output"] = Problem("export.video.color", f"the film: {text}")
    if output.master is not None:
        text = "the film is rendered without loss first, and then encoded in one session"
        notes["film"] = Problem("export.video", text)
    elif output.video is not None and output.video.bitrate:
        text = "a bitrate makes the whole film one encoder session, so segments are not rendered apart"
        notes["bitrate"] = Problem("export.video.bitrate", text, "use crf for a faster render")
    return (*notes.values(), *(Problem("export", n) for n in output.notes))


def _note_conversion(node: Conform, source: Decode, notes: dict[str, Problem]) -> None:
    a, b = node.color_from, node.color
    if a.high_range or b.high_range:
        text = conversion(node)
    elif (a.matrix, a.range) != (b.matrix, b.range):
        text = f"converted from {a.matrix} {a.range} to {b.matrix} {b.range}"
    elif a.primaries != b.primaries:
        text = f"converted from primaries of {a.primaries} to {b.primaries}"
    else:
        return
    if text:
        notes.setdefault(source.source.path, Problem(source.source.path, text))


def _warnings(view: TimelineView) -> tuple[Problem, ...]:
    found: dict[str, Problem] = {}
    for clip in view.every_clip():
        if clip.info is None:
            continue
        for warning in clip.info.warnings:
            found.setdefault(f"{clip.file} {warning.message}", warning)
    return tuple(found.values())


def _unique(problems: list[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))
