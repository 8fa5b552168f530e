"""What an ONNX file declares, read without the runtime, and what is refused before it is loaded.

The message types are those of ``onnx.proto`` (ONNX IR): only the fields that matter here are
read. A file that passes may still be hostile while it runs; for that there is the worker.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from kadr_sdk.errors import ModelError
from kadr_sdk.models import Tensor
from kadr_sdk.text import printable

from kadr_models.wire import WireError, fields, signed, varints

__all__ = ["OnnxFacts", "read_onnx"]

MAX_BYTES = 2 << 30
"""Of a file: protocol buffers end at 2 GiB."""
MAX_TENSOR = 4 << 30
MAX_NODES = 200_000
MAX_DEPTH = 16
MAX_TENSORS = 200_000
_MAX_INPUT = 1 << 28
_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
}
_SIZES = {"float64": 8, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "uint32": 4}
_SIZES |= {"float16": 2, "uint16": 2, "int16": 2}
_HINT = "take the model from its maker again, and compare its sha256"


@dataclass(slots=True)
class OnnxFacts:
    """What a file declares.

    Attributes:
        inputs, outputs: of the graph, inputs without the weights.
        external: names of files beside it that hold weights.
        opset: version of the standard operators.
    """

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    external: tuple[str, ...] = ()
    opset: int = 0
    nodes: int = 0


def read_onnx(path: Path) -> OnnxFacts:
    """The facts of a file that may be loaded.

    Raises:
        ModelError: not an ONNX model, truncated, beyond a limit, or it reaches for files
            outside its folder.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            raise ModelError("the file is empty", path=path, hint=_HINT)
        if size > MAX_BYTES:
            raise ModelError(f"the file has {size} bytes, at most {MAX_BYTES} are taken", path=path)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return _read(mapped, path)
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}", path=path) from error


def _read(mapped: mmap.mmap, path: Path) -> OnnxFacts:
    # The view is let go before the mapping closes; an error's traceback would hold slices of it.
    problem = ""
    facts = OnnxFacts()
    view = memoryview(mapped)
    try:
        facts = _Reader().model(view)
    except (WireError, _RefusedError, UnicodeDecodeError) as error:
        problem = str(error) if isinstance(error, _RefusedError) else f"not a whole ONNX model: {error}"
        error.__traceback__ = None
    finally:
        view.release()
    if problem:
        raise ModelError(printable(problem), path=path, hint=_HINT)
    for name in facts.external:
        target = path.parent / name
        if not target.resolve().is_relative_to(path.parent.resolve()) or not target.is_file():
            raise ModelError(f"its weights {name!r} are not beside it", path=path, hint=_HINT)
    return facts


class _RefusedError(Exception):
    """What is well-formed and not wanted."""


@dataclass(slots=True)
class _Reader:
    """Counts while it reads, so that limits hold for the whole file."""

    nodes: int = 0
    tensors: int = 0
    external: dict[str, None] = field(default_factory=dict)

    def model(self, data: memoryview) -> OnnxFacts:
        graph: memoryview | None = None
        opset = version = 0
        for number, value in fields(data):
            if number == 1 and isinstance(value, int):
                version = value
            elif number == 7 and isinstance(value, memoryview):
                graph = value
            elif number == 8 and isinstance(value, memoryview):
                opset = max(opset, _opset(value))
            elif number == 25 and isinstance(value, memoryview):
                self._function(value)
        if graph is None or not version:
            raise _RefusedError("not an ONNX model: it has no graph")
        inputs, outputs = self._graph(graph, 0)
        for tensor in inputs:
            if math.prod(s or 1 for s in tensor.shape) > _MAX_INPUT:
                raise _RefusedError(f"its input {tensor.name!r} has the shape {list(tensor.shape)}")
        if not inputs or not outputs:
            raise _RefusedError("it has no inputs or no outputs")
        return OnnxFacts(inputs, outputs, tuple(self.external), opset, self.nodes)

    def _function(self, data: memoryview) -> None:
        for number, value in fields(data):
            if number == 7 and isinstance(value, memoryview):
                self._node(value, 1)

    def _graph(self, data: memoryview, depth: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        if depth > MAX_DEPTH:
            raise _RefusedError(f"its graphs are nested deeper than {MAX_DEPTH}")
        inputs: list[Tensor] = []
        outputs: list[Tensor] = []
        weights: set[str] = set()
        for number, value in fields(data):
            if not isinstance(value, memoryview):
                continue
            if number == 1:
                self._node(value, depth)
            elif number == 5:
                weights.add(self._tensor(value))
            elif number == 15:
                for part, inner in fields(value):
                    if part in (1, 2) and isinstance(inner, memoryview):
                        self._tensor(inner)
            elif number in (11, 12):
                (inputs if number == 11 else outputs).append(_value_info(value))
        return tuple(t for t in inputs if t.name not in weights), tuple(outputs)

    def _node(self, data: memoryview, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _RefusedError(f"it has more than {MAX_NODES} nodes")
        for number, value in fields(data):
            if number == 5 and isinstance(value, memoryview):
                self._attribute(value, depth)

    def _attribute(self, data: memoryview, depth: int) -> None:
        for number, value in fields(data):
            if not isinstance(value, memoryview):
                continue
            if number in (5, 10):
                self._tensor(value)
            elif number in (6, 11):
                self._graph(value, depth + 1)
            elif number in (22, 23):
                for part, inner in fields(value):
                    if part in (1, 2) and isinstance(inner, memoryview):
                        self._tensor(inner)

    def _tensor(self, data: memoryview) -> str:
        """Check a tensor of weights; its name."""
        self.tensors += 1
        if self.tensors > MAX_TENSORS:
            raise _RefusedError(f"it has more than {MAX_TENSORS} tensors")
        dims: list[int] = []
        name, kind, outside = "", 0, False
        raw: int | None = None
        external: dict[str, str] = {}
        for number, value in fields(data):
            if number == 1:
                dims += [signed(v) for v in varints(value)]
            elif number == 2 and isinstance(value, int):
                kind = value
            elif number == 8 and isinstance(value, memoryview):
                name = _text(value)
            elif number == 9 and isinstance(value, memoryview):
                raw = len(value)
            elif number == 13 and isinstance(value, memoryview):
                external |= _pair(value)
            elif number == 14:
                outside = value == 1
        self._size(name, dims, kind, None if outside else raw)
        if outside or external:
            self._location(name, external)
        return name

    def _size(self, name: str, dims: list[int], kind: int, raw: int | None) -> None:
        if any(d < 0 for d in dims) or len(dims) > 16:
            raise _RefusedError(f"the tensor {name!r} has the impossible shape {dims[:16]}")
        dtype = _DTYPES.get(kind, "")
        size = math.prod(dims) * _SIZES.get(dtype, 1)
        if size > MAX_TENSOR:
            raise _RefusedError(f"the tensor {name!r} has the shape {dims}, more than {MAX_TENSOR >> 30} GiB")
        if raw is not None and dtype and raw != size:
            raise _RefusedError(f"the tensor {name!r} of shape {dims} needs {size} bytes and has {raw}")

    def _location(self, name: str, external: dict[str, str]) -> None:
        place = external.get("location", "")
        pure = PurePosixPath(place.replace("\\", "/"))
        if not place or pure.name != place or place in (".", "..") or ":" in place or "\0" in place:
            raise _RefusedError(f"the tensor {name!r} lies in {place!r}, outside the model's folder")
        self.external[place] = None


def _opset(data: memoryview) -> int:
    domain, version = "", 0
    for number, value in fields(data):
        if number == 1 and isinstance(value, memoryview):
            domain = _text(value)
        elif number == 2 and isinstance(value, int):
            version = value
    return version if domain in ("", "ai.onnx") else 0


def _value_info(data: memoryview) -> Tensor:
    name, dtype = "", ""
    shape: tuple[int, ...] = ()
    for number, value in fields(data):
        if number == 1 and isinstance(value, memoryview):
            name = _text(value)
        elif number == 2 and isinstance(value, memoryview):
            for part, inner in fields(value):
                if part == 1 and isinstance(inner, memoryview):
                    dtype, shape = _tensor_type(inner)
    return Tensor(name, dtype, shape)


def _tensor_type(data: memoryview) -> tuple[str, tuple[int, ...]]:
    dtype = ""
    shape: tuple[int, ...] = ()
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            dtype = _DTYPES.get(value, "")
        elif number == 2 and isinstance(value, memoryview):
            dims = (inner for part, inner in fields(value) if part == 1 and isinstance(inner, memoryview))
            shape = tuple(_dim(d) for d in dims)
    return dtype, shape


def _dim(data: memoryview) -> int:
    """The size, 0 where it is a name or negative."""
    sizes: Iterator[int] = (signed(v) for n, v in fields(data) if n == 1 and isinstance(v, int))
    return max(next(sizes, 0), 0)


def _pair(data: memoryview) -> dict[str, str]:
    found = {n: _text(v) for n, v in fields(data) if n in (1, 2) and isinstance(v, memoryview)}
    return {found.get(1, ""): found.get(2, "")}


def _text(value: memoryview) -> str:
    return bytes(value[:4096]).decode("utf-8")
