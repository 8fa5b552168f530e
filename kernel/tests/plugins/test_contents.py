"""What a plugin folder holds: every change shows, and only sources are imported."""

from __future__ import annotations

import importlib
import importlib.util
import os
import py_compile
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kadr_kernel.plugins import contents
from kadr_kernel.plugins.contained import contained_spec
from kadr_kernel.plugins.contents import digest_of
from kadr_sdk.errors import StorageError

links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A package with one below it; forgotten at the end."""
    folder = tmp_path / "folded_x"
    for name, text in {
        "__init__.py": "",
        "plugin.toml": "[plugin]",
        "a.py": "VALUE = 1",
        "inner/__init__.py": "",
        "inner/b.py": "VALUE = 1",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    yield folder
    for name in [n for n in sys.modules if n.partition(".")[0] == "folded_x"]:
        del sys.modules[name]


Change = Callable[[Path], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "a.py").write_text("VALUE = 2", "utf-8"),
        lambda f: (f / "inner" / "b.py").write_text("VALUE = 2", "utf-8"),
        lambda f: (f / "c.py").write_text("", "utf-8"),
        lambda f: (f / "a.py").unlink(),
        lambda f: (f / "a.py").rename(f / "d.py"),
        lambda f: (f / "a.py").rename(f / "inner" / "a.py"),
        lambda f: (f / "guest.wasm").write_bytes(b"\0asm"),
    ],
)
def test_every_change_shows(package: Path, change: Change) -> None:
    before = digest_of(package)
    assert before == digest_of(package)
    change(package)
    assert digest_of(package) != before


def test_the_place_and_compiled_files_do_not(package: Path, tmp_path: Path) -> None:
    before = digest_of(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    assert digest_of(package) == before
    assert digest_of(package.rename(tmp_path / "elsewhere")) == before


def test_names_and_contents_do_not_run_together(tmp_path: Path) -> None:
    for folder, files in (("p", {"ab": "c"}), ("q", {"a": "bc"}), ("r", {"a": "", "b": "c"})):
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text, "utf-8")
    assert len({digest_of(tmp_path / folder) for folder in "pqr"}) == 3


@links
def test_what_a_link_leads_to_counts(package: Path, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "c.py").write_text("VALUE = 1", "utf-8")
    (package / "linked").symlink_to(far)
    before = digest_of(package)
    (far / "c.py").write_text("VALUE = 2", "utf-8")
    assert digest_of(package) != before


@links
def test_circles_pipes_and_loose_ends_are_refused(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "loose").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="cannot be read"):
        digest_of(package)
    (package / "loose").unlink()
    os.mkfifo(package / "pipe")
    with pytest.raises(StorageError, match="no plain file"):
        digest_of(package)
    (package / "pipe").unlink()
    (package / "circle").symlink_to(package)
    monkeypatch.setattr(contents, "MOST_FILES", 100)
    with pytest.raises(StorageError, match="at most 100 files"):
        digest_of(package)


def test_too_much_is_refused_unread(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_BYTES", 10)
    with pytest.raises(StorageError, match="MiB"):
        digest_of(package)


@pytest.mark.parametrize("module", ["a", "inner.b"])
def test_a_compiled_file_is_not_taken_for_its_source(package: Path, module: str) -> None:
    """Forged so that Python would take it: of the source's size and time."""
    source = package / f"{module.replace('.', '/')}.py"
    time = source.stat().st_mtime
    source.write_text("VALUE = 2", "utf-8")
    os.utime(source, (time, time))
    py_compile.compile(str(source), doraise=True)
    source.write_text("VALUE = 1", "utf-8")
    os.utime(source, (time, time))
    spec = contained_spec("folded_x", str(package))
    assert spec is not None
    assert spec.loader is not None
    top = importlib.util.module_from_spec(spec)
    sys.modules["folded_x"] = top
    spec.loader.exec_module(top)
    assert importlib.import_module(f"folded_x.{module}").VALUE == 1


def test_no_compiled_file_is_written(package: Path) -> None:
    spec = contained_spec("folded_x", str(package))
    assert spec is not None
    assert spec.loader is not None
    top = importlib.util.module_from_spec(spec)
    sys.modules["folded_x"] = top
    spec.loader.exec_module(top)
    importlib.import_module("folded_x.inner.b")
    assert not list(package.rglob("__pycache__"))
