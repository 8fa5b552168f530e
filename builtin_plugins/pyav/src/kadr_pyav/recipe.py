"""A filter graph as plain data: sources and typed filters, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kadr_sdk.color import MATRIX, Color
from kadr_sdk.effects import FilterSpec

from kadr_pyav.avcolor import RANGE

__all__ = ["Recipe", "Shape", "Step", "source_options"]

RATE = 25
"""In a graph, frame ``k`` stands at ``k / 25`` seconds: real time has no part in it."""


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

    @property
    def name(self) -> str:
        """The filter's name."""
        return self.spec.name if self.spec else "buffer"


@dataclass(slots=True)
class Recipe:
    """Steps in order; every step but the output is read by a later one."""

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

    def part(self, output: int) -> tuple[Recipe, list[int]]:
        """Only what one step needs (it comes last), and which of the sources these are."""
        needed = {output}
        for number in range(output, -1, -1):
            if number in needed:
                needed |= set(self.steps[number].inputs)
        order = sorted(needed)
        renumbered = {old: new for new, old in enumerate(order)}
        old_steps = [self.steps[n] for n in order]
        steps = [Step(tuple(renumbered[i] for i in s.inputs), s.spec, s.shape, s.effect) for s in old_steps]
        sources = [n for n, step in enumerate(self.steps) if step.shape is not None]
        return Recipe(steps), [i for i, n in enumerate(sources) if n in needed]

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


def source_options(shape: Shape) -> str:
    """Options of a ``buffer`` source with explicit colour, which ``Graph.add_buffer`` would lose."""
    size = f"video_size={shape.width}x{shape.height}:pix_fmt={shape.format}"
    time = f"time_base=1/{RATE}:frame_rate={RATE}/1:pixel_aspect=1/1"
    return f"{size}:{time}:colorspace={MATRIX[shape.color.matrix]}:range={RANGE[shape.color.range]}"
