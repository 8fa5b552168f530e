"""libavfilter graphs: typed nodes in, one frame in and one frame out.

A :class:`LiveGraph` is made from a :class:`~kadr_pyav.recipe.Recipe` and can be made again,
so that a jump backwards starts from a fresh graph. It runs in the caller's thread alone.
Whatever varies over time comes as a run-time command before its frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import av
from av.filter import Graph
from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER, UNKNOWN, Color
from kadr_sdk.errors import BackendError

from kadr_pyav.avcolor import RANGE, paint_tags
from kadr_pyav.recipe import Recipe, Shape, Step, source_options
from kadr_pyav.refusal import refused, words_of

__all__ = ["LiveGraph"]


class LiveGraph:
    """A configured graph. Not thread-safe; one stage owns it.

    Args:
        output: the step that gives the frames.
        shape: what they must be; None only for finding out who miscounts.

    Raises:
        BackendError: libav refuses a filter; names filter and effect, its words in ``data['log']``.
    """

    def __init__(self, recipe: Recipe, output: int, shape: Shape | None) -> None:
        self._recipe, self._shape = recipe, shape
        self._graph = Graph()
        self._graph.threads = 1
        self._sources: list[tuple[Any, Color]] = []
        self._commanded: list[tuple[Any, Step, str, tuple[str, ...]]] = []
        self._sent: dict[int, str] = {}
        self._checked = shape is None
        self._links: list[tuple[Any, int, Any, Step]] = []
        self._build(output)
        self._configure(output)

    # -- building ----------------------------------------------------------------------------

    def _build(self, output: int) -> None:
        steps = self._recipe.steps
        uses = Counter(i for step in steps for i in step.inputs)
        uses[output] += 1
        outlets: dict[int, list[tuple[Any, int]]] = {}
        for number, step in enumerate(steps):
            context = self._add(step, number)
            for pad, source in enumerate(step.inputs):
                self._link(outlets[source].pop(0), context, pad, step)
            outlets[number] = self._outlets(context, uses[number], step)
        self._end(outlets[output].pop(0), steps[output])

    def _end(self, outlet: tuple[Any, int], step: Step) -> None:
        self._sink = self._graph.add("buffersink")
        last = self._sink
        if self._shape is not None:
            last = self._graph.add("format", None, pix_fmts=self._shape.format)
            last.link_to(self._sink)
        self._link(outlet, last, 0, step)

    def _add(self, step: Step, number: int) -> Any:
        if step.shape is not None:
            context = self._graph.add("buffer", source_options(step.shape))
            self._sources.append((context, step.shape.color))
            return context
        assert step.spec is not None
        options = dict(step.spec.options)
        try:
            context = self._graph.add(step.name, None, **options, name=_label(step, number))
        except (av.FFmpegError, ValueError) as error:
            log = words_of(lambda: Graph().add(step.name, None, **options))
            raise refused(step, error, log) from error
        self._commanded += [(context, step, name, values) for name, values in step.spec.commands]
        return context

    def _link(self, outlet: tuple[Any, int], context: Any, pad: int, step: Step) -> None:
        source, index = outlet
        try:
            source.link_to(context, index, pad)
        except (av.FFmpegError, ValueError) as error:
            raise refused(step, error, f"it has no input number {pad}") from error
        self._links.append((source, index, context, step))

    def _outlets(self, context: Any, uses: int, step: Step) -> list[tuple[Any, int]]:
        if uses <= 1:
            return [(context, 0)] * uses
        split = self._graph.add("split", None, outputs=str(uses))
        self._link((context, 0), split, 0, step)
        return [(split, i) for i in range(uses)]

    def _configure(self, output: int) -> None:
        try:
            self._graph.configure()
        except av.FFmpegError as error:
            log = words_of(partial(_configure_again, self._recipe, output))
            step = self._named_in(log) or self._recipe.steps[output]
            raise refused(step, error, log) from error
        for source, index, target, step in self._links:
            found = source.outputs[index].linked.context
            if found.name != target.name:
                raise _converting(found.filter.name, step)

    def _named_in(self, log: str) -> Step | None:
        steps = [(n, s) for n, s in enumerate(self._recipe.steps) if s.spec is not None]
        return next((s for n, s in steps if f"[{_label(s, n)}]" in log), None)

    # -- running -----------------------------------------------------------------------------

    def frame(self, number: int, inputs: Sequence[av.VideoFrame]) -> av.VideoFrame:
        """The output for frame ``number``; numbers rise from call to call.

        Raises:
            BackendError: a filter refuses a command or a frame, gives none, or gives two.
        """
        found = self.feed(number, inputs)
        if len(found) != 1:
            given = "no frame" if not found else "more than one frame"
            raise self._blamed(f"gave {given} for frame {number}", self._miscounting(inputs))
        if not self._checked:
            self._check(found[0])
        return self._stamped(found[0], number)

    def feed(self, number: int, inputs: Sequence[av.VideoFrame]) -> list[av.VideoFrame]:
        """Whatever comes out for a frame."""
        self._command(number)
        for (context, color), frame in zip(self._sources, inputs, strict=True):
            self._push(context, color, frame, number)
        found: list[av.VideoFrame] = []
        try:
            while len(found) < 2:
                found.append(cast(av.VideoFrame, self._sink.pull()))
        except (av.BlockingIOError, av.EOFError):
            pass
        except av.FFmpegError as error:
            raise self._blamed(f"failed at frame {number}: {error}") from error
        return found

    def _command(self, number: int) -> None:
        for slot, (context, step, name, values) in enumerate(self._commanded):
            value = values[number]
            if self._sent.get(slot) == value:
                continue
            command = partial(context.process_command, name, value)
            try:
                command()
            except av.FFmpegError as error:
                raise refused(step, error, words_of(command), f"command {name}={value}") from error
            self._sent[slot] = value

    def _push(self, context: Any, color: Color, frame: av.VideoFrame, number: int) -> None:
        # The graph takes a reference of its own, so the lender's frame keeps its times.
        pts, duration = frame.pts, frame.duration
        paint_tags(frame, color)
        frame.pts, frame.duration = number, 1
        try:
            context.push(frame)
        except av.FFmpegError as error:
            raise self._blamed(f"refused frame {number}: {error}") from error
        finally:
            frame.pts, frame.duration = pts, duration

    def _stamped(self, frame: av.VideoFrame, number: int) -> av.VideoFrame:
        """Some filters (mix) leave tags out; what they leave out is what was planned."""
        if self._shape is not None and self._shape.color != UNKNOWN:
            paint_tags(frame, self._shape.color)
        frame.pts = number
        return frame

    def _check(self, frame: av.VideoFrame) -> None:
        assert self._shape is not None
        found = f"{frame.width}x{frame.height} {frame.format.name}"
        if found != str(self._shape):
            raise self._blamed(f"gave {found} where {self._shape} was planned")
        for name, (planned, unknown) in _tags(self._shape.color).items():
            tag = int(getattr(frame, name))
            if unknown not in (planned, tag) and tag != planned:
                raise self._blamed(f"gave {name} {tag} where {planned} was planned")
        self._checked = True

    # -- who did it --------------------------------------------------------------------------

    def _miscounting(self, inputs: Sequence[av.VideoFrame]) -> Step | None:
        """The first filter that does not give one frame for one, tried with these pictures."""
        for number, step in enumerate(self._recipe.steps):
            if step.spec is None:
                continue
            recipe, used = self._recipe.part(number)
            try:
                trial = LiveGraph(recipe, len(recipe.steps) - 1, None)
                counts = [len(trial.feed(k, [inputs[i] for i in used])) for k in range(3)]
            except BackendError:
                return step
            if counts != [1, 1, 1]:
                return step
        return None

    def _blamed(self, what: str, step: Step | None = None) -> BackendError:
        suspects = [step] if step else [s for s in self._recipe.steps if s.spec and s.effect]
        names = ", ".join(dict.fromkeys(s.name for s in suspects)) or "graph"
        effects = ", ".join(dict.fromkeys(s.effect for s in suspects if s.effect))
        message = f"the filter {names} of {effects or 'the plan'} {what}"
        return BackendError(message, filter=names, effect=effects, log="")


def _label(step: Step, number: int) -> str:
    return f"{step.name}.{number}"


def _configure_again(recipe: Recipe, output: int) -> None:
    """Build once more, without explaining, for libav to say what is wrong."""
    graph = LiveGraph.__new__(LiveGraph)
    graph._recipe, graph._shape, graph._graph = recipe, None, Graph()
    graph._sources, graph._commanded, graph._links = [], [], []
    graph._build(output)
    graph._graph.configure()


def _converting(inserted: str, step: Step) -> BackendError:
    return BackendError(
        f"{step.name} of {step.effect or 'the plan'} would need a conversion ({inserted}) "
        "that the plan does not name",
        hint="name the pixel format with a `format` node, so that the conversion is exact",
        filter=step.name,
        effect=step.effect,
        log="",
    )


def _tags(color: Color) -> dict[str, tuple[int, int]]:
    """Planned number and the number for unknown of every tag."""
    return {
        "colorspace": (MATRIX[color.matrix], MATRIX["unknown"]),
        "color_range": (RANGE[color.range], RANGE["unknown"]),
        "color_primaries": (PRIMARIES[color.primaries], PRIMARIES["unknown"]),
        "color_trc": (TRANSFER[color.transfer], TRANSFER["unknown"]),
    }
