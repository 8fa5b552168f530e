"""libavfilter graphs: typed nodes in, one frame in and one frame out.

A :class:`Recipe` is plain data; a :class:`LiveGraph` is made from it and can be made again,
so that a jump backwards starts from a fresh graph. Sources are ``buffer`` filters with
explicit colour: PyAV's own ``Graph.add_buffer`` writes none, and every scale or overlay
behind it would take bt709 for bt601 and lose the tags.

In a graph, frame ``k`` stands at ``k / 25`` seconds: whatever varies comes as a run-time
command, so real time has no part in it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import av
import av.logging
from av.filter import Graph
from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER, Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import BackendError

from kadr_pyav.avcolor import RANGE, paint_tags

__all__ = ["LiveGraph", "Recipe", "Shape", "Step", "source_options", "words_of"]

_RATE = 25
_words_lock = threading.Lock()  # libav has one log level for the whole process


@dataclass(frozen=True, slots=True)
class Shape:
    """What the frames on an edge are: size in pixels, FFmpeg's pixel format, colour."""

    width: int
    height: int
    format: str
    color: Color

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.format}"


@dataclass(frozen=True, slots=True)
class Step:
    """A source (``shape``) or a filter (``spec``) over earlier steps.

    Attributes:
        inputs: numbers of the steps it reads.
        effect: id of the effect it belongs to, for messages.
    """

    inputs: tuple[int, ...] = ()
    spec: FilterSpec | None = None
    shape: Shape | None = None
    effect: str = ""


@dataclass(slots=True)
class Recipe:
    """Steps in order; the last one added is not necessarily the output."""

    steps: list[Step] = field(default_factory=list)

    def source(self, shape: Shape) -> int:
        """Add an input of the graph; returns its step number."""
        return self._add(Step(shape=shape))

    def filter(self, inputs: Sequence[int], spec: FilterSpec, effect: str = "") -> int:
        """Add a filter; a step read twice is split by the graph itself."""
        return self._add(Step(tuple(inputs), spec, effect=effect))

    def chain(self, start: int, specs: Sequence[FilterSpec], effect: str = "") -> int:
        """Add filters with one input each, one behind the other."""
        for spec in specs:
            start = self.filter((start,), spec, effect)
        return start

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


class LiveGraph:
    """A configured graph. Not thread-safe; one stage owns it.

    Raises:
        BackendError: libav refuses a filter; names filter and effect, its words in ``data['log']``.
    """

    def __init__(self, recipe: Recipe, output: int, shape: Shape, *, explain: bool = True) -> None:
        self._recipe, self._shape = recipe, shape
        self._explain = explain
        self._graph = Graph()
        self._graph.threads = 1
        self._sources: list[tuple[Any, Color]] = []
        self._commanded: list[tuple[Any, Step, str, tuple[str, ...]]] = []
        self._sent: dict[int, str] = {}
        self._checked = False
        self._links: list[tuple[Any, int, Any, Step]] = []
        self._build(output)

    def _build(self, output: int) -> None:
        steps = self._recipe.steps
        uses = Counter(i for step in steps for i in step.inputs)
        uses[output] += 1
        outlets: dict[int, list[tuple[Any, int]]] = {}
        for number, step in enumerate(steps):
            context = self._add_step(step)
            for pad, source in enumerate(step.inputs):
                self._link(outlets[source].pop(0), context, pad, step)
            outlets[number] = self._outlets(context, uses[number], step)
        sink_step = Step((output,), FilterSpec("format", (("pix_fmts", self._shape.format),)))
        last = self._add_step(sink_step)
        self._link(outlets[output].pop(0), last, 0, steps[output])
        self._sink = self._graph.add("buffersink")
        last.link_to(self._sink)
        self._configure(output)

    def _add_step(self, step: Step) -> Any:
        if step.shape is not None:
            context = self._graph.add("buffer", source_options(step.shape))
            self._sources.append((context, step.shape.color))
            return context
        spec = step.spec
        assert spec is not None
        try:
            context = self._graph.add(spec.name, None, **dict(spec.options))
        except (av.FFmpegError, ValueError) as error:
            raise _refused(spec, step.effect, error, lambda: _alone(spec)) from error
        self._commanded += [(context, step, name, values) for name, values in spec.commands]
        return context

    def _link(self, outlet: tuple[Any, int], context: Any, pad: int, step: Step) -> None:
        source, index = outlet
        try:
            source.link_to(context, index, pad)
        except (av.FFmpegError, ValueError) as error:
            name = step.spec.name if step.spec else "buffer"
            raise _refused(FilterSpec(name), step.effect, error) from error
        self._links.append((source, index, context, step))

    def _outlets(self, context: Any, uses: int, step: Step) -> list[tuple[Any, int]]:
        if uses == 0:
            raise BackendError("a filter graph has an output that nothing reads", filter=str(step.spec))
        if uses == 1:
            return [(context, 0)]
        split = self._graph.add("split", None, outputs=str(uses))
        self._link((context, 0), split, 0, step)
        return [(split, i) for i in range(uses)]

    def _configure(self, output: int) -> None:
        try:
            self._graph.configure()
        except av.FFmpegError as error:
            if not self._explain:
                raise
            log = words_of(lambda: LiveGraph(self._recipe, output, self._shape, explain=False))
            step = self._named_in(log)
            spec = step.spec if step and step.spec else FilterSpec("graph")
            raise _refused(spec, step.effect if step else "", error, log=log) from error
        for source, index, target, step in self._links:
            found = source.outputs[index].linked.context
            if found.name != target.name:
                self._refuse_conversion(found, step)

    def _named_in(self, log: str) -> Step | None:
        filters = [s for s in self._recipe.steps if s.spec is not None]
        return next((s for s in filters if s.spec is not None and f"[{s.spec.name}]" in log), None)

    def _refuse_conversion(self, inserted: Any, step: Step) -> None:
        name = step.spec.name if step.spec else "a source"
        raise BackendError(
            f"{name} of {step.effect or 'the plan'} would need a conversion ({inserted.filter.name}) "
            "that the plan does not name",
            hint="name the pixel format with a `format` node, so that the conversion is exact",
            filter=name,
            effect=step.effect,
            log="",
        )

    def frame(self, number: int, inputs: Sequence[av.VideoFrame]) -> av.VideoFrame:
        """The output for frame ``number``; numbers rise from call to call.

        Raises:
            BackendError: a filter refuses a command or a frame, gives none, or gives two.
        """
        self._command(number)
        for (context, color), frame in zip(self._sources, inputs, strict=True):
            self._push(context, color, frame, number)
        result = self._pull()
        if result is None:
            raise self._miscounted(f"gave no frame for frame {number}")
        if self._pull() is not None:
            raise self._miscounted(f"gave more than one frame for frame {number}")
        if not self._checked:
            self._check(result)
        result.pts = number
        return result

    def _command(self, number: int) -> None:
        for slot, (context, step, name, values) in enumerate(self._commanded):
            value = values[number]
            if self._sent.get(slot) == value:
                continue
            try:
                context.process_command(name, value)
            except av.FFmpegError as error:
                log = words_of(lambda c=context, n=name, v=value: c.process_command(n, v))
                assert step.spec is not None
                raise _refused(step.spec, step.effect, error, log=log, what=f"command {name}={value}") from error
            self._sent[slot] = value

    def _push(self, context: Any, color: Color, frame: av.VideoFrame, number: int) -> None:
        # The graph takes a reference of its own, so the lender's frame keeps its times.
        pts, duration = frame.pts, frame.duration
        paint_tags(frame, color)
        frame.pts, frame.duration = number, 1
        try:
            context.push(frame)
        except av.FFmpegError as error:
            raise self._miscounted(f"refused frame {number}: {error}") from error
        finally:
            frame.pts, frame.duration = pts, duration

    def _pull(self) -> av.VideoFrame | None:
        try:
            return cast(av.VideoFrame, self._sink.pull())
        except av.BlockingIOError:
            return None
        except av.FFmpegError as error:
            raise self._miscounted(f"failed: {error}") from error

    def _miscounted(self, what: str) -> BackendError:
        filters = [s for s in self._recipe.steps if s.spec is not None]
        names = ", ".join(dict.fromkeys(s.spec.name for s in filters if s.spec))
        effects = ", ".join(dict.fromkeys(s.effect for s in filters if s.effect))
        subject = f"the filters {names or 'none'} of {effects or 'the plan'}"
        return BackendError(f"{subject} {what}", filter=names, effect=effects, log="")

    def _check(self, frame: av.VideoFrame) -> None:
        found = f"{frame.width}x{frame.height} {frame.format.name}"
        if found != str(self._shape):
            raise self._miscounted(f"gave {found} where {self._shape} was planned")
        tags = _tags(self._shape.color)
        for name, planned in tags.items():
            tag = int(getattr(frame, name))
            if planned is not None and tag != planned:
                raise self._miscounted(f"gave {name} {tag} where {planned} was planned")
        self._checked = True


def _tags(color: Color) -> dict[str, int | None]:
    known = {
        "colorspace": MATRIX[color.matrix] if color.matrix != "unknown" else None,
        "color_range": RANGE[color.range] if color.range != "unknown" else None,
        "color_primaries": PRIMARIES[color.primaries] if color.primaries != "unknown" else None,
        "color_trc": TRANSFER[color.transfer] if color.transfer != "unknown" else None,
    }
    return dict(known)


def source_options(shape: Shape) -> str:
    """Options of a ``buffer`` source with explicit colour."""
    size = f"video_size={shape.width}x{shape.height}:pix_fmt={shape.format}"
    time = f"time_base=1/{_RATE}:frame_rate={_RATE}/1:pixel_aspect=1/1"
    return f"{size}:{time}:colorspace={MATRIX[shape.color.matrix]}:range={RANGE[shape.color.range]}"


def _alone(spec: FilterSpec) -> None:
    Graph().add(spec.name, None, **dict(spec.options))


def _refused(
    spec: FilterSpec,
    effect: str,
    error: Exception,
    again: Callable[[], object] | None = None,
    *,
    log: str = "",
    what: str = "",
) -> BackendError:
    log = log or (words_of(again) if again else "") or str(error)
    options = ":".join(f"{k}={v}" for k, v in spec.options)
    asked = what or options
    return BackendError(
        f"libav refused the filter {spec.name}{f' ({asked})' if asked else ''} of {effect or 'the plan'}: "
        f"{log.strip().splitlines()[0]}",
        filter=spec.name,
        effect=effect,
        log=log,
    )


def words_of(action: Callable[[], object]) -> str:
    """What libav logs while an action fails again, as ``[filter] words`` lines."""
    with _words_lock:
        level = av.logging.get_level()
        av.logging.set_level(av.logging.ERROR)
        try:
            with av.logging.Capture() as logs:
                try:
                    action()
                except (av.FFmpegError, ValueError):
                    pass
        finally:
            av.logging.set_level(level)
    return "\n".join(f"[{name}] {text.strip()}" for _, name, text in logs)
