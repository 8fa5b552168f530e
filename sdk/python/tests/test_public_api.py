"""Rules of the SDK itself: names, docstrings, and what an import may pull in."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import kadr_sdk
import pytest

ROOT = Path(kadr_sdk.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(ROOT)], "kadr_sdk."))
LIGHT = (
    "manifest",
    "events",
    "permissions",
    "errors",
    "services",
    "plugin",
    "ids",
    "times",
    "text",
    "hooks",
    "params",
)


def source(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


def declared(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def is_type_variable(node: ast.stmt) -> bool:
    call = getattr(node, "value", None)
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "TypeVar"


def defined(tree: ast.Module) -> set[str]:
    """Public names that a module itself makes (imported ones and type variables left out)."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign) and not is_type_variable(node):
            found |= {t.id for target in node.targets for t in ast.walk(target) if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {name for name in found if not name.startswith("_")}


def order(name: str) -> tuple[object, ...]:
    """Constants, classes, functions; numbers inside names by value (as ruff sorts)."""
    parts = [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.split(r"(\d+)", name)]
    return not name.isupper(), not name[0].isupper(), parts


@pytest.mark.parametrize("module", MODULES)
def test_all_is_sorted_and_whole(module: str) -> None:
    tree = source(module)
    names = declared(tree)
    if names is None:
        assert not defined(tree), "public names without __all__"
        return
    assert names == sorted(names, key=order)
    gathered = {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert defined(tree) <= set(names) <= defined(tree) | gathered


@pytest.mark.parametrize("module", ["kadr_sdk", *MODULES])
def test_everything_public_says_what_it_is(module: str) -> None:
    tree = source(module)
    silent = [] if ast.get_docstring(tree) else [module]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            silent += [node.name] if not ast.get_docstring(node) else []
            silent += [
                f"{node.name}.{item.name}"
                for item in node.body
                if isinstance(item, ast.FunctionDef)
                and not item.name.startswith("_")
                and not ast.get_docstring(item)
            ]
    silent += [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("name", LIGHT)
def test_listing_plugins_waits_for_nothing_heavy(name: str) -> None:
    code = f"import sys, kadr_sdk.{name}; print([m for m in ('numpy', 'pydantic', 'av') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_sdk_imports_nothing_of_ours_and_nothing_undeclared() -> None:
    allowed = {"kadr_sdk", "numpy", "packaging", "pluggy", "pydantic"} | sys.stdlib_module_names
    for module in MODULES:
        for node in ast.walk(source(module)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert {n.partition(".")[0] for n in names} <= allowed, module
