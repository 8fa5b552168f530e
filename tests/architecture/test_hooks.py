"""Every hook is documented with its exact arguments, and tested where the kernel calls it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from kadr_sdk.hooks import PROJECT_NAME, HookSpecs

SPECS = {
    name: list(inspect.signature(value).parameters)[1:]
    for name, value in vars(HookSpecs).items()
    if hasattr(value, f"{PROJECT_NAME}_spec")
}


def test_the_specs_are_found() -> None:
    assert SPECS["choose_encoder"] == ["codec", "available"]
    assert {n for n in vars(HookSpecs) if not n.startswith("_")} == set(SPECS)


def test_names_say_what_a_hook_may() -> None:
    assert [n for n in SPECS if not n.startswith(("before_", "after_", "choose_"))] == []


def test_documented_exactly(root: Path) -> None:
    text = (root / "docs" / "hooks.md").read_text("utf-8")
    titles = re.findall(r"^### `(.*)`\n\n\S", text, re.MULTILINE)
    assert titles == [f"{name}({', '.join(arguments)})" for name, arguments in SPECS.items()]


@pytest.fixture(scope="module")
def tests(python_files: list[Path], parsed: Callable[[Path], ast.Module]) -> set[str]:
    found = [p for p in python_files if p.name.startswith("test_")]
    return {n.name for p in found for n in ast.walk(parsed(p)) if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("hook", SPECS)
def test_every_hook_has_a_test(hook: str, tests: set[str]) -> None:
    assert [name for name in tests if name.startswith(f"test_hook_{hook}_")]


@pytest.mark.parametrize("hook", SPECS)
def test_every_hook_is_called_by_the_kernel(
    hook: str, shipped: list[Path], parsed: Callable[[Path], ast.Module]
) -> None:
    callers = [
        node
        for path in shipped
        if "kadr_kernel" in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and node.args and getattr(node.args[0], "value", None) == hook
    ]
    assert callers, f"nothing calls {hook}"
    for call in callers:
        assert [k.arg for k in call.keywords] == SPECS[hook]
