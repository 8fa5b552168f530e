"""From the plan's nodes to stages that give frames.

Contiguous native nodes (conform, native effects, placing in its plain form) become one
libavfilter graph; sources, solids, Python effects and the sub-pixel form of placing are its
inputs. Whatever shows the same picture in every frame is made once.
"""

from __future__ import annotations

from collections.abc import Iterator

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.backend import RenderContext
from kadr_sdk.effects import FilterSpec
from kadr_sdk.frames import FORMATS, VideoFrame
from kadr_sdk.plan import Call, Conform, Decode, Native, Node, Place, Solid

from kadr_pyav.call_stage import CallStage
from kadr_pyav.conform import conform_filters, convert_filters
from kadr_pyav.decode_stage import DecodeStage
from kadr_pyav.graph import LiveGraph, Recipe, Shape
from kadr_pyav.native import native_filters
from kadr_pyav.overlay import overlay_of
from kadr_pyav.planes import views
from kadr_pyav.pool import ReaderPool
from kadr_pyav.resources import Resources, Stage
from kadr_pyav.shapes import held, shape_of
from kadr_pyav.solid import solid_frame

__all__ = ["GraphStage", "compile_node", "frames_of"]


def compile_node(root: Node, resources: Resources) -> Stage:
    """A stage that gives the frames of a graph of nodes; nothing is opened before the first.

    Raises:
        BackendError: a node that libav cannot carry out; names filter and effect.
    """
    if held(root):
        return _HeldStage(root, resources)
    return _Fusion(resources).stage(root)


def frames_of(root: Node, context: RenderContext, pool: ReaderPool) -> Iterator[VideoFrame]:
    """The frames of a graph as planes, each valid until the next is taken."""
    stage = compile_node(root, Resources(pool, context))
    try:
        for number in range(root.frames):
            context.check()
            yield views(stage.frame(number), stage.shape.color)
    finally:
        stage.close()


class GraphStage:
    """A libavfilter graph over other stages; a jump backwards starts a fresh one."""

    def __init__(self, recipe: Recipe, output: int, shape: Shape, inputs: list[Stage]) -> None:
        self.shape = shape
        self._recipe, self._output, self._inputs = recipe, output, inputs
        self._live: LiveGraph | None = LiveGraph(recipe, output, shape)
        self._last: tuple[int, AvFrame] | None = None

    def frame(self, number: int) -> AvFrame:
        """The frame of that number."""
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        if self._live is None or (self._last is not None and number < self._last[0]):
            self._live = LiveGraph(self._recipe, self._output, self.shape)
        frame = self._live.frame(number, [stage.frame(number) for stage in self._inputs])
        self._last = number, frame
        return frame

    def close(self) -> None:
        """Let the graph go and close the inputs."""
        self._live = self._last = None
        for stage in self._inputs:
            stage.close()


class _HeldStage:
    """One picture for all frames, made at the first and kept without its sources."""

    def __init__(self, root: Node, resources: Resources) -> None:
        self.shape = shape_of(root)
        self._root, self._resources = root, resources
        self._stage = None if isinstance(root, Solid) else _Fusion(resources).stage(root)
        self._frame: AvFrame | None = None

    def frame(self, number: int) -> AvFrame:
        """The picture, with the number as its time."""
        if self._frame is None:
            self._frame = self._make()
        self._frame.pts = number
        return self._frame

    def _make(self) -> AvFrame:
        if isinstance(self._root, Solid):
            return solid_frame(self._root)
        assert self._stage is not None
        frame = self._stage.frame(0)
        self._stage.close()
        return frame

    def close(self) -> None:
        """Let the picture go."""
        self._frame = None
        if self._stage is not None:
            self._stage.close()


class _Fusion:
    """Collects the native nodes around a root into one recipe."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._recipe = Recipe()
        self._inputs: list[Stage] = []

    def stage(self, root: Node) -> Stage:
        end = self._native(root)
        return GraphStage(self._recipe, end, shape_of(root), self._inputs)

    def _add(self, node: Node) -> int:
        """The step that gives a node's frames: held, fused, or another stage's."""
        if held(node):
            return self._input(_HeldStage(node, self._resources))
        return self._native(node)

    def _native(self, node: Node) -> int:
        if isinstance(node, Decode):
            return self._input(DecodeStage(node, self._resources))
        if isinstance(node, Call):
            return self._input(self._call(node))
        if isinstance(node, Conform):
            return self._recipe.chain(self._add(node.input), conform_filters(node, shape_of(node.input)))
        if isinstance(node, Native):
            return self._effect(node)
        if isinstance(node, Place):
            return self._place(node)
        return self._input(_HeldStage(node, self._resources))

    def _input(self, stage: Stage) -> int:
        step = self._recipe.source(stage.shape)
        self._inputs.append(stage)
        return self._recipe.chain(step, (FilterSpec.of("sidedata", mode="delete"),))

    def _effect(self, node: Native) -> int:
        inputs = [self._add(child) for child in node.inputs]
        before, effect = shape_of(node.inputs[0]), f"{node.effect}@{node.version}"
        first, *rest = native_filters(node, before, shape_of(node))
        return self._recipe.chain(self._recipe.filter(inputs, first, effect), rest, effect)

    def _call(self, node: Call) -> CallStage:
        return CallStage(node, [self._readable(child, node) for child in node.inputs], self._resources)

    def _readable(self, child: Node, node: Call) -> Stage:
        """An input in the format that the effect declared, or was planned to get."""
        shape = shape_of(child)
        target = Shape(shape.width, shape.height, node.format, node.color)
        if shape.format == target.format and shape.format in FORMATS:
            return compile_node(child, self._resources)
        fusion = _Fusion(self._resources)
        end = fusion._recipe.chain(fusion._add(child), convert_filters(shape, target))
        return GraphStage(fusion._recipe, end, target, fusion._inputs)

    def _place(self, node: Place) -> int:
        plan = overlay_of(node, shape_of(node.base), shape_of(node.layer))
        if plan is None:
            from kadr_pyav.place import PlaceStage

            base, layer = (compile_node(n, self._resources) for n in (node.base, node.layer))
            return self._input(PlaceStage(node, base, layer))
        if plan.hidden:
            return self._add(node.base)
        layer_step = self._recipe.chain(self._add(node.layer), plan.layer)
        if plan.over is None:
            return layer_step
        return self._recipe.filter((self._add(node.base), layer_step), plan.over, "kadr.place")
