"""From the plan's nodes to stages that give frames.

Contiguous native nodes (conform, native effects, placing in its plain form) become one
libavfilter graph; sources, solids, Python effects and the sub-pixel form of placing are its
inputs. Whatever shows the same picture in every frame is made once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.backend import RenderContext
from kadr_sdk.effects import FilterSpec
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Call, Conform, Decode, Montage, Native, Node, Place, Solid

from kadr_pyav.call_stage import CallStage
from kadr_pyav.conform import conform_filters, convert_filters
from kadr_pyav.decode_stage import DecodeStage
from kadr_pyav.graph import LiveGraph
from kadr_pyav.luts import joined_tables
from kadr_pyav.montage import MontageStage
from kadr_pyav.native import native_filters
from kadr_pyav.overlay import layer_format, overlay_of
from kadr_pyav.place import PlaceStage
from kadr_pyav.planes import views
from kadr_pyav.pool import ReaderPool
from kadr_pyav.recipe import Recipe, Shape
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

    def __init__(self, root: Node, resources: Resources, target: Shape | None = None) -> None:
        self.shape = target or shape_of(root)
        self._root = root
        plain = isinstance(root, Solid) and target is None
        self._stage = None if plain else _Fusion(resources).stage(root, self.shape)
        self._frame: AvFrame | None = None

    def frame(self, number: int) -> AvFrame:
        """The picture, with the number as its time."""
        if self._frame is None:
            self._frame = self._make()
        self._frame.pts = number
        return self._frame

    def _make(self) -> AvFrame:
        if self._stage is None:
            assert isinstance(self._root, Solid)
            return solid_frame(self._root)
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

    def stage(self, root: Node, target: Shape | None = None) -> Stage:
        """The stage of a root, converted to another format where one is wanted."""
        shape = shape_of(root)
        end = self._native(root)
        if target is not None:
            end = self._recipe.chain(end, convert_filters(shape, target))
        return GraphStage(self._recipe, end, target or shape, self._inputs)

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
        if isinstance(node, Montage):
            return self._input(MontageStage(node, partial(compile_node, resources=self._resources)))
        return self._input(_HeldStage(node, self._resources))

    def _input(self, stage: Stage) -> int:
        step = self._recipe.source(stage.shape)
        self._inputs.append(stage)
        return self._recipe.chain(step, (FilterSpec.of("sidedata", mode="delete"),))

    def _effect(self, node: Native) -> int:
        node = joined_tables(node)
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
        if shape.format == target.format:
            return compile_node(child, self._resources)
        return self._converted(child, target)

    def _sub_pixel(self, node: Place) -> PlaceStage:
        base, layer = shape_of(node.base), shape_of(node.layer)
        target = Shape(layer.width, layer.height, layer_format(base.format, layer.format), base.color)
        return PlaceStage(node, compile_node(node.base, self._resources), self._converted(node.layer, target))

    def _converted(self, child: Node, target: Shape) -> Stage:
        """A stage of the child in another format and colour; of the child itself where it fits."""
        if not convert_filters(shape_of(child), target):
            return compile_node(child, self._resources)
        if held(child):
            return _HeldStage(child, self._resources, target)
        return _Fusion(self._resources).stage(child, target)

    def _place(self, node: Place) -> int:
        plan = overlay_of(node, shape_of(node.base), shape_of(node.layer))
        if plan is None:
            return self._input(self._sub_pixel(node))
        if plan.hidden:
            return self._add(node.base)
        layer_step = self._recipe.chain(self._add(node.layer), plan.layer)
        if plan.over is None:
            return layer_step
        return self._recipe.filter((self._add(node.base), layer_step), plan.over, "kadr.place")
