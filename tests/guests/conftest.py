"""The built-in guests in a runtime, and modules of the repository that are no packages."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.effects import EffectDeclaration

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "builtin_plugins" / "wasm_effects" / "src" / "kadr_wasm_effects"


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """A Python file of the repository as a module."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(path.replace("/", "_")[:-3], ROOT / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """The effect of a built-in guest by its file's name."""
    runtime = CoreRuntime(tmp_path_factory.mktemp("compiled"))
    bound: list[Any] = []

    def load(name: str) -> Any:
        data = tomllib.loads((PACKAGE / "guests" / f"{name}.toml").read_text("utf-8"))
        declaration = EffectDeclaration.from_dict(data)
        code = (PACKAGE / declaration.wasm).read_bytes()
        bound.append(runtime.load(code, declaration, "kadr.wasm_effects").bind("fail"))
        return bound[-1].effect(print)

    yield load
    for one in bound:
        one.close()
    runtime.close()
