"""Models of constant outputs run by the real runtime, and services of plain objects."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from kadr_sdk.models import ModelCard, ModelFile, Preparation, Tensor
from onnx import TensorProto, helper, numpy_helper

CANVAS = 64


class OnnxSession:
    """An ONNX model in memory; satisfies :class:`kadr_sdk.models.ModelSession`."""

    provider = "cpu"
    parallel = 2

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        (given,) = self._session.get_inputs()
        shape = tuple(s if isinstance(s, int) else 0 for s in given.shape)
        self.inputs = (Tensor(given.name, "float32", shape),)
        self.outputs = tuple(Tensor(o.name, "float32", tuple(o.shape)) for o in self._session.get_outputs())
        self.closed = 0
        self.fed: list[Any] = []

    def run(self, feeds: Mapping[str, Any]) -> Sequence[Any]:
        self.fed.append(feeds[self.inputs[0].name])
        found: list[Any] = self._session.run(None, dict(feeds))
        return found

    def close(self) -> None:
        self.closed += 1


def constant_model(outputs: Sequence[Any], shape: Sequence[Any] = (1, 3, CANVAS, CANVAS)) -> bytes:
    """A model that gives these arrays, whatever it sees."""
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, list(shape))
    arrays = [np.asarray(o, np.float32) for o in outputs]
    results = [
        helper.make_tensor_value_info(f"o{n}", TensorProto.FLOAT, a.shape) for n, a in enumerate(arrays)
    ]
    nodes = [
        helper.make_node("Constant", [], [f"o{n}"], value=numpy_helper.from_array(a))
        for n, a in enumerate(arrays)
    ]
    graph = helper.make_graph(nodes, "constant", [given], results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture
def session() -> Callable[..., OnnxSession]:
    """A session of a model that gives these arrays."""
    return lambda *outputs, **kinds: OnnxSession(constant_model(outputs, **kinds))


@pytest.fixture
def card() -> Callable[..., ModelCard]:
    """A card; by default of two classes, for pictures that are centred."""

    def make(**facts: Any) -> ModelCard:
        given: dict[str, Any] = {
            "id": "m",
            "title": "M",
            "task": "detection",
            "license": "MIT",
            "files": (ModelFile("m.onnx", "0" * 64, 1),),
            "preparation": Preparation(),
            "classes": ("cat", "dog"),
        }
        return ModelCard(**given | facts)

    return make


@dataclass
class Done:
    """A task that is carried out when its result is asked for."""

    work: Callable[[], Any]
    cancelled: bool = False

    def result(self, timeout: float | None = None) -> Any:
        return self.work()

    def cancel(self) -> bool:
        self.cancelled = True
        return True


@dataclass
class LazyScheduler:
    """Carries out nothing before it must; remembers what was cancelled."""

    tasks: list[Done] = field(default_factory=list)

    def submit(self, work: Callable[[], Any], **_: Any) -> Done:
        self.tasks.append(Done(work))
        return self.tasks[-1]


@pytest.fixture
def scheduler() -> LazyScheduler:
    return LazyScheduler()


@pytest.fixture(scope="session")
def media() -> Path:
    """Real media."""
    default = Path(__file__).parents[3] / ".." / "shared" / "media"
    folder = Path(os.environ.get("KADR_TEST_MEDIA", default))
    if not (folder / "models").is_dir():
        pytest.skip("no folder of test media; set KADR_TEST_MEDIA")
    return folder
