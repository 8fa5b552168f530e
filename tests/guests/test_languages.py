"""The example in the languages that are quick to build here; CI's step `languages` builds them all."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime
from kadr_author.languages.wasi import without_wasi

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """``sdk/build.py``; its dataclasses look their module up."""
    spec = importlib.util.spec_from_file_location("kadr_sdk_build", SDK / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["c", "cpp", "wat"])
def test_the_example_gives_the_shared_vectors(
    name: str, builder: ModuleType, script: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    language = builder.LANGUAGES[name]
    if lacking := language.missing():
        pytest.skip(f"{lacking} is missing")
    good, words = script("sdk/check.py").checked(
        language, builder, script("sdk/abi/vectors/make.py"), tmp_path
    )
    assert good, words


def test_every_language_has_a_library_an_example_and_a_page(builder: ModuleType) -> None:
    folders = {p.name for p in SDK.iterdir() if p.is_dir()} - {"abi", "python", "__pycache__"}
    assert {language.folder for language in builder.LANGUAGES.values()} == folders
    for language in builder.LANGUAGES.values():
        assert builder.example(language).is_file()
        files = {p.name for p in (SDK / language.folder).iterdir()}
        assert "README.md" in files
        assert any(name.startswith("kadr.") for name in files)


def test_what_cannot_be_built_is_said(
    builder: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert builder.main([str(tmp_path / "glow.pas")]) == 1
    assert "no language ends in '.pas' (there are .c, .cpp" in capsys.readouterr().err
    broken = tmp_path / "broken.wat"
    broken.write_text("(func", "utf-8")
    described = SDK / "abi" / "examples" / "glow.toml"
    with pytest.raises(Exception, match="expected"):
        builder.build(broken, described)


@pytest.fixture
def stub() -> Any:
    return without_wasi


ASKS = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "arguments") (result i32)
    (i32.store (i32.const 8) (i32.const 7)) (i32.store (i32.const 12) (i32.const 7))
    (drop (call $args (i32.const 8) (i32.const 12)))
    (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 12))))
  (func (export "clock") (result i64)
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 16))) (i64.load (i32.const 16)))
  (func (export "write") (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "exit") (call $exit (i32.const 0))))"""


def test_wasi_is_there_and_does_nothing(stub: Any) -> None:
    made = stub(bytes(wasmtime.wat2wasm(ASKS)))
    engine = wasmtime.Engine()
    module, store = wasmtime.Module(engine, made), wasmtime.Store(engine)
    assert not list(module.imports)
    exports = wasmtime.Instance(store, module, []).exports(store)
    assert exports["arguments"](store) == 0
    assert exports["clock"](store) == 1
    assert exports["write"](store) == 8
    with pytest.raises(wasmtime.Trap):
        exports["exit"](store)
    assert stub(made) == made


def test_other_imports_stay_refused(stub: Any) -> None:
    text = '(module (import "env" "open" (func)))'
    with pytest.raises(ValueError, match=r"it imports env\.open, and a guest gets nothing"):
        stub(bytes(wasmtime.wat2wasm(text)))
