"""Tiny models with known outputs, and stores in folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from kadr_models.settings import Settings
from kadr_models.store import FileStore, Means
from kadr_sdk.models import ModelCard, ModelFile
from onnx import TensorProto, helper, save


class Makes:
    """Writes models; every one takes ``x`` float32 [1, 3, 4, 4] and gives ``y``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def model(self, nodes: Sequence[Any], weights: Sequence[Any] = (), name: str = "m.onnx") -> Path:
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 4, 4])
        graph = helper.make_graph(list(nodes), "g", [x], [y], list(weights))
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        path = self.folder / name
        save(made, path)
        return path

    def doubling(self, name: str = "m.onnx") -> Path:
        two = helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])
        return self.model([helper.make_node("Mul", ["x", "two"], ["y"])], [two], name)

    def endless(self) -> Path:
        """A loop of 2^62 turns, each a little work."""
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["go"], ["go_on"]),
                helper.make_node("Mul", ["v", "v"], ["v_out"]),
            ],
            "body",
            [
                helper.make_tensor_value_info("i", TensorProto.INT64, []),
                helper.make_tensor_value_info("go", TensorProto.BOOL, []),
                helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
            ],
            [
                helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
                helper.make_tensor_value_info("v_out", TensorProto.FLOAT, None),
            ],
        )
        turns = helper.make_tensor("turns", TensorProto.INT64, [], [1 << 62])
        yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
        return self.model([helper.make_node("Loop", ["turns", "yes", "x"], ["y"], body=body)], [turns, yes])

    def huge(self) -> Path:
        """A tensor of 64 GiB, made while it runs."""
        shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1 << 17, 1 << 17])
        nodes = [
            helper.make_node("ConstantOfShape", ["shape"], ["big"]),
            helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
            helper.make_node("Add", ["x", "sum"], ["y"]),
        ]
        return self.model(nodes, [shape])


@pytest.fixture
def makes(tmp_path: Path) -> Makes:
    return Makes(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., FileStore]:
    """Makes a store; settings by name."""
    return lambda **settings: FileStore(Settings(tmp_path / "models", **settings), Means(2))


@pytest.fixture
def card() -> Callable[..., ModelCard]:
    """Makes a card without files."""

    def make(name: str = "m", licence: str = "MIT", files: tuple[ModelFile, ...] = ()) -> ModelCard:
        return ModelCard(name, "A model", "detection", licence, files)

    return make
